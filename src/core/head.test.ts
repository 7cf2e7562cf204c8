import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPresent } from "./operations.ts";
import { Cluster } from "./testing/cluster.ts";
import { compareVersions, effectAssign, effectDelete, Version } from "../protocol/version.ts";
import { clockReserveAheadMs, inFlightBytesMax, maxSkewMs } from "../shared/limits.ts";
import { ticksPerMs, unixMsOfHybridTime } from "../protocol/hybrid-time.ts";

describe("the head", () => {
  it("gives a put a time above the floor and above everything that was applied here", () => {
    const c = new Cluster({ datacenters: 2 });
    c.node(1).skewMs = 30_000;
    c.session(1).put("0:x", "ahead");
    c.settle();
    const put = c.session(0).put("0:x", "after");
    c.settle();
    c.advance(100);
    expect(put.done).toBe(true);
    for (const d of [0, 1]) {
      const get = c.session(d).get("0:x");
      c.settle();
      expect(get.value).toBe("after");
    }
    const reader = c.session(0);
    reader.session.context.raiseFloor(c.node(0).core.clockTold + 10_000 * ticksPerMs);
    const { floor } = reader.session.context;
    const above = reader.put("0:y", "1");
    c.settle();
    expect(above.version?.time).toBeGreaterThan(floor);
  });

  it("refuses a floor that is further ahead than clocks may be", () => {
    const c = new Cluster({ datacenters: 1 });
    const alice = c.session(0);
    alice.session.context.raiseFloor(c.node(0).core.state.clock.physicalTime + (maxSkewMs + 1) * ticksPerMs);
    expect(alice.put("0:x", "1").failure).toBe("CLOCKSKEW");
  });

  it("lets every visible time of a partition be greater than the one before, its own writes' and others'", () => {
    const c = new Cluster({ datacenters: 2, partitions: 1 });
    const visible: number[] = [];
    for (let i = 0; i < 10; i++) {
      const writer = c.session(i % 2);
      c.node(1).skewMs = (i % 3) * 1_000;
      writer.put("0:x", String(i));
      c.settle();
      const get = c.session(0).get("0:x");
      c.settle();
      visible.push(get.version?.visible as number);
    }
    expect(visible).toEqual([...new Set(visible)].toSorted((a, b) => a - b));
  });

  it("counts a write that is beaten as applied", () => {
    const c = new Cluster({ datacenters: 2 });
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "older");
    c.settle();
    c.advance(10);
    c.session(1).put("0:x", "younger");
    c.settle();
    c.healDatacenters(0, 1);
    c.settle();
    for (const d of [0, 1]) {
      const get = c.session(d).get("0:x");
      c.settle();
      expect(get.value).toBe("younger");
      expect(c.node(d).core.state.local(0)?.appliedOf(0).watermark).toBe(1);
      expect(c.node(d).core.state.local(0)?.appliedOf(1).watermark).toBe(1);
    }
    expect(c.node(1).core.state.counters.writesBeaten).toBe(1);
  });

  it("shows every datacenter the same in the end, in whatever order writes came", () => {
    const write = fc.record({
      at: fc.integer({ min: 0, max: 2 }),
      key: fc.constantFrom("0:a", "1:b"),
      gap: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 20 }), fc.infiniteStream(fc.nat(99)), (writes, random) => {
        const c = new Cluster({ datacenters: 3, partitions: 2 });
        c.holdAll();
        writes.forEach(({ at, key, gap }, i) => {
          const session = c.session(at);
          session.get(key);
          if (i % 5 === 0) session.delete(key);
          else session.put(key, String(i));
          c.advance(gap);
        });
        for (const from of c.nodes) {
          for (const to of c.nodes) {
            if (from === to) continue;
            const frames = c.underWay(from, to);
            while (frames.length > 0) c.deliver(from, to, (random.next().value as number) % frames.length);
          }
        }
        c.releaseAll();
        c.advance(10_000, 500);
        for (const key of ["0:a", "1:b"]) {
          const reads = [0, 1, 2].map((d) => c.session(d).get(key));
          c.settle();
          expect(new Set(reads.map((read) => `${read.dot} ${read.value}`)).size).toBe(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("makes writers wait while too much is in flight, and lets them go on", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const node = c.node(0, 0);
    node.diskHeld = true;
    const value = "v".repeat(inFlightBytesMax / 2);
    const puts = [1, 2, 3].map((i) => c.session(0).put(`0:${i}`, value));
    const forwarded = c.session(0, 1).put("0:other", "1");
    c.settle();
    expect(node.core.state.counters.writesLocal).toBe(2);
    expect(forwarded.failure).toBe("BUSY");
    node.diskHeld = false;
    c.settle();
    expect(puts.every((put) => put.state === "written")).toBe(true);
  });

  it("reserves time and seqs on disk ahead of their use, not with every write", () => {
    const c = new Cluster({ datacenters: 1 });
    const { clock } = c.node(0).core.state;
    c.session(0).put("0:x", "1");
    c.settle();
    const bound = clock.durableBound;
    expect(unixMsOfHybridTime(bound)).toBe(c.nowMs + clockReserveAheadMs);
    c.advance(clockReserveAheadMs / 4);
    c.session(0).put("0:x", "2");
    c.settle();
    expect(clock.durableBound).toBe(bound);
  });
});

describe("versions", () => {
  it("are ordered by time, then datacenter, then partition", () => {
    const order = [
      [1, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
      [2, 0, 0],
    ] as const;
    for (const [i, a] of order.entries()) {
      for (const [j, b] of order.entries()) {
        const [one, other] = [a, b].map(([time, datacenter, partition]) => ({ time, datacenter, partition }));
        expect(Math.sign(compareVersions(one as never, other as never))).toBe(Math.sign(i - j));
      }
    }
  });

  it("are present unless deleted or expired", () => {
    const version = (effect: 1 | 2, expiry: number): Version => new Version(effect, "", 1, 0, 0, 1, 1, 1, expiry);
    expect(isPresent(undefined, 100)).toBe(false);
    expect(isPresent(version(effectDelete, 0), 100)).toBe(false);
    expect(isPresent(version(effectAssign, 0), 100)).toBe(true);
    expect(isPresent(version(effectAssign, 100), 100)).toBe(false);
    expect(isPresent(version(effectAssign, 101), 100)).toBe(true);
  });
});
