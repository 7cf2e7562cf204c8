/*
 * Warnings that strangers can cause as often as they like: each event is said at most once a second, with how often it was
 * left out since. Bounded by the number of events, which the program knows.
 */
import type { RespLogger } from "./resp-driver.ts";

const gapMs = 1000;

export class PacedWarnings {
  private readonly said = new Map<string, { atMs: number; suppressed: number }>();
  private readonly logger: RespLogger;
  private readonly now: () => number;

  constructor(logger: RespLogger, now: () => number = () => performance.now()) {
    this.logger = logger;
    this.now = now;
  }

  warn(event: string, fields: object, message: string): void {
    const nowMs = this.now();
    const last = this.said.get(event);
    if (last !== undefined && nowMs - last.atMs < gapMs) {
      last.suppressed++;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    this.said.set(event, { atMs: nowMs, suppressed: 0 });
    this.logger.warn({ event, ...fields, ...(suppressed > 0 ? { suppressed } : {}) }, message);
  }
}
