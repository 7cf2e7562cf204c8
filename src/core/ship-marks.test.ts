import { describe, expect, it } from "vitest";
import { AppliedSet } from "./applied-set.ts";
import { Partition } from "./partition.ts";
import { RecentFrames } from "./recent-frames.ts";
import { ShipMarks } from "./ship-marks.ts";
import { allocZeroedBytes } from "../shared/bytes.ts";
import { recentFramesBytesMax } from "../shared/limits.ts";

const MiB = 1024 * 1024;

/** Two partitions whose log grows by 5 MiB a step; partition 0 gets a seq in each. */
function marked(steps: number): { marks: ShipMarks; partitions: [Partition, Partition] } {
  const partitions: [Partition, Partition] = [new Partition(0, 0, 2), new Partition(1, 0, 2)];
  const marks = new ShipMarks(partitions);
  for (let step = 0; step < steps; step++) {
    marks.at(step * 5 * MiB);
    partitions[0].seq++;
  }
  return { marks, partitions };
}

const applied =
  (watermark: number, ranges: number[] = []) =>
  (partition: number): AppliedSet | undefined =>
    partition === 0 ? AppliedSet.of(watermark, ranges) : undefined;

describe("ShipMarks", () => {
  it("say from where a destination needs the log: after the last mark that it has wholly applied", () => {
    const { marks } = marked(4);
    expect(marks.resumePosition(0, applied(0))).toBe(0);
    expect(marks.resumePosition(0, applied(2))).toBe(10 * MiB);
    expect(marks.resumePosition(0, applied(2, [4, 9]))).toBe(10 * MiB);
    expect(marks.resumePosition(0, applied(100))).toBe(15 * MiB);
  });

  it("never go back, and ask a destination only for the partitions that it has", () => {
    const { marks, partitions } = marked(2);
    partitions[1].seq = 50;
    marks.at(10 * MiB);
    expect(marks.resumePosition(7 * MiB, applied(0))).toBe(7 * MiB);
    expect(marks.resumePosition(0, applied(2))).toBe(10 * MiB);
  });

  it("stand apart, and go when nobody resumes below them", () => {
    const { marks } = marked(4);
    marks.at(15 * MiB + 1);
    expect(marks.count).toBe(4);
    marks.dropBefore(12 * MiB);
    expect(marks.count).toBe(2);
    expect(marks.resumePosition(10 * MiB, applied(3))).toBe(15 * MiB);
    marks.dropBefore(100 * MiB);
    expect(marks.count).toBe(1);
  });
});

describe("RecentFrames", () => {
  it("find the frame at or after a position, as long as none from there on is gone", () => {
    const recent = new RecentFrames();
    expect(recent.from(0)).toBeUndefined();
    for (let i = 1; i < 6; i++) recent.add({ position: i * 10, end: i * 10 + 7, payload: allocZeroedBytes(7) });
    expect(recent.from(9)).toBeUndefined();
    expect(recent.from(10)?.position).toBe(10);
    expect(recent.from(17)?.position).toBe(20);
    expect(recent.from(57)).toBeUndefined();
  });

  it("stay within their bound; the oldest go first, and one that is larger than all of it stays", () => {
    const recent = new RecentFrames();
    const payload = allocZeroedBytes(recentFramesBytesMax / 100);
    for (let i = 0; i < 1_000; i++) recent.add({ position: i, end: i + 1, payload });
    expect(recent.bytes).toBeLessThanOrEqual(recentFramesBytesMax);
    expect(recent.from(899)).toBeUndefined();
    for (let i = 900; i < 1_000; i++) expect(recent.from(i)?.position).toBe(i);
    recent.add({ position: 1_000, end: 1_001, payload: allocZeroedBytes(recentFramesBytesMax + 1) });
    expect(recent.from(999)).toBeUndefined();
    expect(recent.from(1_000)?.position).toBe(1_000);
  });
});
