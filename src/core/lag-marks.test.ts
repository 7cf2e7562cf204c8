import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppliedSet } from "./applied-set.ts";
import { LagMarks } from "./lag-marks.ts";
import { Partition } from "./partition.ts";

function appliedUpTo(...watermarks: number[]): (partition: number) => AppliedSet | undefined {
  return (partition) => AppliedSet.of(watermarks[partition] as number, []);
}

describe("LagMarks", () => {
  it("counts the age of the oldest write that a destination lacks", () => {
    const partition = new Partition(0, 0, 2);
    const lag = new LagMarks([partition], 0);
    lag.at(1_000, 0);
    expect(lag.behind(5_000, 0, appliedUpTo(0))).toEqual({ lagMs: 0, bytes: 0 });
    partition.seq = 1;
    lag.at(5_000, 100);
    partition.seq = 2;
    lag.at(6_000, 200);
    expect(lag.behind(9_000, 300, appliedUpTo(0))).toEqual({ lagMs: 4_000, bytes: 300 });
    expect(lag.behind(9_000, 300, appliedUpTo(1))).toEqual({ lagMs: 3_000, bytes: 200 });
    expect(lag.behind(9_000, 300, appliedUpTo(2))).toEqual({ lagMs: 0, bytes: 0 });
  });

  it("asks a destination only for the partitions that it has", () => {
    const partitions = [new Partition(0, 0, 2), new Partition(1, 0, 2)];
    const lag = new LagMarks(partitions, 0);
    (partitions[1] as Partition).seq = 5;
    lag.at(1_000, 0);
    expect(lag.behind(2_000, 10, (id) => (id === 0 ? new AppliedSet() : undefined)).lagMs).toBe(0);
    expect(lag.behind(2_000, 10, (id) => (id === 1 ? new AppliedSet() : undefined)).lagMs).toBe(1_000);
  });

  it("goes on when the wall clock goes back", () => {
    const partition = new Partition(0, 0, 2);
    const lag = new LagMarks([partition], 0);
    partition.seq = 1;
    lag.at(10_000, 0);
    partition.seq = 2;
    lag.at(2_000, 50);
    expect(lag.count).toBe(2);
    expect(lag.behind(3_000, 60, appliedUpTo(1))).toEqual({ lagMs: 1_000, bytes: 60 });
    expect(lag.behind(3_000, 60, appliedUpTo(0)).lagMs).toBe(0);
  });

  it("stays within its bound, and close to the true age, over a long cut and a short one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 20_000 }), fc.integer({ min: 1, max: 50 }), (writes, everyMs) => {
        const partition = new Partition(0, 0, 2);
        const lag = new LagMarks([partition], 0);
        for (let i = 1; i <= writes; i++) {
          partition.seq = i;
          lag.at(i * everyMs, i * 10);
        }
        expect(lag.count).toBeLessThanOrEqual(1_024);
        const nowMs = writes * everyMs;
        for (const applied of [0, Math.floor(writes / 3), writes - 1]) {
          const trueLagMs = nowMs - (applied + 1) * everyMs;
          const { lagMs } = lag.behind(nowMs, writes * 10, appliedUpTo(applied));
          const toleranceMs = Math.max(20, (4 * nowMs) / 1_024) + everyMs;
          expect(Math.abs(lagMs - trueLagMs)).toBeLessThanOrEqual(toleranceMs);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("drops what is stable before it drops what is not", () => {
    const partition = new Partition(0, 0, 2);
    const lag = new LagMarks([partition], 0);
    for (let i = 1; i <= 3_000; i++) {
      partition.seq = i;
      partition.stable[0] = i - 3;
      lag.at(i * 20, i * 10);
    }
    expect(lag.count).toBeLessThanOrEqual(1_024);
    expect(lag.behind(60_000, 30_000, appliedUpTo(2_997))).toEqual({ lagMs: 40, bytes: 30 });
  });
});
