/*
 * How long the operations of one connection took, from the turn of the event loop in which a request arrived to the one in
 * which its answer went out. What arrived together and is answered together is a run, observed once: per operation there
 * is a comparison and an addition, per turn one reading of the clock for all connections (resp-server.ts).
 *
 *   answered(arrival, ...) ──same arrival──▶ counted      ──another arrival──▶ the run is observed, the next begins
 *   end(now), when answers are handed to the socket ──▶ observed
 */
import type { OperationLatencies } from "../http/measures.ts";

export class LatencyRuns {
  private readonly latencies: OperationLatencies;
  /** Of the run. */
  private arrivedMs = 0;
  private reads = 0;
  private writes = 0;

  constructor(latencies: OperationLatencies) {
    this.latencies = latencies;
  }

  readAnswered(arrivedMs: number): void {
    if (arrivedMs !== this.arrivedMs) this.next(arrivedMs);
    this.reads++;
  }

  writeAnswered(arrivedMs: number): void {
    if (arrivedMs !== this.arrivedMs) this.next(arrivedMs);
    this.writes++;
  }

  /** On the clock of `arrivedMs`: milliseconds that never go back. */
  end(nowMs: number): void {
    const { reads, writes, latencies } = this;
    const durationMs = nowMs - this.arrivedMs;
    if (reads > 0) {
      latencies.read.observeMs(durationMs, reads);
      this.reads = 0;
    }
    if (writes > 0) {
      latencies.write.observeMs(durationMs, writes);
      this.writes = 0;
    }
  }

  /** A turn answers what arrived in several: seldom, so the clock is read for it. */
  private next(arrivedMs: number): void {
    if (this.reads > 0 || this.writes > 0) this.end(performance.now());
    this.arrivedMs = arrivedMs;
  }
}
