/*
 * A node's wall clock: virtual time seen through skew, drift and jumps. Both ways: it may go back.
 */
import { hybridEpochUnixMs } from "../../protocol/hybrid-time.ts";

/** Wall time at virtual time 0, in Unix ms: far enough above the epoch of hybrid time for clocks to be behind. */
const startUnixMs = hybridEpochUnixMs + 1_000_000_000;

export class WallClock {
  private offsetMs: number;
  private readonly drift: number;
  private isRight = false;
  /** The furthest that it has ever been ahead. */
  aheadMsMax: number;

  constructor(skewMs: number, drift: number) {
    this.offsetMs = skewMs;
    this.drift = drift;
    this.aheadMsMax = Math.max(0, skewMs);
  }

  read(virtualMs: number): number {
    const driftMs = this.isRight ? 0 : virtualMs * this.drift;
    return Math.floor(startUnixMs + virtualMs + this.offsetMs + driftMs);
  }

  /** The clock that never jumps, by which timeouts are counted; it drifts like the other, being the same quartz. */
  steady(virtualMs: number): number {
    return virtualMs * (1 + this.drift);
  }

  jump(byMs: number): void {
    this.offsetMs += byMs;
    this.aheadMsMax = Math.max(this.aheadMsMax, this.offsetMs);
  }

  /** From now on it tells the true time. */
  heal(): void {
    this.offsetMs = 0;
    this.isRight = true;
  }
}
