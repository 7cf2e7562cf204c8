/*
 * Recovery (design, 3.9): the newest checkpoint, then the log from the position that it covers.
 *
 *   meta record ──▶ frames, in order: the records that a frame changes are loaded first, then its entries are applied
 *               ──▶ end: clocks and sequence numbers begin above everything that may ever have been given out
 *
 * Replay applies nothing twice: a record knows the log entry that changed it last. What is replayed was durable before the
 * crash or is made so before anything is served (the Log port syncs what it recovered).
 */
import { isPassing } from "./collector.ts";
import { versionOf } from "./head.ts";
import type { KeyRecord } from "./key-record.ts";
import type { NodeCore } from "./node-core.ts";
import type { Partition } from "./partition.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import type { ByteReader } from "../protocol/byte-reader.ts";
import {
  decodeDecided,
  decodeHole,
  decodePrepared,
  EntryCursor,
  entryAbort,
  entryApply,
  entryApplyPart,
  entryDecide,
  entryDone,
  entryHole,
  entryPart,
  entryPrepare,
  entryPut,
  entryReserve,
} from "../protocol/log-entry.ts";
import { unixMsOfHybridTime } from "../protocol/hybrid-time.ts";
import { decodeTransactionId } from "../protocol/messages/transaction.ts";
import { effectExpire } from "../protocol/version.ts";
import type { Version } from "../protocol/version.ts";
import { decodeWrite } from "../protocol/write.ts";
import type { Bytes } from "../shared/bytes.ts";

export class Recovery {
  entries = 0;
  private readonly core: NodeCore;
  private readonly cursor = new EntryCursor();

  constructor(core: NodeCore) {
    this.core = core;
  }

  /** The records that these frames change and that the store must be asked for. Answers each once. */
  recordsToLoad(frames: readonly Bytes[]): KeyRecord[] {
    const records = new Set<KeyRecord>();
    for (const { parts } of this.core.cohort.table.values()) {
      for (const { record } of parts) if (!record.loaded) records.add(record);
    }
    for (const frame of frames) {
      const cursor = this.cursor.over(frame, 0, frame.length);
      while (cursor.next()) {
        if (!changesRecord(cursor.kind)) continue;
        const partition = this.partition(cursor);
        if (cursor.kind === entryPrepare) decodePrepared(cursor.body);
        const record = this.core.state.record(partition, decodeWrite(cursor.body).key);
        if (!record.loaded) records.add(record);
      }
    }
    return [...records];
  }

  /** The store's answer for a record that `recordsToLoad` named. */
  load(record: KeyRecord, stored: Version | undefined): void {
    this.core.state.partitionOf(record).load(record, stored);
  }

  /** Applies one frame whose records are loaded. */
  replay(frame: Bytes): void {
    const cursor = this.cursor.over(frame, 0, frame.length);
    while (cursor.next()) {
      this.entries++;
      this.replayEntry(cursor);
    }
    const { lag, marks } = this.core;
    if (cursor.visible > 0) lag.at(unixMsOfHybridTime(cursor.visible), marks.position);
  }

  private replayEntry(cursor: EntryCursor): void {
    if (cursor.kind === entryReserve) this.replayReserve(cursor.body);
    else if (cursor.kind === entryHole) this.replayHole(cursor);
    else if (cursor.kind === entryPrepare) this.replayPrepare(cursor);
    else if (changesRecord(cursor.kind)) this.replayWrite(cursor);
    else if (cursor.kind === entryAbort) this.core.cohort.restoreDropped(decodeTransactionId(cursor.body));
    else if (cursor.kind === entryDecide) this.replayDecision(cursor.body);
    else if (cursor.kind === entryDone) this.replayDone(cursor);
    else throw new DecodeError(`log entry of unknown kind ${cursor.kind}: written by a newer program`);
  }

  /** Every frame is replayed: from here on nothing that was ever given out is given out again. */
  finish(): void {
    const { head, state, stability } = this.core;
    stability.restore(state.clock.durableBound);
    // What was visible before is known as far as it still is: older versions were memory.
    state.older.floor = state.clock.durableBound;
    state.older.collectedUpTo = state.clock.durableBound;
    for (const partition of state.partitions.values()) {
      const given = partition.seq;
      partition.recoveredSeq = given;
      if (head.seqBound > given) {
        partition.seq = head.seqBound;
        head.hole(partition, { datacenter: state.datacenter, from: given + 1, to: head.seqBound });
      }
    }
  }

  private replayReserve(body: ByteReader): void {
    this.core.state.clock.restore(body.u64());
    this.core.head.restoreSeqBound(body.u64());
  }

  private replayWrite(cursor: EntryCursor): void {
    const { state, head } = this.core;
    const { index, visible } = cursor;
    const partition = this.partition(cursor);
    const write = decodeWrite(cursor.body);
    const { time, datacenter, seq, part } = write;
    this.entryReplayed(partition, index, visible);
    partition.greatestTime = Math.max(partition.greatestTime, time);
    if (part?.index === 0) this.seqGiven(partition, datacenter, seq);
    else this.seqsReplayed(partition, datacenter, seq, seq);
    const record = state.record(partition, write.key);
    const version = versionOf(write, record.current, visible, index);
    if (write.request !== undefined && datacenter === state.datacenter) {
      head.requests.add(write.request, { key: write.key, version, lsn: 0 }, state.timerMs);
    }
    if (part !== undefined) this.core.cohort.restoreCommitted(write, record);
    if (record.current !== undefined && record.current.index >= index) return;
    if (version.effect === effectExpire || !partition.replay(record, version)) return;
    record.latest = version;
    state.markDirty(record);
    if (isPassing(version)) this.core.collector.add(record);
  }

  private replayPrepare(cursor: EntryCursor): void {
    const { index, visible } = cursor;
    const partition = this.partition(cursor);
    this.entryReplayed(partition, index, visible);
    this.core.cohort.restorePrepared(decodePrepared(cursor.body), decodeWrite(cursor.body), partition, visible);
  }

  private replayDecision(body: ByteReader): void {
    const { id, visible, seq, cohorts } = decodeDecided(body);
    this.core.coordinator.restore(id, visible, seq, cohorts);
  }

  private replayDone(cursor: EntryCursor): void {
    const partition = this.partition(cursor);
    this.entryReplayed(partition, cursor.index, cursor.visible);
    const id = decodeTransactionId(cursor.body);
    const seq = cursor.body.u64();
    this.seqsReplayed(partition, id.datacenter, seq, seq);
    this.core.coordinator.restoreDone(id);
  }

  private replayHole(cursor: EntryCursor): void {
    const partition = this.partition(cursor);
    this.entryReplayed(partition, cursor.index, cursor.visible);
    const hole = decodeHole(cursor.body);
    this.seqsReplayed(partition, hole.datacenter, hole.from, hole.to);
  }

  private entryReplayed(partition: Partition, index: number, visible: number): void {
    this.core.state.clock.pass(visible);
    partition.index = Math.max(partition.index, index);
    partition.appliedIndex = partition.index;
  }

  private seqsReplayed(partition: Partition, datacenter: number, from: number, to: number): void {
    partition.appliedOf(datacenter).addRange(from, to);
    partition.proposedOf(datacenter).addRange(from, to);
    this.seqGiven(partition, datacenter, to);
  }

  private seqGiven(partition: Partition, datacenter: number, seq: number): void {
    if (datacenter === this.core.state.datacenter) partition.seq = Math.max(partition.seq, seq);
  }

  private partition(cursor: EntryCursor): Partition {
    const partition = this.core.state.local(cursor.partition);
    if (partition === undefined) throw new DecodeError(`the log holds partition ${cursor.partition}, not this node's`);
    return partition;
  }
}

/** Whether entries of this kind hold a write, and its record is needed to replay them. */
function changesRecord(kind: number): boolean {
  const isWrite = kind === entryPut || kind === entryApply;
  return isWrite || kind === entryPart || kind === entryApplyPart || kind === entryPrepare;
}
