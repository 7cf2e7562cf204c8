import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { allocBytes, bytesOf } from "../shared/bytes.ts";
import { TransportError } from "./errors.ts";
import type { TransportErrorCode } from "./errors.ts";
import { TcpRelay } from "./testing/tcp-relay.ts";
import { at, dialler, identity, optionsOf, testLimits, TestNode, until } from "./testing/tcp-nodes.ts";
import type { TcpPeer, TcpTransportOptions } from "./tcp-options.ts";
import { TcpTransport } from "./tcp-transport.ts";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startNode(
  self: number,
  peers: readonly TcpPeer[],
  more?: Partial<TcpTransportOptions>,
): Promise<TestNode> {
  const node = await new TestNode(self, peers, more).start();
  cleanups.push(async () => node.transport.close());
  return node;
}

async function openRelay(targetPort: () => number): Promise<TcpRelay> {
  const relay = await TcpRelay.open(targetPort);
  cleanups.push(async () => relay.close());
  return relay;
}

const LOW = 1;
const HIGH = 257;

describe("two nodes that do not belong together name the reason on both sides, and say it once", () => {
  const cases: [TransportErrorCode, Partial<TcpTransportOptions>][] = [
    ["VERSION_MISMATCH", { identity: { ...identity, protocolVersion: 2 } }],
    ["SECRET_MISMATCH", { secret: "another" }],
    ["SECRET_MISMATCH", { secret: "" }],
    ["CLUSTER_MISMATCH", { identity: { ...identity, cluster: "another" } }],
    ["PARTITIONS_MISMATCH", { identity: { ...identity, partitions: 8 } }],
    ["CONFIG_MISMATCH", { identity: { ...identity, configDigest: "d2" } }],
    ["WRONG_NODE", { self: HIGH + 1 }],
    ["UNKNOWN_PEER", { peers: [dialler(2)] }],
  ];
  for (const [code, wrong] of cases) {
    it(`${code} when the acceptor has ${JSON.stringify(wrong)}`, async () => {
      const high = await startNode(HIGH, [dialler(LOW)], wrong);
      const low = await startNode(LOW, [at(HIGH, high.port)]);
      await until(() => high.transport.stats().accepted >= 4);
      await until(() => low.lastError(HIGH) !== "" && high.transport.stats().refused.size > 0);
      expect(low.lastError(HIGH)).toMatch(new RegExp(`^${code} `, "u"));
      expect([...high.transport.stats().refused.keys()]).toEqual([code]);
      if (code !== "UNKNOWN_PEER") expect(high.lastError(LOW)).toMatch(new RegExp(`^${code} `, "u"));
      expect([...low.events, ...high.events]).toEqual([]);
      for (const { log } of [low, high]) {
        expect(log.filter((entry) => entry.level === "warn").map((entry) => entry.code)).toEqual([code]);
      }
    });
  }

  it("says so again when the reason changes, and when the link is up", async () => {
    const relay = await openRelay(() => port);
    const wrong = await startNode(HIGH, [dialler(LOW)], { secret: "another" });
    let port = wrong.port;
    const low = await startNode(LOW, [at(HIGH, relay.port)]);
    await until(() => low.lastError(HIGH).startsWith("SECRET_MISMATCH"));
    const other = await startNode(HIGH, [dialler(LOW)], { identity: { ...identity, cluster: "another" } });
    port = other.port;
    await until(() => low.lastError(HIGH).startsWith("CLUSTER_MISMATCH"));
    const right = await startNode(HIGH, [dialler(LOW)]);
    port = right.port;
    await until(() => low.isUp(HIGH));
    const said = low.log.filter((entry) => entry.event !== "listening").map((entry) => entry.code ?? entry.event);
    expect(said).toEqual(["SECRET_MISMATCH", "CLUSTER_MISMATCH", "link-up"]);
    expect(low.lastError(HIGH)).toBe("");
  });
});

describe("a node that comes back", () => {
  it("is connected again when its process is a new one, at once and under its new incarnation", async () => {
    let port = 0;
    const relay = await openRelay(() => port);
    const first = await startNode(HIGH, [dialler(LOW)]);
    ({ port } = first);
    const low = await startNode(LOW, [at(HIGH, relay.port)]);
    await until(() => low.isUp(HIGH));
    relay.sever();
    await first.transport.close();
    const second = await startNode(HIGH, [dialler(LOW)], { incarnation: 2 });
    ({ port } = second);
    await until(() => low.isUp(HIGH) && second.isUp(LOW));
    low.transport.send(HIGH, bytesOf("hello again"), 11);
    await until(() => second.frames.length === 1);
    expect(low.log.at(-1)?.message).toContain("incarnation 2");
  });

  it("replaces the link that is still believed to be up", async () => {
    const high = await startNode(HIGH, [dialler(LOW)]);
    const relay = await openRelay(() => high.port);
    const first = await startNode(LOW, [at(HIGH, relay.port)]);
    await until(() => high.isUp(LOW));
    // Its machine is gone without a word: nothing more passes in either direction.
    relay.swallowing = true;
    const second = await startNode(LOW, [at(HIGH, high.port)], { incarnation: 2 });
    await until(() => second.isUp(HIGH) && high.events.length === 3);
    expect(high.events).toEqual([`up ${LOW}`, `down ${LOW} LINK_REPLACED`, `up ${LOW}`]);
    expect(high.isUp(LOW)).toBe(true);
    await first.transport.close();
    second.transport.send(HIGH, bytesOf("mine"), 4);
    await until(() => high.frames.length === 1);
    expect(high.events).toHaveLength(3);
  });

  it("is refused while a newer process of the same node has the link", async () => {
    const high = await startNode(HIGH, [dialler(LOW)]);
    const newer = await startNode(LOW, [at(HIGH, high.port)], { incarnation: 7 });
    await until(() => newer.isUp(HIGH) && high.isUp(LOW));
    const older = await startNode(LOW, [at(HIGH, high.port)], { incarnation: 6 });
    await until(() => older.lastError(HIGH).startsWith("STALE_INCARNATION"));
    expect(high.events).toEqual([`up ${LOW}`]);
    expect(older.events).toEqual([]);
  });
});

describe("heartbeats", () => {
  const limits = { ...testLimits, heartbeatMs: 20, silenceMsMax: 100 };

  it("keep a quiet link up", async () => {
    const high = await startNode(HIGH, [dialler(LOW)], { limits });
    const low = await startNode(LOW, [at(HIGH, high.port)], { limits });
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    await sleep(400);
    expect([...low.events, ...high.events]).toEqual([`up ${HIGH}`, `up ${LOW}`]);
    expect(high.frames).toEqual([]);
    expect(high.transport.links()[0]).toMatchObject({ receivedFrames: 0, receivedBytes: 0 });
  });

  it("find a peer silent when the network swallows everything, on both sides", async () => {
    const high = await startNode(HIGH, [dialler(LOW)], { limits });
    const relay = await openRelay(() => high.port);
    const low = await startNode(LOW, [at(HIGH, relay.port)], { limits });
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    relay.swallowing = true;
    await until(() => low.events.length > 1 && high.events.length > 1);
    expect([low.events[1], high.events[1]].some((line) => line?.endsWith("PEER_SILENT"))).toBe(true);
    relay.swallowing = false;
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
  });

  it("do not take a peer for silent because this process stood still", async () => {
    const high = await startNode(HIGH, [dialler(LOW)], { limits });
    const low = await startNode(LOW, [at(HIGH, high.port)], { limits });
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 * limits.silenceMsMax);
    await sleep(3 * limits.heartbeatMs);
    expect([...low.events, ...high.events]).toEqual([`up ${HIGH}`, `up ${LOW}`]);
  });
});

describe("writing", () => {
  it("sends a turn's frames to one peer as one write", async () => {
    const high = await startNode(HIGH, [dialler(LOW)]);
    const low = await startNode(LOW, [at(HIGH, high.port)]);
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    const before = low.transport.stats().writes;
    const frame = bytesOf("x".repeat(1000));
    for (let i = 0; i < 200; i++) low.transport.send(HIGH, frame, frame.length);
    await until(() => high.frames.length === 200);
    expect(low.transport.stats().writes - before).toBe(1);
  });

  it("hands over at once when asked to flush", async () => {
    const high = await startNode(HIGH, [dialler(LOW)]);
    const low = await startNode(LOW, [at(HIGH, high.port)]);
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    const before = low.transport.stats().writes;
    low.transport.send(HIGH, bytesOf("now"), 3);
    low.transport.flush();
    expect(low.transport.stats().writes - before).toBe(1);
    await until(() => high.frames.length === 1);
  });

  it("keeps what waits for a peer that does not read within its bound, then resets the link", async () => {
    const high = await startNode(HIGH, [dialler(LOW)]);
    const relay = await openRelay(() => high.port);
    const low = await startNode(LOW, [at(HIGH, relay.port)]);
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    relay.stall();
    const frame = allocBytes(256 * 1024);
    let most = 0;
    while (low.transport.send(HIGH, frame, frame.length)) {
      most = Math.max(most, low.transport.queuedBytes(HIGH));
      await sleep(0);
    }
    expect(most).toBeGreaterThan(testLimits.queueBytesMax / 2);
    expect(most).toBeLessThanOrEqual(testLimits.queueBytesMax);
    expect(low.transport.queuedBytes(HIGH)).toBe(0);
    await until(() => low.events.includes(`down ${HIGH} QUEUE_FULL`));
    await until(() => low.isUp(HIGH));
  });
});

describe("a frame that the receiver's limit does not allow", () => {
  it("resets the link and says why", async () => {
    const high = await startNode(HIGH, [dialler(LOW)], { limits: { ...testLimits, frameBytesMax: 1000 } });
    const low = await startNode(LOW, [at(HIGH, high.port)]);
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    low.transport.send(HIGH, allocBytes(1001), 1001);
    await until(() => high.events.length >= 2);
    expect(high.events[1]).toBe(`down ${LOW} FRAME_TOO_LARGE`);
    await until(() => low.events.length >= 2);
  });
});

describe("starting", () => {
  const codeOf = (error: unknown): string => (error instanceof TransportError ? error.code : String(error));

  it("refuses a port beyond loopback without a secret", () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org"]) {
      const build = (): TcpTransport => new TcpTransport(optionsOf(1, [], { listen: { host, port: 0 }, secret: "" }));
      expect(build).toThrow(/^LISTEN_INSECURE/u);
    }
    expect(new TcpTransport(optionsOf(1, [], { secret: "" }))).toBeDefined();
  });

  it("refuses options that cannot work", () => {
    const wrong: Partial<TcpTransportOptions>[] = [
      { peers: [at(1, 7000)] },
      { peers: [at(2, 7000), at(2, 7001)] },
      { peers: [at(70_000, 7000)] },
      { peers: [at(2, 70_000)] },
      { limits: { frameBytesMax: 1000, queueBytesMax: 1000 } },
      { limits: { heartbeatMs: 1000, silenceMsMax: 1500 } },
      { limits: { retryDelayMsMin: 0 } },
      { identity: { ...identity, cluster: "x".repeat(257) } },
      { incarnation: 1.5 },
    ];
    for (const more of wrong) expect(() => new TcpTransport(optionsOf(1, [], more))).toThrow(/^BAD_OPTIONS/u);
  });

  it("fails when the port is taken, and can still be closed", async () => {
    const first = await startNode(LOW, []);
    const second = new TestNode(2, [], { listen: { host: "127.0.0.1", port: first.port } });
    await expect(second.start().catch((error: unknown) => codeOf(error))).resolves.toBe("LISTEN_FAILED");
    await second.transport.close();
  });

  it("can be closed before its peer ever answered, and twice", async () => {
    const free = await startNode(2, []);
    const { port } = free;
    await free.transport.close();
    const low = await startNode(LOW, [at(HIGH, port)]);
    await until(() => low.lastError(HIGH).startsWith("CONNECT_FAILED"));
    await low.transport.close();
    await low.transport.close();
    expect(low.events).toEqual([]);
  });
});
