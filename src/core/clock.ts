/*
 * The hybrid logical clock of a node (Kulkarni et al., 2014; design, 3.1), one for all of its partitions.
 *
 * In: physical time, and the times of messages. Out: times that strictly increase.
 *
 * A clock never goes back across a restart, also where it ran ahead of physical time or physical time went back: no time
 * above `durableBound` is ever told to anybody, a log entry that carries a greater time follows a `reserve` entry in the
 * same log, and a restart begins at the greatest bound found there. (With the bound left out a promise of closed time
 * made before a crash is broken after it.)
 *
 * Keeps invariants 3 and 4.
 */
import { clockReserveAheadMs } from "../shared/limits.ts";
import { hybridTimeOfUnixMs, ticksPerMs } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";

export class HybridClock {
  /** The greatest time given out or seen. */
  private last: HybridTime = 0;
  private physical: HybridTime = 0;
  /** The bound of the newest `reserve` entry proposed: entries after it may carry times up to it. */
  private reserved: HybridTime = 0;
  /** The bound of the newest `reserve` entry that is durable: times up to it may be told. */
  private durable: HybridTime = 0;

  /** After a restart: `bound` is the greatest bound that the log held. */
  restore(bound: HybridTime): void {
    this.pass(bound);
    this.reserved = Math.max(this.reserved, bound);
    this.durable = Math.max(this.durable, bound);
  }

  /** Physical time, in Unix ms; may jump either way. */
  setPhysical(unixMs: number): void {
    this.physical = hybridTimeOfUnixMs(unixMs);
  }

  get physicalTime(): HybridTime {
    return this.physical;
  }

  /** The time that `next` would give. */
  peek(floor: HybridTime): HybridTime {
    return Math.max(this.last + 1, this.physical, floor + 1);
  }

  /** A new time, above every earlier one, above `floor`, and not below physical time. */
  next(floor: HybridTime): HybridTime {
    let time = this.last + 1;
    if (this.physical > time) time = this.physical;
    if (floor >= time) time = floor + 1;
    this.last = time;
    return time;
  }

  /** Everything that happens here from now on is above `time`. */
  pass(time: HybridTime): void {
    if (time > this.last) this.last = time;
  }

  /**
   * What a reply carries: at or above the visible time of everything that is applied here. Bounded by what is reserved on
   * disk, so a restart never begins below it, and remembered, so that physical time may go back without breaking it.
   */
  told(): HybridTime {
    if (this.physical > this.last) this.last = this.physical;
    return this.last < this.durable ? this.last : this.durable;
  }

  /** At or above every time given out, also of what is still on its way to the disk: this one may not be told yet. */
  greatest(): HybridTime {
    if (this.physical > this.last) this.last = this.physical;
    return this.last;
  }

  /** Whether an entry at `time` must be preceded by a new reserve. */
  needsReserve(time: HybridTime): boolean {
    return time > this.reserved;
  }

  /** Whether the reserve runs out soon: then it is extended ahead of need, so that nobody waits for it. */
  reserveRunsLow(): boolean {
    return this.last > 0 && this.last + (clockReserveAheadMs * ticksPerMs) / 2 > this.reserved;
  }

  /** The bound of a reserve proposed now; never below an earlier one, also when physical time went back since. */
  reserveAhead(time: HybridTime): HybridTime {
    const ahead = Math.max(time, this.last, this.physical) + clockReserveAheadMs * ticksPerMs;
    if (ahead > this.reserved) this.reserved = ahead;
    return this.reserved;
  }

  reserveDurable(bound: HybridTime): void {
    if (bound > this.durable) this.durable = bound;
  }

  get durableBound(): HybridTime {
    return this.durable;
  }
}
