/*
 * What the hot paths measure for `/metrics`, in memory that is there from the start.
 */
import { LatencyHistogram } from "./latency-histogram.ts";
import type { LogFrame, LogPosition, LogSegment, LogStats, Log } from "../../storage/log.ts";
import type { Bytes } from "../../shared/bytes.ts";

/** From the arrival of a client's request to its answer. */
export class OperationLatencies {
  readonly read: LatencyHistogram = new LatencyHistogram();
  readonly write: LatencyHistogram = new LatencyHistogram();
}

/** A log that measures how long each append, with its sync, takes. */
export class MeasuredLog implements Log {
  readonly appends: LatencyHistogram = new LatencyHistogram();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  get start(): LogPosition {
    return this.#log.start;
  }

  get end(): LogPosition {
    return this.#log.end;
  }

  async append(payload: Bytes, length: number): Promise<LogPosition> {
    const startedMs = performance.now();
    const end = await this.#log.append(payload, length);
    this.appends.observeMs(performance.now() - startedMs);
    return end;
  }

  read(from: LogPosition, maxBytes: number): Promise<LogFrame[]> {
    return this.#log.read(from, maxBytes);
  }

  segments(): readonly LogSegment[] {
    return this.#log.segments();
  }

  truncate(before: LogPosition): Promise<void> {
    return this.#log.truncate(before);
  }

  stats(): LogStats {
    return this.#log.stats();
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
