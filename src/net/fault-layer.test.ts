import { describe, expect, it } from "vitest";
import { bytesOf } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import { Random } from "../shared/random.ts";
import { FaultLayer } from "./fault-layer.ts";
import type { FaultLayerOptions } from "./fault-layer.ts";
import { MemoryNetwork } from "./memory-network.ts";
import { TcpRelay } from "./testing/tcp-relay.ts";
import { at, dialler, optionsOf, testLimits, until } from "./testing/tcp-nodes.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { describeTransport } from "./transport-conformance.ts";
import type { TransportPair } from "./transport-conformance.ts";
import type { NodeId, TransportEvents } from "./transport.ts";

const MiB = 1024 * 1024;

function openMemoryPair(delayMs: number): TransportPair {
  const clock = new VirtualClock();
  const { now, schedule } = clock;
  const network = new MemoryNetwork({ random: new Random(1), schedule, now, nodes: [1, 257], queueBytesMax: 4 * MiB });
  const wrap = (self: NodeId): FaultLayer =>
    new FaultLayer(network.open(self), { self, delayMs, heldBytesMax: 4 * MiB, now, schedule });
  return {
    ids: [1, 257],
    transports: [wrap(1), wrap(257)],
    queueBytesMax: 4 * MiB,
    frameBytesMax: MiB,
    until: clock.until,
    sever: () => network.sever(1, 257),
    dispose: async () => undefined,
  };
}

describeTransport("FaultLayer without faults over memory", async () => openMemoryPair(0));
describeTransport("FaultLayer with a delay over memory", async () => openMemoryPair(80));
describeTransport("FaultLayer with a delay over TCP", async () => {
  const highTcp = new TcpTransport(optionsOf(257, [dialler(1)]));
  const relay = await TcpRelay.open(() => highTcp.address.port);
  const lowTcp = new TcpTransport(optionsOf(1, [at(257, relay.port)]));
  const heldBytesMax = testLimits.queueBytesMax;
  const low = new FaultLayer(lowTcp, { self: 1, delayMs: 15, heldBytesMax });
  const high = new FaultLayer(highTcp, { self: 257, delayMs: 15, heldBytesMax });
  return {
    ids: [1, 257],
    transports: [low, high],
    queueBytesMax: heldBytesMax,
    frameBytesMax: testLimits.frameBytesMax,
    until,
    sever: () => relay.sever(),
    dispose: async () => {
      await Promise.all([low.close(), high.close()]);
      await relay.close();
    },
  };
});

class Ear implements TransportEvents {
  readonly log: string[] = [];
  readonly heard: [atMs: number, from: NodeId, text: string][] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  onUp(peer: NodeId): void {
    this.log.push(`up ${peer}`);
  }

  onFrame(peer: NodeId, frame: Bytes): void {
    this.heard.push([this.#now(), peer, frame.latin1Slice()]);
  }

  onDown(peer: NodeId, why: string): void {
    this.log.push(`down ${peer} ${why.split(" ")[0]}`);
  }
}

/** Nodes 0 and 1 of datacenter 0, and one node each of datacenters 1 and 2; frames take no time by themselves. */
const NODES = [0, 1, 256, 512];

class World {
  readonly clock = new VirtualClock();
  readonly layers = new Map<NodeId, FaultLayer>();
  readonly ears = new Map<NodeId, Ear>();
  timers = 0;

  constructor(options: Partial<FaultLayerOptions> = {}) {
    const { now, schedule } = this.clock;
    const network = new MemoryNetwork({
      random: new Random(1),
      schedule,
      now,
      nodes: NODES,
      faults: { delayMsMin: 0, delayMsMax: 0 },
    });
    const counted = (delayMs: number, run: () => void): void => {
      this.timers++;
      schedule(delayMs, run);
    };
    for (const self of NODES) {
      const ear = new Ear(now);
      const layer = new FaultLayer(network.open(self), { self, now, schedule: counted, ...options });
      this.layers.set(self, layer);
      this.ears.set(self, ear);
      void layer.start(ear);
    }
    this.clock.runFor(1000);
  }

  layer(node: NodeId): FaultLayer {
    return this.layers.get(node) as FaultLayer;
  }

  ear(node: NodeId): Ear {
    return this.ears.get(node) as Ear;
  }

  say(from: NodeId, to: NodeId, text: string): boolean {
    return this.layer(from).send(to, bytesOf(text), text.length);
  }
}

describe("delays of the fault layer", () => {
  it("apply to what goes to other datacenters, and not to the own one", () => {
    const world = new World({ delayMs: 50 });
    const begin = world.clock.now();
    world.say(0, 1, "near");
    world.say(0, 256, "far");
    world.clock.runFor(200);
    expect(world.ear(1).heard).toEqual([[begin, 0, "near"]]);
    expect(world.ear(256).heard).toEqual([[begin + 50, 0, "far"]]);
  });

  it("keep the order when they get shorter, and end with heal", () => {
    const world = new World({ delayMs: 10 });
    world.layer(0).setDelay(1, 100);
    const begin = world.clock.now();
    world.say(0, 256, "first");
    world.layer(0).setDelay(1, 0);
    world.say(0, 256, "second");
    world.clock.runFor(150);
    expect(world.ear(256).heard).toEqual([
      [begin + 100, 0, "first"],
      [begin + 100, 0, "second"],
    ]);
    world.layer(0).heal();
    expect(world.layer(0).list()).toMatchObject([
      { datacenter: 0, delayMs: 0, cut: false },
      { datacenter: 1, delayMs: 10, cut: false },
      { datacenter: 2, delayMs: 10, cut: false },
    ]);
  });

  it("need a timer per tick and not per frame", () => {
    const world = new World({ delayMs: 50, tickMs: 5 });
    for (let ms = 0; ms < 100; ms++) {
      for (let i = 0; i < 20; i++) world.say(0, 256, `${ms}.${i}`);
      world.clock.runFor(1);
    }
    world.clock.runFor(200);
    expect(world.ear(256).heard).toHaveLength(2000);
    expect(world.timers).toBeLessThanOrEqual(100 / 5 + 2);
  });

  it("do not let a slow datacenter hold up a quick one", () => {
    const world = new World();
    world.layer(0).setDelay(1, 500);
    world.layer(0).setDelay(2, 20);
    const begin = world.clock.now();
    world.say(0, 256, "slow");
    world.say(0, 512, "quick");
    world.clock.runFor(1000);
    expect(world.ear(512).heard).toEqual([[begin + 20, 0, "quick"]]);
    expect(world.ear(256).heard).toEqual([[begin + 500, 0, "slow"]]);
  });

  it("show what is held back", () => {
    const world = new World({ delayMs: 50 });
    world.say(0, 256, "12345");
    world.say(0, 256, "678");
    expect(world.layer(0).queuedBytes(256)).toBe(8);
    expect(world.layer(0).list()[1]).toMatchObject({ datacenter: 1, heldFrames: 2, heldBytes: 8 });
    expect(
      world
        .layer(0)
        .links()
        .find((link) => link.peer === 256),
    ).toMatchObject({ queuedBytes: 8 });
  });
});

describe("cuts of the fault layer", () => {
  it("bring down the links to that datacenter only, both ways, at once", () => {
    const world = new World({ delayMs: 50 });
    world.say(0, 256, "held");
    world.layer(0).cut(1);
    expect(world.ear(0).log.at(-1)).toBe("down 256 LINK_CUT");
    expect(world.say(0, 256, "refused")).toBe(false);
    expect(world.say(0, 512, "accepted")).toBe(true);
    world.say(256, 0, "dropped");
    world.clock.runFor(1000);
    expect(world.ear(256).heard).toEqual([]);
    expect(world.ear(0).heard).toEqual([]);
    const links = world.layer(0).links();
    const toCut = links.find((link) => link.peer === 256);
    expect(toCut).toMatchObject({ up: false });
    expect(toCut?.lastError).toMatch(/^LINK_CUT/u);
    expect(links.find((link) => link.peer === 512)).toMatchObject({ up: true });
    expect(
      world
        .layer(0)
        .list()
        .map(({ cut }) => cut),
    ).toEqual([false, true, false]);
  });

  it("end with heal: both ends see the link go down and come up", () => {
    const world = new World();
    world.layer(0).cut(1);
    world.layer(0).cut(1);
    world.say(256, 0, "dropped");
    world.clock.runFor(1000);
    world.layer(0).heal(1);
    world.clock.runFor(1000);
    expect(world.ear(0).log.filter((line) => line.includes("256"))).toEqual(["up 256", "down 256 LINK_CUT", "up 256"]);
    expect(world.ear(256).log.filter((line) => line.endsWith(" 0") || line.includes(" 0 "))).toEqual([
      "up 0",
      "down 0 PEER_CLOSED",
      "up 0",
    ]);
    world.say(256, 0, "through");
    world.clock.runFor(1000);
    expect(world.ear(0).heard.map(([, , text]) => text)).toEqual(["through"]);
  });

  it("hold while the link below comes and goes", () => {
    const world = new World();
    world.layer(0).cut(1);
    world.layer(256).reset(0, "test");
    world.clock.runFor(1000);
    expect(world.ear(0).log.at(-1)).toBe("down 256 LINK_CUT");
    expect(world.say(0, 256, "refused")).toBe(false);
    world.layer(0).heal();
    world.clock.runFor(1000);
    expect(world.say(0, 256, "accepted")).toBe(true);
  });
});
