/*
 * The state of one partition at its only replica (design, 3.1 with R = 1): what its log entries add up to.
 *
 * In: entries, when they are proposed and again when they are durable. Out: nothing; it only answers questions.
 *
 * Keeps invariant 2 (`proposed` drops a repeated dot, `applied` is what is told) and invariant 5 (a record's current
 * version is only ever replaced by a greater one).
 */
import { AppliedSet } from "./applied-set.ts";
import { ClosedTimes } from "./closed-times.ts";
import { KeyRecord } from "./key-record.ts";
import type { OlderVersions } from "./older-versions.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { originOf } from "../protocol/version.ts";
import type { Origin, Version } from "../protocol/version.ts";
import type { ByteString } from "../shared/bytes.ts";

export class Partition {
  readonly id: number;
  /** The origin of the writes that clients send to this partition here. */
  readonly origin: Origin;
  readonly records: Map<ByteString, KeyRecord> = new Map();
  /** Memory taken by `records`, as KeyRecord estimates it. */
  bytes = 0;
  /** The last sequence number given to a client's write. */
  seq = 0;
  /** The last one that recovery found on disk. */
  recoveredSeq = 0;
  /** The last index given to a log entry. */
  index = 0;
  /** The index of the last log entry that is durable and applied. */
  appliedIndex = 0;
  /** By origin datacenter: durable and visible (or beaten). */
  readonly applied: AppliedSet[] = [];
  /** By origin datacenter: in the log, perhaps not durable yet. A superset of `applied`. */
  readonly proposed: AppliedSet[] = [];
  /** By origin datacenter: every seq up to this one is applied in every datacenter, and this node's clock passed it. */
  readonly stable: number[] = [];
  /** Up to which version nothing of an origin can still arrive, or everything is applied everywhere. */
  readonly closed: ClosedTimes;
  /** No version of this partition has a greater time: a write above it wins without a look at the old record. */
  greatestTime: HybridTime = 0;

  constructor(id: number, datacenter: number, datacenters: number) {
    this.id = id;
    this.origin = originOf(datacenter, id);
    this.closed = new ClosedTimes(datacenters);
    for (let d = 0; d < datacenters; d++) {
      this.applied.push(new AppliedSet());
      this.proposed.push(new AppliedSet());
      this.stable.push(0);
    }
  }

  appliedOf(datacenter: number): AppliedSet {
    return this.applied[datacenter] as AppliedSet;
  }

  proposedOf(datacenter: number): AppliedSet {
    return this.proposed[datacenter] as AppliedSet;
  }

  /** The last sequence number of a client's write, or of a hole, that is durable. */
  get appliedSeq(): number {
    return this.appliedOf(this.origin >>> 16).greatest;
  }

  isStable(datacenter: number, seq: number): boolean {
    return seq <= (this.stable[datacenter] as number);
  }

  /** The record of a key; made when it is not in memory. */
  record(key: ByteString, hash: number): KeyRecord {
    let record = this.records.get(key);
    if (record === undefined) {
      record = new KeyRecord(key, hash);
      this.records.set(key, record);
      this.bytes += record.bytes;
    } else {
      // Written only when it changes: most records are hot already, and a write would dirty a cold line.
      if (!record.used) record.used = true;
    }
    return record;
  }

  /** A version of this record is applied. Answers whether it is visible. */
  apply(record: KeyRecord, version: Version, older: OlderVersions, isNewest = false): boolean {
    const before = record.bytes;
    const visible = record.apply(version, older, isNewest);
    this.bytes += record.bytes - before;
    return visible;
  }

  /** As `apply`, in recovery. */
  replay(record: KeyRecord, version: Version): boolean {
    const before = record.bytes;
    const visible = record.replay(version);
    this.bytes += record.bytes - before;
    return visible;
  }

  /** The store's answer for a record. */
  load(record: KeyRecord, stored: Version | undefined): void {
    const before = record.bytes;
    record.load(stored);
    this.bytes += record.bytes - before;
  }

  /** Nothing is there any more. */
  collect(record: KeyRecord): void {
    const before = record.bytes;
    record.collect();
    this.bytes += record.bytes - before;
  }

  /** Drops a record that the store has too. */
  evict(record: KeyRecord): void {
    if (this.records.delete(record.key)) this.bytes -= record.bytes;
  }
}
