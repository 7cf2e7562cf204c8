import { describe, expect, it } from "vitest";
import { bytesOf } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import { Random } from "../shared/random.ts";
import type { LinkFaults } from "./memory-faults.ts";
import { MemoryNetwork } from "./memory-network.ts";
import type { MemoryTransport } from "./memory-transport.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";
import { describeTransport } from "./transport-conformance.ts";
import type { TransportPair } from "./transport-conformance.ts";
import type { NodeId, TransportEvents } from "./transport.ts";

const DETECT_MS = 1000;

function openPair(faults: Partial<LinkFaults>): TransportPair {
  const clock = new VirtualClock();
  const queueBytesMax = 4 * 1024 * 1024;
  const network = new MemoryNetwork({
    random: new Random(1),
    schedule: clock.schedule,
    now: clock.now,
    nodes: [257, 1],
    faults,
    detectMs: DETECT_MS,
    queueBytesMax,
  });
  return {
    ids: [1, 257],
    transports: [network.open(1), network.open(257)],
    queueBytesMax,
    frameBytesMax: 1024 * 1024,
    until: clock.until,
    sever: () => network.sever(1, 257),
    dispose: async () => undefined,
  };
}

describeTransport("MemoryTransport", async () => openPair({}));
describeTransport("MemoryTransport with long and uneven delays", async () =>
  openPair({ delayMsMin: 40, delayMsMax: 400, spikeChance: 0.05, spikeMs: 2000 }),
);

/** A node that counts up: each number is sent once to every peer that is up. */
class Counter implements TransportEvents {
  readonly log: string[] = [];
  readonly received: number[] = [];
  readonly transport: MemoryTransport;
  kept: Bytes | undefined;

  constructor(transport: MemoryTransport) {
    this.transport = transport;
    void transport.start(this);
  }

  say(peer: NodeId, number: number): boolean {
    const frame = bytesOf(String(number));
    return this.transport.send(peer, frame, frame.length);
  }

  onUp(peer: NodeId): void {
    this.log.push(`up ${peer}`);
  }

  onFrame(_peer: NodeId, frame: Bytes): void {
    this.kept = frame;
    this.received.push(Number(frame.latin1Slice()));
  }

  onDown(peer: NodeId, why: string): void {
    this.log.push(`down ${peer} ${why.split(" ")[0]}`);
  }
}

interface World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly nodes: Counter[];
}

function worldOf(seed: number, count: number, faults: Partial<LinkFaults> = {}): World {
  const clock = new VirtualClock();
  const ids = Array.from({ length: count }, (_, id) => id);
  const network = new MemoryNetwork({
    random: new Random(seed),
    schedule: clock.schedule,
    now: clock.now,
    nodes: ids,
    faults,
    detectMs: DETECT_MS,
  });
  const nodes = ids.map((id) => new Counter(network.open(id)));
  clock.runFor(500);
  return { clock, network, nodes };
}

function pick<T>(items: readonly T[], index: number): T {
  return items[index] as T;
}

function sendMany({ clock, nodes }: World, count: number): void {
  for (let number = 0; number < count; number++) {
    pick(nodes, 0).say(1, number);
    clock.runFor(1);
  }
  clock.runFor(10_000);
}

describe("faults of the network in memory", () => {
  it("are the same for the same seed, and others for another", () => {
    const run = (seed: number): string => {
      const world = worldOf(seed, 3, { loss: 0.2, duplication: 0.2, reordering: 0.2, delayMsMax: 50 });
      sendMany(world, 200);
      world.network.crash(2);
      world.clock.runFor(5000);
      return JSON.stringify(world.nodes.map((node) => [node.log, node.received]));
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });

  it("lose, repeat and reorder frames when asked to, each alone", () => {
    const received = (faults: Partial<LinkFaults>): number[] => {
      const world = worldOf(3, 2, faults);
      sendMany(world, 300);
      return pick(world.nodes, 1).received;
    };
    const all = Array.from({ length: 300 }, (_, number) => number);
    const lost = received({ loss: 0.3 });
    expect(lost.length).toBeGreaterThan(100);
    expect(lost.length).toBeLessThan(300);
    expect(lost).toEqual(lost.toSorted((a, b) => a - b));
    const repeated = received({ duplication: 0.3 });
    expect(repeated.length).toBeGreaterThan(300);
    expect([...new Set(repeated)].toSorted((a, b) => a - b)).toEqual(all);
    const reordered = received({ reordering: 0.3 });
    expect(reordered).not.toEqual(all);
    expect(reordered.toSorted((a, b) => a - b)).toEqual(all);
  });

  it("overwrites a frame after the call in which it was valid", () => {
    const world = worldOf(1, 2);
    sendMany(world, 1);
    expect(pick(world.nodes, 1).kept?.[0]).toBe(0xdd);
  });
});

describe("cuts", () => {
  it("one way: what is sent vanishes, both sides find out, and only healing connects them again", () => {
    const world = worldOf(1, 2);
    const [a, b] = [pick(world.nodes, 0), pick(world.nodes, 1)];
    world.network.cutOneWay(0, 1);
    expect(a.say(1, 1)).toBe(true);
    b.say(0, 2);
    world.clock.runFor(DETECT_MS * 3);
    expect(b.received).toEqual([]);
    expect(a.received).toEqual([2]);
    expect(b.log).toEqual(["up 0", "down 0 PEER_SILENT"]);
    expect(a.log).toEqual(["up 1", "down 1 PEER_CLOSED"]);
    expect(a.say(1, 3)).toBe(false);
    world.network.healOneWay(0, 1);
    world.clock.runFor(1000);
    expect(a.log.at(-1)).toBe("up 1");
    expect(b.log.at(-1)).toBe("up 0");
    expect(a.say(1, 4)).toBe(true);
    world.clock.runFor(100);
    expect(b.received).toEqual([4]);
  });

  it("both ways: each side finds out by itself", () => {
    const world = worldOf(1, 2);
    world.network.cut(0, 1);
    world.clock.runFor(DETECT_MS * 2);
    expect(world.nodes.map((node) => node.log.at(-1))).toEqual(["down 1 PEER_SILENT", "down 0 PEER_SILENT"]);
  });

  it("healed before anybody noticed still break the link, so that no gap stays hidden", () => {
    const world = worldOf(1, 2);
    const [a, b] = [pick(world.nodes, 0), pick(world.nodes, 1)];
    a.say(1, 1);
    world.clock.runFor(10);
    world.network.cut(0, 1);
    a.say(1, 2);
    world.clock.runFor(10);
    world.network.healOneWay(0, 1);
    a.say(1, 3);
    world.clock.runFor(10);
    expect(b.received).toEqual([1]);
    world.network.healEverywhere();
    world.clock.runFor(500);
    expect(a.log).toEqual(["up 1", "down 1 CONNECTION_LOST", "up 1"]);
    expect(b.log).toEqual(["up 0", "down 0 CONNECTION_LOST", "up 0"]);
    expect(b.received).toEqual([1]);
  });

  it("partition groups and leave the links inside them alone", () => {
    const world = worldOf(1, 4);
    world.network.partition([0, 1], [2, 3]);
    world.clock.runFor(DETECT_MS * 2);
    for (const node of world.nodes) expect(node.transport.links().filter((link) => link.up)).toHaveLength(1);
    world.network.healEverywhere();
    world.clock.runFor(500);
    for (const node of world.nodes) expect(node.transport.links().filter((link) => link.up)).toHaveLength(3);
  });
});

describe("crashes", () => {
  for (const silently of [true, false]) {
    it(`${silently ? "silent" : "loud"}: the others find out, and the node comes back with nothing of before`, () => {
      const world = worldOf(5, 2);
      const [a, b] = [pick(world.nodes, 0), pick(world.nodes, 1)];
      a.say(1, 1);
      world.network.crash(0, silently);
      expect(a.say(1, 2)).toBe(false);
      b.say(0, 3);
      world.clock.runFor(DETECT_MS * 2);
      expect(b.received).toEqual([]);
      expect(b.log.at(-1)).toBe(silently ? "down 0 PEER_SILENT" : "down 0 CONNECTION_LOST");
      expect(a.log).toEqual(["up 1"]);
      const again = new Counter(world.network.open(0));
      world.clock.runFor(500);
      expect(again.log).toEqual(["up 1"]);
      expect(b.log.at(-1)).toBe("up 0");
      expect(again.received).toEqual([]);
    });
  }

  it("a node that is back before its silence was noticed replaces its link", () => {
    const world = worldOf(5, 2);
    world.network.crash(0, true);
    const again = new Counter(world.network.open(0));
    world.clock.runFor(500);
    expect(again.log).toEqual(["up 1"]);
    expect(pick(world.nodes, 1).log).toEqual(["up 0", "down 0 LINK_REPLACED", "up 0"]);
    world.clock.runFor(DETECT_MS * 3);
    expect(pick(world.nodes, 1).log).toHaveLength(3);
  });

  it("links always come back, whatever happens to them, and ups and downs alternate", () => {
    for (let seed = 0; seed < 40; seed++) {
      const world = worldOf(seed, 3, { delayMsMax: 200, loss: 0.1, duplication: 0.1, reordering: 0.1 });
      const random = new Random(seed).fork("faults");
      const everyone = [...world.nodes];
      for (let step = 0; step < 60; step++) {
        const a = random.below(3);
        const b = (a + 1 + random.below(2)) % 3;
        const action = random.below(7);
        if (action === 0) world.network.cutOneWay(a, b);
        else if (action === 1) world.network.cut(a, b);
        else if (action === 2) world.network.heal(a, b);
        else if (action === 3) world.network.sever(a, b);
        else if (action === 4) pick(world.nodes, a).transport.reset(b, "test");
        else if (action === 5) {
          world.network.crash(a);
          world.nodes[a] = new Counter(world.network.open(a));
          everyone.push(pick(world.nodes, a));
        } else for (let i = 0; i < 5; i++) pick(world.nodes, a).say(b, step * 10 + i);
        world.clock.runFor(random.below(2 * DETECT_MS));
      }
      world.network.healEverywhere();
      world.clock.runFor(10 * DETECT_MS);
      for (const node of world.nodes) expect(node.transport.links().every((link) => link.up)).toBe(true);
      for (const node of everyone) {
        for (const peer of [0, 1, 2]) {
          const kinds = node.log
            .filter((line) => line.split(" ")[1] === String(peer))
            .map((line) => line.split(" ")[0]);
          expect(kinds).toEqual(kinds.map((_, i) => (i % 2 === 0 ? "up" : "down")));
        }
      }
    }
  });
});
