/*
 * How long things took: fixed buckets from a microsecond to a minute, two for each power of two. `observeMs` makes no
 * garbage and takes some nanoseconds, so it may be called for every operation. Read the clock once per turn of the event
 * loop and not per operation: what arrives in one turn is answered in one turn.
 */
import { Histogram } from "../../shared/histogram.ts";

/** The greatest bound is 2^26 microseconds, 67 seconds. */
const octaves = 26;

export class LatencyHistogram extends Histogram {
  constructor() {
    super(octaves);
  }

  /** `times` operations took this long each. A clock that went back counts as no time. */
  observeMs(durationMs: number, times = 1): void {
    this.observe(durationMs > 0 ? durationMs * 1_000 : 0, times);
  }
}
