/*
 * The room of the dependency gate when it is full: who is dropped for whom, and what is left of those that were.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeCore } from "./node-core.ts";
import type { Partition } from "./partition.ts";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { maxSkewMs, waitingBytesMax } from "../shared/limits.ts";
import { noDependencies } from "../protocol/dependencies.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import { effectAssign, originOf } from "../protocol/version.ts";
import type { Write } from "../protocol/write.ts";

const eighth = "v".repeat(waitingBytesMax / 8);
const whole = eighth.repeat(8);

describe("a full gate", () => {
  it("takes a write whose dependency holds at another node, which nobody has told yet, though all others wait for it", () => {
    const c = new Cluster({ datacenters: 3, nodes: 2, partitions: 4 });
    const [source, gate, owner] = [c.node(0, 0), c.node(2, 0), c.node(2, 1)];
    c.hold(source, gate);
    const alice = c.session(0);
    alice.put("1:cause", "1");
    c.settle();
    alice.put("0:effect", "v".repeat(1_000));
    c.settle();
    expect(owner.core.state.local(1)?.appliedOf(0).watermark).toBe(1);
    for (let i = 0; gate.core.state.counters.writesDropped === 0; i++) {
      const bob = c.session(1);
      bob.get("0:effect");
      c.settle();
      bob.put(`2:${i}`, i < 7 ? eighth : "v".repeat(Math.max(1, roomLeft(gate.core) - 350)));
      c.settle();
    }
    expect(gate.core.state.counters.depChecksAsked).toBe(0);
    expect(roomLeft(gate.core)).toBeLessThan(1_000);
    c.release(source, gate);
    expect(visible(c, gate, "0:effect")?.length).toBe(1_000);
    c.advance(300_000, 1_000);
    expect(visible(c, gate, "2:0")?.length).toBe(eighth.length);
    for (const node of c.nodes) expectNothingWaits(node.core);
  });

  it("refuses a write that is younger than all that wait, and drops nobody for it", () => {
    const { core, admit } = gateOfOne();
    for (let seq = 2; seq <= 8; seq++) expect(admit(seq, { value: eighth, on: [1] })).toBe(true);
    const before = core.gate.waitingBytes;
    expect(admit(9, { value: eighth, on: [1] })).toBe(false);
    expect([core.gate.waitingCount, core.gate.waitingBytes]).toEqual([7, before]);
    expect(core.state.counters.writesDropped).toBe(1);
  });

  it("looks through those that wait once, not for each of the younger ones that go on coming", () => {
    const { core, admit } = gateOfOne();
    for (let seq = 2; seq <= 8; seq++) admit(seq, { value: eighth, on: [1] });
    const { gate } = core;
    const all = gate.all.bind(gate);
    let looks = 0;
    gate.all = () => {
      looks++;
      return all();
    };
    for (let seq = 20; seq > 9; seq--) expect(admit(seq, { value: eighth, on: [1] })).toBe(false);
    expect(looks).toBe(0);
    expect(admit(1, { value: eighth, elsewhere: [1] })).toBe(true);
    expect(looks).toBeGreaterThan(0);
  });

  it("drops one giant for an older small one, and asks for the giant again", () => {
    const { core, admit } = gateOfOne();
    expect(admit(9, { value: whole.slice(1_000), on: [1] })).toBe(true);
    expect(admit(2, { value: "v".repeat(1_000), on: [1] })).toBe(true);
    expect(waitingSeqs(core)).toEqual([2]);
    expect(core.receivers.get(0)?.hasGap).toBe(true);
    expect(core.gate.waitingBytes).toBeLessThan(2_000);
  });

  it("makes no more room than is needed, from the youngest on", () => {
    const { core, admit } = gateOfOne();
    for (let seq = 9; seq >= 3; seq--) admit(seq, { value: eighth, on: [1] });
    admit(2, { value: eighth, on: [1] });
    expect(waitingSeqs(core)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it("drops writes of several datacenters that have the same time, for an older one", () => {
    const { core, admit } = gateOfOne(4);
    for (const datacenter of [1, 2]) admit(5, { value: eighth.repeat(3), on: [1], datacenter });
    expect(admit(2, { value: eighth.repeat(3), on: [1] })).toBe(true);
    expect(core.gate.find(originOf(0, 0), 2)).toBeDefined();
    expect(core.gate.waitingBytes).toBeLessThanOrEqual(waitingBytesMax);
  });

  it("never drops an older one, nor one of the same time", () => {
    const { core, admit } = gateOfOne(4);
    admit(5, { value: whole.slice(1_000), on: [1], datacenter: 1 });
    expect(admit(5, { value: eighth, on: [1], datacenter: 2 })).toBe(false);
    expect(admit(6, { value: eighth, on: [1], datacenter: 2 })).toBe(false);
    expect(core.gate.find(originOf(1, 0), 5)).toBeDefined();
  });

  it("never drops an older one though a younger one was there, and has left", () => {
    const { core, admit } = gateOfOne();
    admit(5, { value: whole.slice(10_000), on: [1] });
    admit(9, { on: [2] });
    admit(2, {});
    expect(waitingSeqs(core)).toEqual([5]);
    expect(admit(7, { value: eighth, on: [1] })).toBe(false);
    expect(waitingSeqs(core)).toEqual([5]);
  });
});

describe("a write that was dropped for an older one", () => {
  it("is registered nowhere any more, neither for dots nor for prefixes, here or at another node", () => {
    const { c, core, admit } = gateOfOne(2, 2);
    c.hold(c.node(1, 0), c.node(1, 1));
    admit(9, { value: whole.slice(1_000), key: "0:giant", on: [1, 3], prefix: 4, elsewhere: [1, 2] });
    expect([core.gate["proposedWaiters"].size, core.remote.waitingCount]).toEqual([3, 2]);
    admit(2, { value: "v".repeat(1_000), on: [1] });
    expect([core.gate["proposedWaiters"].size, core.remote.waitingCount]).toEqual([1, 0]);
    expect(core.state.local(0)?.records.get("0:giant")?.pins).toBe(0);
  });

  it("does no harm where it was ready, but the disk was behind", () => {
    const { c, node, core, admit } = gateOfOne();
    core.refuseWrites("NOSPACE the disk is full");
    expect(admit(9, { value: whole.slice(1_000) })).toBe(true);
    expect(admit(2, { value: "v".repeat(1_000), on: [1] })).toBe(true);
    expect(admit(1, {})).toBe(true);
    core.refuseWrites(undefined);
    node.flush();
    c.settle();
    expect(core.state.local(0)?.appliedOf(0).watermark).toBe(2);
    expect(core.state.local(0)?.appliedOf(0).has(9)).toBe(false);
    expectNothingWaits(core);
  });

  it("does no harm where it was held for the clock", () => {
    const { c, core, partition, admit } = gateOfOne();
    const ahead = core.state.clock.physicalTime + (maxSkewMs + 500) * ticksPerMs;
    expect(admit(9, { value: whole.slice(1_000), time: ahead })).toBe(true);
    expect(core.gate.heldForClockCount).toBe(1);
    expect(admit(2, { value: "v".repeat(1_000), on: [1], time: 2 })).toBe(true);
    c.advance(10);
    expect(core.gate.heldForClockCount).toBe(0);
    c.advance(1_000);
    expect(partition.appliedOf(0).has(9)).toBe(false);
    admit(1, { time: 1 });
    c.settle();
    expectNothingWaits(core);
    expect(admit(9, { value: "again", time: ahead })).toBe(true);
    c.settle();
    expect(partition.appliedOf(0).has(9)).toBe(true);
  });

  it("does no harm where its record was being read, and reads it again when it comes again", () => {
    const { c, node, core, partition, admit } = gateOfOne();
    node.loadsHeld = true;
    expect(admit(90, { key: "0:newest" })).toBe(true);
    expect(admit(9, { value: whole.slice(1_000), key: "0:known" })).toBe(true);
    node.flush();
    expect(node.loads.map((record) => record.key)).toEqual(["0:known"]);
    expect(admit(8, { value: eighth, on: [1] })).toBe(true);
    expect(waitingSeqs(core)).toEqual([8]);
    expect(admit(9, { value: "again", key: "0:known", on: [1] })).toBe(true);
    node.loadsHeld = false;
    c.settle();
    expect(partition.appliedOf(0).has(9)).toBe(false);
    admit(1, {});
    c.settle();
    expect(visible(c, node, "0:known")).toBe("again");
    expectNothingWaits(core);
  });

  it("is not told, nor counted, when what it had waited for holds", () => {
    const { c, core, partition, admit } = gateOfOne();
    admit(9, { value: whole.slice(1_000), on: [1, 3], prefix: 1 });
    admit(2, { value: "v".repeat(1_000), on: [1] });
    for (const seq of [1, 3]) admit(seq, {});
    c.settle();
    expect(partition.appliedOf(0).watermark).toBe(3);
    expect(partition.appliedOf(0).has(9)).toBe(false);
    expectNothingWaits(core);
  });
});

describe("whatever comes in whatever order to a gate with too little room", () => {
  it("all is applied once it was sent often enough, and nothing is left behind", () => {
    const shape = fc.record({
      eighths: fc.integer({ min: 0, max: 4 }),
      on: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
      elsewhere: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
      key: fc.integer({ min: 0, max: 3 }),
      prefix: fc.boolean(),
    });
    const shapes = fc.array(shape, { minLength: 12, maxLength: 12 });
    const seq = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(shapes, fc.array(seq, { maxLength: 40 }), fc.boolean(), (writes, order, slowLoads) => {
        const { c, node, core, partition, admit } = gateOfOne(2, 2);
        applyAtOtherNode(c, 6);
        const send = (at: number): void => {
          const { eighths, on, elsewhere, key, prefix } = writes[at - 1] as (typeof writes)[number];
          const before = on.filter((other) => other < at);
          const value = eighths === 0 ? "v" : eighth.repeat(eighths);
          const upTo = prefix ? Math.max(0, ...before) : 0;
          admit(at, { value, on: before, prefix: upTo, elsewhere: elsewhere.map((s) => s * 2), key: `0:${key}` });
          expect(core.gate.waitingBytes).toBeLessThanOrEqual(waitingBytesMax * 2);
        };
        node.loadsHeld = slowLoads;
        c.hold(node, c.node(1, 1));
        for (const at of order) send(at);
        node.loadsHeld = false;
        c.releaseAll();
        for (let round = 0; round < 12; round++) {
          for (let at = 12; at >= 1; at--) send(at);
          c.settle();
        }
        expect(partition.appliedOf(0).watermark).toBe(12);
        expectNothingWaits(core);
      }),
      { numRuns: 60 },
    );
  });
});

interface Shape {
  readonly value?: string;
  readonly key?: string;
  readonly time?: number;
  /** Dots of datacenter 0 in the same partition, and a prefix of them. */
  readonly on?: readonly number[];
  readonly prefix?: number;
  /** Dots of datacenter 0 in partition 1, which another node owns where there are two. */
  readonly elsewhere?: readonly number[];
  readonly datacenter?: number;
}

interface Story {
  readonly c: Cluster;
  readonly node: TestNode;
  readonly core: NodeCore;
  readonly partition: Partition;
  /** Hands a write of partition 0 to the gate; its time is its seq, unless it says otherwise. */
  admit(seq: number, shape: Shape): boolean;
}

/** The gate of the first node of datacenter 1, or of the last one where there are more. What is applied loses its value. */
function gateOfOne(datacenters = 2, nodes = 1): Story {
  const c = new Cluster({ datacenters, nodes, partitions: 4 });
  const node = c.node(datacenters - 1);
  c.cutDatacenters(0, datacenters - 1);
  const { core } = node;
  const { head } = core;
  const apply = head.apply.bind(head);
  head.apply = (to, record, write) => apply(to, record, write.value.length > 1_000 ? { ...write, value: "" } : write);
  const partition = core.state.local(0) as Partition;
  const admit = (seq: number, shape: Shape): boolean =>
    node.turn(({ gate }) => gate.admit(partition, writeOf(seq, shape)));
  return { c, node, core, partition, admit };
}

function writeOf(seq: number, shape: Shape): Write {
  const { value = "v", key = `0:${seq}`, time = seq, on = [], prefix = 0, elsewhere = [], datacenter = 0 } = shape;
  const dots = on.flatMap((other) => [originOf(0, 0), other]);
  for (const other of elsewhere) dots.push(originOf(0, 1), other);
  const dependencies = { dots, prefixes: prefix === 0 ? [] : [originOf(0, 0), prefix] };
  const plain = { effect: effectAssign, expiry: 0, request: undefined, partition: 0 } as const;
  return { ...plain, datacenter, time, seq, dependencies, key, value };
}

/** Every second seq, so that no watermark ever answers for them. */
function applyAtOtherNode(c: Cluster, count: number): void {
  const owner = c.node(1, 1);
  const partition = owner.core.state.local(1) as Partition;
  for (let i = 1; i <= count; i++) {
    const write = { ...writeOf(i * 2, { key: `1:${i}` }), partition: 1, dependencies: noDependencies };
    owner.turn(({ gate }) => gate.admit(partition, write));
  }
  c.settle();
}

function roomLeft(core: NodeCore): number {
  return waitingBytesMax - core.gate.waitingBytes;
}

function waitingSeqs(core: NodeCore): number[] {
  return [...core.gate.all()].map(({ write }) => write.seq).toSorted((a, b) => a - b);
}

function expectNothingWaits(core: NodeCore): void {
  const { gate, remote, state } = core;
  const figures = [gate.waitingCount, gate.waitingBytes, gate.heldForClockCount, remote.waitingCount];
  expect([...figures, gate["proposedWaiters"].size, state.loadingCount]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(gate.oldestSince()).toBeUndefined();
  for (const partition of state.partitions.values()) {
    for (const record of partition.records.values()) expect([record.key, record.pins]).toEqual([record.key, 0]);
  }
}

function visible(c: Cluster, node: TestNode, key: string): string | undefined {
  const get = c.session(node.core.state.datacenter, node.id % 256).get(key);
  c.settle();
  return get.value;
}
