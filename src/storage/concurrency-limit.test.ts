import { describe, expect, it } from "vitest";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { StorageBusyError } from "./errors.ts";

/** Jobs that end when the test says so. */
class HeldJobs {
  readonly started: number[] = [];
  readonly #ends = new Map<number, () => void>();

  job(id: number): () => Promise<number> {
    return () => {
      this.started.push(id);
      return new Promise((resolve) => {
        this.#ends.set(id, () => resolve(id));
      });
    };
  }

  async end(id: number): Promise<void> {
    this.#ends.get(id)?.();
    await new Promise(setImmediate);
  }
}

describe("a concurrency limit", () => {
  it("runs as many as it may and the others in order", async () => {
    const limit = new ConcurrencyLimit("jobs", 2, 10);
    const jobs = new HeldJobs();
    const running = [1, 2, 3, 4].map((id) => limit.run(jobs.job(id)));
    await new Promise(setImmediate);
    expect([jobs.started, limit.running, limit.waiting]).toEqual([[1, 2], 2, 2]);
    await jobs.end(2);
    expect(jobs.started).toEqual([1, 2, 3]);
    await jobs.end(1);
    await jobs.end(3);
    await jobs.end(4);
    expect(await Promise.all(running)).toEqual([1, 2, 3, 4]);
    expect([limit.running, limit.waiting]).toEqual([0, 0]);
  });

  it("refuses what would wait beyond the bound", async () => {
    const limit = new ConcurrencyLimit("jobs", 1, 1);
    const jobs = new HeldJobs();
    const running = [limit.run(jobs.job(1)), limit.run(jobs.job(2))];
    await expect(limit.run(jobs.job(3))).rejects.toBeInstanceOf(StorageBusyError);
    await jobs.end(1);
    await jobs.end(2);
    await Promise.all(running);
  });

  it("gives a slot back when a job fails", async () => {
    const limit = new ConcurrencyLimit("jobs", 1, 1);
    await expect(limit.run(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
    expect(await limit.run(() => Promise.resolve("next"))).toBe("next");
  });

  it("runs a job alone, ahead of those that wait", async () => {
    const limit = new ConcurrencyLimit("jobs", 2, 10);
    const jobs = new HeldJobs();
    const running = [1, 2, 3].map((id) => limit.run(jobs.job(id)));
    await new Promise(setImmediate);
    const alone = limit.runAlone(jobs.job(9));
    await jobs.end(1);
    expect(jobs.started).toEqual([1, 2]);
    await jobs.end(2);
    expect(jobs.started).toEqual([1, 2, 9]);
    await jobs.end(9);
    expect(jobs.started).toEqual([1, 2, 9, 3]);
    await jobs.end(3);
    await Promise.all([...running, alone]);
  });
});
