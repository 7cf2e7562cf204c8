/*
 * Checkpoints: what is applied goes to the store in the background, and the log behind it may go (design, section 4).
 *
 *   idle ──begin──▶ taking: batches of changed records ──last one──▶ the batch with the meta record ──durable──▶ idle
 *
 * A checkpoint is fuzzy: records may hold changes that came after the position that it covers. Each record says which log
 * entry changed it last, so replaying from that position applies nothing twice. What is in the meta record is from the moment
 * of `begin`: everything before `position` is in the batches.
 *
 * In: begin, a batch is durable or failed. Out: batches. The driver writes them; a failed one is taken again later.
 */
import { isPassing } from "./collector.ts";
import type { KeyRecord } from "./key-record.ts";
import type { NodeCore } from "./node-core.ts";
import { encodeMeta, metaKey } from "./node-meta.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { encodeRecord, listedKey, recordKey } from "../protocol/record.ts";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";

const batchBytes = 1024 * 1024;
const listedValue: Bytes = allocBytes(0);

export interface CheckpointBatch {
  readonly puts: (readonly [key: ByteString, value: Bytes])[];
  readonly deletes: ByteString[];
  /** The last batch carries the position that all of them together cover. */
  readonly last: boolean;
}

export class Checkpoint {
  readonly position: number;
  private readonly core: NodeCore;
  private readonly records: KeyRecord[];
  private readonly meta: Bytes;
  /** What `meta` says about where destinations need the log from. */
  private readonly shippedFrom: number;
  private next = 0;
  private taken: KeyRecord[] = [];
  /** Collected before it began: what they had beaten lies before `position`. */
  private readonly collected: Set<KeyRecord>;
  private readonly unlisted: Set<KeyRecord>;

  /** Everything applied so far is in the log before `position`. */
  constructor(core: NodeCore, position: number) {
    this.core = core;
    this.position = position;
    core.state.checkpointing = true;
    this.records = core.state.dirty;
    core.state.dirty = [];
    core.state.dirtyBytes = 0;
    this.collected = core.state.collected;
    core.state.collected = new Set();
    this.unlisted = core.state.unlisted;
    core.state.unlisted = new Set();
    this.meta = encodeMeta(core, position);
    let shippedFrom = position;
    for (const { neededFrom } of core.shippers.values()) shippedFrom = Math.min(shippedFrom, neededFrom);
    this.shippedFrom = shippedFrom;
  }

  get remaining(): number {
    return this.records.length - this.next;
  }

  /** The next batch to write; one at a time. */
  take(): CheckpointBatch {
    const puts: [ByteString, Bytes][] = [];
    const writer = new ByteWriter(256);
    this.taken = [];
    let bytes = 0;
    while (this.next < this.records.length && bytes < batchBytes) {
      const record = this.records[this.next++] as KeyRecord;
      const version = record.current;
      record.dirty = false;
      // Collected meanwhile: its delete belongs to the next checkpoint.
      if (version === undefined) continue;
      record.writing = true;
      this.taken.push(record);
      writer.reset();
      encodeRecord(writer, version);
      puts.push([this.keyOf(record), writer.copy()]);
      if (isPassing(version)) puts.push([this.listedKeyOf(record), listedValue]);
      bytes += writer.length + record.key.length;
    }
    const last = this.next === this.records.length;
    if (!last) return { puts, deletes: [], last };
    puts.push([metaKey, this.meta]);
    return { puts, deletes: this.deletes(), last };
  }

  /** In the batch that moves the position, and no earlier (collector.ts). */
  private deletes(): ByteString[] {
    const deletes: ByteString[] = [];
    for (const record of this.collected) {
      if (record.current === undefined) deletes.push(this.keyOf(record), this.listedKeyOf(record));
    }
    for (const record of this.unlisted) {
      const { current } = record;
      if (current !== undefined && !isPassing(current)) deletes.push(this.listedKeyOf(record));
    }
    return deletes;
  }

  batchDurable(): void {
    for (const record of this.taken) record.writing = false;
    this.taken = [];
    if (this.next !== this.records.length) return;
    this.core.state.checkpointing = false;
    this.core.shippingKept(this.shippedFrom);
    for (const record of this.unlisted) record.pins--;
    for (const record of this.collected) {
      record.pins--;
      if (record.current === undefined && record.latest === undefined && record.evictable) {
        this.core.state.partitionOf(record).evict(record);
      }
    }
  }

  /** The batch did not get there: its records, and all that follow, are for another checkpoint. */
  abandon(): void {
    this.core.state.checkpointing = false;
    for (const record of this.taken) {
      record.writing = false;
      this.core.state.markDirty(record);
    }
    this.taken = [];
    for (const record of this.records.slice(this.next)) {
      record.dirty = false;
      this.core.state.markDirty(record);
    }
    this.next = this.records.length;
    for (const record of this.collected) this.core.state.collected.add(record);
    for (const record of this.unlisted) this.core.state.unlisted.add(record);
  }

  private listedKeyOf(record: KeyRecord): ByteString {
    return listedKey(this.core.placement.partitionOfHash(record.hash), record.hash, record.key);
  }

  private keyOf(record: KeyRecord): ByteString {
    return recordKey(this.core.placement.partitionOfHash(record.hash), record.hash, record.key);
  }
}
