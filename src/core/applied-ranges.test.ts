/*
 * Gaps in what is applied of one origin are bounded: at the gate, in what an opening of a stream tells, and on its way back.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppliedSet } from "./applied-set.ts";
import type { Partition } from "./partition.ts";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { appliedRangesMax, appliedRangesTold } from "../shared/limits.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { noDependencies } from "../protocol/dependencies.ts";
import { messageStreamOpen } from "../protocol/messages/message.ts";
import { decodeStreamOpen } from "../protocol/messages/stream.ts";
import type { StreamOpen } from "../protocol/messages/stream.ts";
import { effectAssign, originOf } from "../protocol/version.ts";
import type { Write } from "../protocol/write.ts";
import type { Bytes } from "../shared/bytes.ts";

describe("AppliedSet.touches", () => {
  it("says exactly which seqs, put in, would add no range", () => {
    const seq = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(fc.array(seq), seq, (seqs, next) => {
        const set = new AppliedSet();
        for (const s of seqs) set.add(s);
        fc.pre(!set.has(next));
        const before = set.rangeCount;
        const touches = set.touches(next);
        set.add(next);
        expect(touches).toBe(set.rangeCount <= before);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a gate behind as many gaps as there may be", () => {
  it("takes no write that adds one, whether it waits or not, and asks for it again", () => {
    const { partition, admit, far } = scattered();
    const beyond = appliedRangesMax * 3 + 10;
    expect([admit(beyond), admit(beyond, [1])]).toEqual([false, false]);
    expect(partition.proposedOf(0).rangeCount).toBe(appliedRangesMax);
    expect(far.core.gate.waitingCount).toBe(0);
    expect(far.core.state.counters.writesDropped).toBe(2);
  });

  it("takes those that make a gap smaller, from either side, and the oldest that is missing", () => {
    const { c, partition, admit, far } = scattered();
    expect([admit(4), admit(8), admit(1)]).toEqual([true, true, true]);
    c.settle();
    expect(partition.appliedOf(0).watermark).toBe(1);
    expect(admit(2, [1])).toBe(true);
    c.settle();
    expect(partition.appliedOf(0).watermark).toBe(4);
    expect(far.core.gate.waitingCount).toBe(0);
    expect(partition.appliedOf(0).rangeCount).toBe(appliedRangesMax - 1);
  });

  it("takes the oldest that is missing also where it must wait", () => {
    const { c, partition, admit, far } = scattered();
    expect(admit(1, [], [originOf(0, 1), 1])).toBe(true);
    expect(far.core.gate.waitingCount).toBe(1);
    far.turn(({ gate, state }) => gate.admit(state.local(1) as Partition, { ...writeOf(1), partition: 1, key: "1:x" }));
    c.settle();
    expect(partition.appliedOf(0).watermark).toBe(1);
  });

  it("is through, whatever the order, once everything was sent often enough", () => {
    const { c, partition, admit } = scattered();
    const last = appliedRangesMax * 3 + 40;
    for (let round = 0; partition.appliedOf(0).watermark < last && round < 3; round++) {
      for (let seq = last; seq >= 1; seq -= 2) admit(seq);
      for (let seq = 1; seq <= last; seq++) admit(seq);
      c.settle();
    }
    expect(partition.appliedOf(0).watermark).toBe(last);
    expect(partition.appliedOf(0).rangeCount).toBe(0);
  });
});

describe("the opening of a stream behind many gaps", () => {
  it("tells the first of them, and what lies beyond is sent again and repeated harmlessly", () => {
    const c = new Cluster({ datacenters: 2 });
    const [home, far] = [c.node(0), c.node(1)];
    const count = appliedRangesTold * 2 + 200;
    c.hold(home, far);
    for (let i = 1; i <= count; i++) {
      c.session(0).put("0:x", String(i));
      c.settle();
    }
    const frames = c.underWay(home, far);
    expect(frames.length).toBe(count);
    frames.splice(0, count, ...frames.filter((_frame, index) => index % 2 === 1));
    c.release(home, far);
    expect(far.core.state.local(0)?.appliedOf(0).rangeCount).toBe(count / 2);
    c.cut(home, far);
    c.hold(far, home);
    c.heal(home, far);
    far.flush();
    const open = openingAmong(c.underWay(far, home));
    const told = open?.applied.find(({ partition }) => partition === 0);
    expect(told?.ranges.length).toBe(appliedRangesTold * 2);
    expect(told?.ranges.slice(0, 4)).toEqual([2, 2, 4, 4]);
    c.releaseAll();
    const { state } = far.core;
    expect(state.local(0)?.appliedOf(0).watermark).toBe(count);
    expect(state.counters.writesRepeated).toBe(count / 2 - appliedRangesTold);
    const get = c.session(1).get("0:x");
    expect(get.value).toBe(String(count));
    c.advance(1_000, 100);
    expect(home.core.shippers.get(far.id)?.appliedOf(0)?.watermark).toBe(count);
  });
});

interface Scattered {
  readonly c: Cluster;
  readonly far: TestNode;
  readonly partition: Partition;
  admit(seq: number, on?: readonly number[], dots?: readonly number[]): boolean;
}

/** The far node has every third write of partition 0, as many as there may be gaps. */
function scattered(): Scattered {
  const c = new Cluster({ datacenters: 2 });
  const far = c.node(1);
  c.cutDatacenters(0, 1);
  const partition = far.core.state.local(0) as Partition;
  for (let i = 1; i <= appliedRangesMax; i++) {
    partition.proposedOf(0).addRange(i * 3, i * 3);
    partition.appliedOf(0).addRange(i * 3, i * 3);
  }
  const admit = (seq: number, on: readonly number[] = [], dots: readonly number[] = []): boolean => {
    const all = [...on.flatMap((other) => [originOf(0, 0), other]), ...dots];
    const write = { ...writeOf(seq), dependencies: { dots: all, prefixes: [] } };
    return far.turn(({ gate }) => gate.admit(partition, write));
  };
  return { c, far, partition, admit };
}

function writeOf(seq: number): Write {
  const plain = {
    effect: effectAssign,
    expiry: 0,
    request: undefined,
    value: "v",
    datacenter: 0,
    partition: 0,
  } as const;
  return { ...plain, time: seq, seq, dependencies: noDependencies, key: "0:x" };
}

function openingAmong(frames: readonly Bytes[]): StreamOpen | undefined {
  for (const frame of frames) {
    const reader = new ByteReader(frame);
    while (reader.offset < frame.length) {
      const type = reader.u8();
      const length = reader.u32();
      const start = reader.skip(length);
      if (type === messageStreamOpen) return decodeStreamOpen(new ByteReader(frame, start, start + length));
    }
  }
  return undefined;
}
