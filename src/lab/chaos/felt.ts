/*
 * What clients felt in one datacenter: how long operations took, how many failed and why, and the longest time in which not
 * one succeeded. Memory is bounded whatever the length of the run.
 */

/** Latencies are counted in steps of two per cent. */
const stepBase = Math.log(1.02);

export class Felt {
  operations = 0;
  succeeded = 0;
  acknowledgedWrites = 0;
  /** Of operations that succeeded. */
  latencyMsMax = 0;
  /** The longest time without an operation that succeeded, and how far into the run it began. */
  longestGapMs = 0;
  longestGapAtMs = 0;
  /** Operations that failed, by code. */
  readonly errors = new Map<string, number>();
  private readonly steps = new Map<number, number>();
  private readonly beganAtMs: number;
  private lastSuccessMs: number;

  constructor(nowMs: number) {
    this.beganAtMs = nowMs;
    this.lastSuccessMs = nowMs;
  }

  success(beganMs: number, endedMs: number): void {
    const ms = endedMs - beganMs;
    const step = Math.ceil(Math.log(Math.max(ms, 0.001)) / stepBase);
    this.operations++;
    this.succeeded++;
    this.steps.set(step, (this.steps.get(step) ?? 0) + 1);
    this.latencyMsMax = Math.max(this.latencyMsMax, ms);
    this.answered(endedMs);
  }

  /** Something succeeded at that time. */
  answered(nowMs: number): void {
    this.endGap(nowMs);
    this.lastSuccessMs = Math.max(this.lastSuccessMs, nowMs);
  }

  failure(code: string): void {
    this.operations++;
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** The run is over: the last gap counts as well. */
  end(nowMs: number): void {
    this.endGap(nowMs);
  }

  private endGap(nowMs: number): void {
    if (nowMs - this.lastSuccessMs <= this.longestGapMs) return;
    this.longestGapMs = nowMs - this.lastSuccessMs;
    this.longestGapAtMs = this.lastSuccessMs - this.beganAtMs;
  }

  /** The latency in milliseconds below which this share of those that succeeded lies, at most two per cent too high. */
  latencyMs(share: number): number {
    let seen = 0;
    for (const [step, count] of [...this.steps].toSorted(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= share * this.succeeded) return Math.min(Math.exp(step * stepBase), this.latencyMsMax);
    }
    return 0;
  }
}
