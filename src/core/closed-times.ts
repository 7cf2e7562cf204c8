/*
 * Closed times of the origins of one partition (design, 3.3, 3.8): up to which version nothing of an origin can still arrive,
 * and up to which all of it is applied in every datacenter.
 *
 * An origin announces (T, n): no write of mine above seq n has a version at or below T. That is of use here once every seq up
 * to n is applied (then nothing at or below T can still arrive), and again once every seq up to n is stable (then everything
 * at or below T is applied everywhere). Taken for true when it merely arrived, it would let a tombstone go while an older write
 * waits behind it.
 *
 * While n is not reached the announcement waits; the newest after it is kept too, and no others. A later one with a smaller n, or
 * the same, says all that the one that waits says, and takes its place: a seq that was given out and lost in a crash before it
 * was on disk may never come.
 */
import type { HybridTime } from "../protocol/hybrid-time.ts";

interface Announced {
  readonly time: HybridTime;
  readonly seq: number;
}

/** The greatest announced time whose seqs are all in. */
class Mark {
  time: HybridTime = 0;
  private pending: Announced | undefined;
  private newest: Announced | undefined;

  announced(announced: Announced, watermark: number): void {
    const { pending } = this;
    if (pending === undefined) this.pending = announced;
    else if (announced.time > pending.time) {
      if (announced.seq > pending.seq) this.newest = announced;
      else {
        this.pending = announced;
        this.newest = undefined;
      }
    }
    this.reach(watermark);
  }

  reach(watermark: number): void {
    while (this.pending !== undefined && this.pending.seq <= watermark) {
      if (this.pending.time > this.time) this.time = this.pending.time;
      this.pending = this.newest;
      this.newest = undefined;
    }
  }
}

export class ClosedTimes {
  /** By origin datacenter. */
  private readonly closed: Mark[] = [];
  private readonly stable: Mark[] = [];

  constructor(datacenters: number) {
    for (let d = 0; d < datacenters; d++) {
      this.closed.push(new Mark());
      this.stable.push(new Mark());
    }
  }

  /** An origin says: no write above `seq` has a version at or below `time`. */
  announced(datacenter: number, time: HybridTime, seq: number, applied: number, stable: number): void {
    this.closed[datacenter]?.announced({ time, seq }, applied);
    this.stable[datacenter]?.announced({ time, seq }, stable);
  }

  /** No write of this origin with a version at or below this can still arrive, given its applied watermark. */
  closedOf(datacenter: number, applied: number): HybridTime {
    const mark = this.closed[datacenter] as Mark;
    mark.reach(applied);
    return mark.time;
  }

  /** Every write of this origin with a version at or below this is applied in every datacenter, given what is stable. */
  stableOf(datacenter: number, stable: number): HybridTime {
    const mark = this.stable[datacenter] as Mark;
    mark.reach(stable);
    return mark.time;
  }
}
