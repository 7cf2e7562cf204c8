/*
 * Keeps the memory for records within its bound: what is unchanged since the store got it and nobody holds may go
 * (design, section 4). A second-chance sweep: a record that was used since the last visit stays once more.
 *
 * The records' sizes are counted when the sweep passes by, not on the hot path: the figure lags, by one round at most.
 */
import type { KeyRecord } from "./key-record.ts";
import type { NodeState } from "./node-state.ts";
import type { Partition } from "./partition.ts";

const visitsPerSweep = 4096;

export class RecordCache {
  /** Bytes in records, as counted by the last full round. */
  bytes = 0;
  private round = 0;
  private readonly bytesMax: number;
  private readonly state: NodeState;
  private partitions: Iterator<Partition>;
  private records: Iterator<KeyRecord> | undefined;
  private partition: Partition | undefined;

  constructor(state: NodeState, bytesMax: number) {
    this.state = state;
    this.bytesMax = bytesMax;
    this.partitions = state.partitions.values();
  }

  /** A record came from the store. */
  added(record: KeyRecord): void {
    this.bytes += record.bytes;
  }

  /** Visits some records; with memory short, the unused ones among them leave. */
  sweep(): void {
    for (let visits = 0; visits < visitsPerSweep; visits++) {
      const record = this.nextRecord();
      if (record === undefined) return;
      this.visit(record);
    }
  }

  private visit(record: KeyRecord): void {
    if (this.bytes > this.bytesMax && record.evictable) {
      if (!record.used) {
        this.partition?.records.delete(record.key);
        this.bytes -= record.bytes;
        this.state.counters.evictions++;
        return;
      }
      record.used = false;
    }
    this.round += record.bytes;
  }

  private nextRecord(): KeyRecord | undefined {
    for (;;) {
      const next = this.records?.next();
      if (next?.done === false) return next.value;
      const partition = this.partitions.next();
      if (partition.done === true) {
        this.bytes = this.round;
        this.round = 0;
        this.partitions = this.state.partitions.values();
        this.records = undefined;
        return undefined;
      }
      this.partition = partition.value;
      this.records = partition.value.records.values();
    }
  }
}
