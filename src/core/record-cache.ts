/*
 * Keeps the memory for records within its bound: what is unchanged since the store got it and nobody holds may go
 * (design, section 4). A second-chance sweep, a little at a time: a record that was used since the last visit stays once
 * more. While there is room it does nothing.
 */
import { transTimeMs } from "../shared/limits.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import type { KeyRecord } from "./key-record.ts";
import type { NodeState } from "./node-state.ts";
import type { Partition } from "./partition.ts";

const visitsPerSweep = 4096;

export class RecordCache {
  /** Something that should leave stays until the clock that this node tells has gone on. */
  waitsForClock = false;
  /** Beyond this, unchanged records leave memory. */
  readonly bytesMax: number;
  private readonly state: NodeState;
  private partitions: Iterator<Partition>;
  private records: Iterator<KeyRecord> | undefined;
  onEvicted: (record: KeyRecord) => void = () => undefined;
  private partition: Partition | undefined;

  constructor(state: NodeState, bytesMax: number) {
    this.state = state;
    this.bytesMax = bytesMax;
    this.partitions = state.partitions.values();
  }

  /** Memory taken by records, as KeyRecord estimates it. */
  get bytes(): number {
    let bytes = 0;
    for (const partition of this.state.partitions.values()) bytes += partition.bytes;
    return bytes;
  }

  /** Visits some records while memory is short, each once at most; the unused ones among them leave. */
  sweep(): void {
    this.waitsForClock = false;
    let excess = this.bytes - this.bytesMax;
    if (excess <= 0) return;
    let records = 0;
    for (const partition of this.state.partitions.values()) records += partition.records.size + 1;
    const visitsMax = Math.min(visitsPerSweep, records);
    for (let visits = 0; excess > 0 && visits < visitsMax; visits++) {
      const record = this.nextRecord();
      if (record === undefined) continue;
      if (record.used) record.used = false;
      else if (this.mayGo(record)) excess -= this.evict(record);
    }
  }

  /** What it hid, written unread, snapshots may still ask for: that it is not known is known here alone. */
  private mayGo(record: KeyRecord): boolean {
    if (!record.evictable) return false;
    const { older, clock } = this.state;
    if (record.unknownBefore > 0 && older.pinCount > 0) return false;
    if (record.unknownBefore <= older.floor) return true;
    if (record.unknownBefore + transTimeMs * ticksPerMs > clock.told()) {
      this.waitsForClock = true;
      return false;
    }
    older.floor = record.unknownBefore;
    return true;
  }

  private evict(record: KeyRecord): number {
    this.partition?.evict(record);
    this.onEvicted(record);
    this.state.counters.evictions++;
    return record.bytes;
  }

  /** The next record of the round; undefined between two partitions. */
  private nextRecord(): KeyRecord | undefined {
    const next = this.records?.next();
    if (next?.done === false) return next.value;
    const partition = this.partitions.next();
    if (partition.done === true) {
      this.partitions = this.state.partitions.values();
      this.records = undefined;
      return undefined;
    }
    this.partition = partition.value;
    this.records = partition.value.records.values();
    return undefined;
  }
}
