import { describe, expect, it } from "vitest";
import { byteStringOf, bytesOf } from "../../shared/bytes.ts";
import { Random } from "../../shared/random.ts";
import { Disk } from "./disk.ts";
import type { DiskPlan } from "./plan.ts";
import { Scheduler } from "./scheduler.ts";

const plan: DiskPlan = { syncMs: 5, slowSync: 0, slowSyncMs: 0, readMs: 1, keepUnsynced: 0.5, storeFailure: 0 };
const framesBefore = 6;

interface Machine {
  readonly scheduler: Scheduler;
  readonly disk: Disk;
  readonly told: string[];
}

/** A disk with a few frames on it, and then an append, a batch and a truncation under way at once. */
function busy(seed: number, cutAfter: number): Machine {
  const scheduler = new Scheduler();
  const disk = new Disk(scheduler, new Random(seed), plan);
  const told: string[] = [];
  for (let i = 0; i < framesBefore; i++) append(disk, `frame ${i}`, () => undefined, scheduler);
  const kept = disk.read(0, Number.POSITIVE_INFINITY).at(-1)?.position ?? 0;
  if (cutAfter > 0) disk.cutPowerAfter(cutAfter, () => disk.crash());
  const bytes = bytesOf("last");
  disk.append(bytes, bytes.length, () => told.push("append"));
  disk.write({ puts: [["key", bytes]], deletes: [] }, () => told.push("batch"));
  disk.truncate(kept);
  run(scheduler);
  return { scheduler, disk, told };
}

function append(disk: Disk, text: string, done: () => void, scheduler: Scheduler): void {
  const bytes = bytesOf(text);
  disk.append(bytes, bytes.length, done);
  run(scheduler);
}

function run(scheduler: Scheduler): void {
  while (scheduler.step(scheduler.nowMs + 1_000));
}

function framesOf(disk: Disk): string[] {
  return disk.read(disk.start, Number.POSITIVE_INFINITY).map(({ payload }) => byteStringOf(payload));
}

describe("the simulated disk", () => {
  it("does everything when power stays", () => {
    const { disk, told } = busy(1, 0);
    expect(told.toSorted()).toEqual(["append", "batch"]);
    expect(framesOf(disk)).toEqual(["frame 5", "last"]);
    expect(disk.store.has("key")).toBe(true);
  });

  it("loses power between any two file operations: what was told is there, the log is whole, what was not is a matter of luck", () => {
    const ends = new Set<string>();
    for (let operations = 1; operations <= 8; operations++) {
      for (let seed = 1; seed <= 60; seed++) {
        const { disk, told } = busy(seed, operations);
        const frames = framesOf(disk);
        if (told.includes("append")) expect(frames.at(-1)).toBe("last");
        if (told.includes("batch")) expect(disk.store.has("key")).toBe(true);
        expect(frames).toContain("frame 5");
        const first = Number(frames[0]?.split(" ")[1]);
        const whole = Array.from({ length: framesBefore - first }, (_, i) => `frame ${first + i}`);
        expect(frames.filter((frame) => frame !== "last")).toEqual(whole);
        ends.add(`${frames.includes("last")} ${disk.store.has("key")} ${first} ${told.join()}`);
      }
    }
    // The append and the batch, told or not or gone, and each number of files removed: they do not depend on each other.
    expect(ends.size).toBeGreaterThan(12);
  });

  it("tells nobody after a sync that failed, and may hold the frame all the same", () => {
    const kept = new Set<boolean>();
    for (let seed = 1; seed <= 20; seed++) {
      const scheduler = new Scheduler();
      const disk = new Disk(scheduler, new Random(seed), plan);
      let stopped = 0;
      disk.failSync(() => {
        stopped++;
        disk.crash();
      });
      append(disk, "lost or not", () => expect.unreachable("told after a failed sync"), scheduler);
      expect(stopped).toBe(1);
      kept.add(framesOf(disk).length === 1);
      append(disk, "after the restart", () => undefined, scheduler);
      expect(framesOf(disk).at(-1)).toBe("after the restart");
    }
    expect(kept.size).toBe(2);
  });
});
