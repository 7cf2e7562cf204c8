import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DiallerHandshake } from "./handshake-dialler.ts";
import { magic } from "./handshake-messages.ts";
import { TcpRelay } from "./testing/tcp-relay.ts";
import { at, dialler, identity, testLimits, TestNode, until } from "./testing/tcp-nodes.ts";
import type { TcpTransportOptions } from "./tcp-options.ts";

const LOW = 1;
const HIGH = 257;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startNode(...args: ConstructorParameters<typeof TestNode>): Promise<TestNode> {
  const node = await new TestNode(...args).start();
  cleanups.push(async () => node.transport.close());
  return node;
}

interface Stranger {
  readonly socket: Socket;
  /** What it was told. */
  told: string;
  closed: boolean;
}

function knock(port: number, words?: Buffer | string): Stranger {
  const socket = connect({ host: "127.0.0.1", port });
  const stranger: Stranger = { socket, told: "", closed: false };
  socket.on("data", (chunk: Buffer) => {
    stranger.told += chunk.toString("latin1");
  });
  // A reset is one of the ways in which it may be shown the door.
  socket.on("error", () => undefined);
  socket.on("close", () => {
    stranger.closed = true;
  });
  if (words !== undefined) socket.write(words);
  cleanups.push(() => {
    socket.destroy();
  });
  return stranger;
}

/** Waits until this many strangers have been refused: their own end may be closed a moment earlier. */
async function refusals(node: TestNode, count: number): Promise<Record<string, number>> {
  const refused = (): number => Array.from(node.transport.stats().refused.values()).reduce((sum, n) => sum + n, 0);
  await until(() => refused() >= count);
  return Object.fromEntries(node.transport.stats().refused);
}

async function startHigh(more?: Partial<TcpTransportOptions>): Promise<TestNode> {
  return startNode(HIGH, [dialler(LOW)], more);
}

async function expectStillServing(high: TestNode): Promise<void> {
  const low = await startNode(LOW, [at(HIGH, high.port)]);
  await until(() => low.isUp(HIGH) && high.isUp(LOW));
  expect(high.isUp(LOW)).toBe(true);
}

describe("strangers at the peer port", () => {
  it("are closed without an answer when they speak something else", async () => {
    const high = await startHigh();
    const words = [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "*1\r\n$4\r\nPING\r\n",
      "PING\r\n",
      "\x16\x03\x01\x02\0",
      "\0".repeat(9),
    ];
    const strangers = words.map((said) => knock(high.port, said));
    await until(() => strangers.every((stranger) => stranger.closed));
    expect(strangers.map((stranger) => stranger.told)).toEqual(words.map(() => ""));
    expect(await refusals(high, words.length)).toEqual({ NOT_A_PEER: words.length });
    await expectStillServing(high);
  });

  it("cannot crash it with rubbish, with or without the magic in front", async () => {
    const high = await startHigh();
    const strangers: Stranger[] = [];
    for (let i = 0; i < 200; i++) {
      const rubbish = randomBytes(1 + ((i * 97) % 9000));
      strangers.push(knock(high.port, i % 2 === 0 ? rubbish : Buffer.concat([magic, rubbish])));
      if (i % 20 === 19) await sleep(5);
    }
    for (const { socket } of strangers) socket.end();
    await until(() => strangers.every((stranger) => stranger.closed));
    await until(() => high.transport.stats().halfOpen === 0);
    expect(high.events).toEqual([]);
    await expectStillServing(high);
  });

  it("are timed out when they dribble, however busy they look", async () => {
    const high = await startHigh({ limits: { ...testLimits, handshakeMsMax: 150 } });
    const slow = knock(high.port);
    let sent = 0;
    while (!slow.closed) {
      // A length of 2,000 bytes that comes one byte at a time.
      const byte =
        sent < magic.length ? magic.subarray(sent, sent + 1) : Buffer.from([0xd0, 0x07, 0, 0x20]).subarray(sent - 8);
      slow.socket.write(byte.length === 0 ? " " : byte.subarray(0, 1));
      sent++;
      await sleep(10);
    }
    expect(await refusals(high, 1)).toEqual({ HANDSHAKE_TIMEOUT: 1 });
    expect(high.transport.stats().halfOpen).toBe(0);
  });

  it("are timed out when they say nothing", async () => {
    const high = await startHigh({ limits: { ...testLimits, handshakeMsMax: 50 } });
    const silent = knock(high.port);
    await until(() => silent.closed);
    expect(await refusals(high, 1)).toEqual({ HANDSHAKE_TIMEOUT: 1 });
  });

  it("may say no more than the limit before they are proven", async () => {
    const high = await startHigh();
    const talker = knock(high.port, Buffer.concat([magic, Buffer.from([0xff, 0xff, 0]), Buffer.alloc(5000, 0x20)]));
    await until(() => talker.closed);
    expect(await refusals(high, 1)).toEqual({ HANDSHAKE_TOO_LARGE: 1 });
    expect(talker.told).toContain("HANDSHAKE_TOO_LARGE");
  });

  it("cannot fill the port: the oldest of too many half-open connections goes, and a peer still gets in", async () => {
    const high = await startHigh({ limits: { ...testLimits, halfOpenMax: 5, handshakeMsMax: 60_000 } });
    const strangers: Stranger[] = [];
    for (let i = 0; i < 30; i++) strangers.push(knock(high.port));
    await until(() => strangers.filter((stranger) => stranger.closed).length === 25);
    expect(await refusals(high, 25)).toEqual({ HANDSHAKE_CROWDED_OUT: 25 });
    expect(high.transport.stats().halfOpen).toBe(5);
    await expectStillServing(high);
  });

  it("get at most one line a second into the log, with the number of those left out", async () => {
    const high = await startHigh();
    const strangers: Stranger[] = [];
    for (let i = 0; i < 50; i++) {
      strangers.push(knock(high.port, i % 2 === 0 ? "GET /" : Buffer.concat([magic, randomBytes(5000)])));
    }
    await until(() => strangers.every((stranger) => stranger.closed));
    const lines = high.log.filter((entry) => entry.event === "refused");
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(strangers.length / 2);
  });

  it("get nowhere by replaying what a peer once said, and disturb nobody", async () => {
    const high = await startHigh();
    const relay = await TcpRelay.open(() => high.port);
    cleanups.push(async () => relay.close());
    const low = await startNode(LOW, [at(HIGH, relay.port)]);
    await until(() => low.isUp(HIGH) && high.isUp(LOW));
    const recorded = relay.recorded[0] ?? [];
    expect(recorded.length).toBeGreaterThan(1);
    const replay = knock(high.port);
    for (const chunk of recorded) {
      replay.socket.write(chunk);
      await sleep(20);
    }
    await until(() => replay.closed);
    expect(replay.told).toContain("SECRET_MISMATCH");
    expect(await refusals(high, 1)).toEqual({ SECRET_MISMATCH: 1 });
    expect(high.events).toEqual([`up ${LOW}`]);
    expect(low.isUp(HIGH)).toBe(true);
  });

  it("that know the secret still have to be the one who dials", async () => {
    const high = await startNode(2, [at(HIGH, 1)]);
    const self = { ...identity, nodeId: HIGH, incarnation: 1 };
    const nonce = (): string => randomBytes(32).toString("hex");
    const machine = new DiallerHandshake({ self, secret: "s3cret", bytesMax: 4096, nonce }, 2);
    const wrongWay = knock(high.port, machine.begin());
    wrongWay.socket.on("data", (chunk: Buffer) => {
      const { reply } = machine.push(chunk);
      if (reply !== undefined) wrongWay.socket.write(reply);
    });
    await until(() => wrongWay.closed);
    expect(wrongWay.told).toContain("WRONG_DIALLER");
    expect(await refusals(high, 1)).toEqual({ WRONG_DIALLER: 1 });
  });
});
