/*
 * Log entries: the changes of a node's partitions, in the order in which its log holds them (design, 3.1 and 4). A frame
 * of the log is a run of entries:
 *
 *   u32 length of what follows   u8 kind   u16 partition   u64 index   u64 visible time   body
 *
 * put      body: the write (write.ts); origin is this datacenter; visible time = the version's time
 * apply    body: the write as it came from another datacenter
 * hole     body: u16 datacenter, u64 from, u64 to: sequence numbers of this partition that no write will ever have;
 *          they count as applied (design, 3.4). Of local origin (ships like a put) or applied from elsewhere.
 * reserve  body: u64 clock bound, u64 seq bound: no time and no sequence number above these is used before the next
 *          reserve is durable; a restart begins above both. Belongs to the node: partition and index are 0.
 * part     body: the write (write.ts) of one part of a transaction that was committed here, its home; ships like a put
 * apply-part  body: the part as it came from another datacenter; both are visible at the transaction's time here, which may lie
 *          below that of entries before, above its prepare
 * prepare  body: transaction id (messages/transaction.ts), u16 node that coordinates it here, u8 holds its key, the write
 * abort    body: transaction id. Belongs to the node, like reserve
 * decide   body: transaction id, u64 visible time, u64 seq of its dot, u16 count, { u16 node whose commit is awaited }. Node's
 * done     body: transaction id, u64 seq of its dot: every part is committed here, the dot counts as applied
 *
 * Other kinds come with later protocols; a reader that meets an unknown kind refuses the log rather than skip it.
 */
import { ByteReader, DecodeError } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { HybridTime } from "./hybrid-time.ts";
import { decodeTransactionId, encodeTransactionId } from "./messages/transaction.ts";
import type { TransactionId } from "./messages/transaction.ts";
import type { Bytes } from "../shared/bytes.ts";

export const entryPut = 1;
export const entryApply = 2;
export const entryHole = 3;
export const entryReserve = 4;
export const entryPart = 5;
export const entryApplyPart = 6;
export const entryPrepare = 7;
export const entryAbort = 8;
export const entryDecide = 9;
export const entryDone = 10;

/** Whether an entry of this kind belongs to the node and not to a partition: it has no partition, index or time. */
export function isNodeEntry(kind: number): boolean {
  return kind === entryReserve || kind === entryAbort || kind === entryDecide;
}

export const entryHeaderBytes = 23;

/** Starts an entry and answers where its length must be filled in by `endEntry`. */
export function beginEntry(
  writer: ByteWriter,
  kind: number,
  partition: number,
  index: number,
  visible: HybridTime,
): number {
  const at = writer.length;
  writer.u32(0);
  writer.u8(kind);
  writer.u16(partition);
  writer.u64(index);
  writer.u64(visible);
  return at;
}

export function endEntry(writer: ByteWriter, at: number): void {
  writer.putU32(at, writer.length - at - 4);
}

/** Walks the entries of a frame; after `next()` the header's fields are set and `body` spans the entry's body. */
export class EntryCursor {
  kind = 0;
  partition = 0;
  index = 0;
  visible: HybridTime = 0;
  readonly body: ByteReader = new ByteReader();
  private readonly frame: ByteReader = new ByteReader();

  over(frame: Bytes, start: number, end: number): this {
    this.frame.over(frame, start, end);
    return this;
  }

  next(): boolean {
    const frame = this.frame;
    if (frame.remaining === 0) return false;
    const length = frame.u32();
    const at = frame.skip(length);
    if (length < entryHeaderBytes - 4) throw new DecodeError(`log entry of ${length} bytes is too short`);
    const body = this.body.over(frame.bytes, at, at + length);
    this.kind = body.u8();
    this.partition = body.u16();
    this.index = body.u64();
    this.visible = body.u64();
    return true;
  }
}

/** A run of sequence numbers of one origin datacenter that stay unused. */
export interface Hole {
  readonly datacenter: number;
  readonly from: number;
  readonly to: number;
}

export function encodeHole(writer: ByteWriter, hole: Hole): void {
  writer.u16(hole.datacenter);
  writer.u64(hole.from);
  writer.u64(hole.to);
}

export function decodeHole(reader: ByteReader): Hole {
  const hole = { datacenter: reader.u16(), from: reader.u64(), to: reader.u64() };
  if (hole.from < 1 || hole.to < hole.from) throw new DecodeError(`impossible hole ${hole.from}..${hole.to}`);
  return hole;
}

/** What a prepare says beside the write, which follows. */
export interface Prepared {
  readonly id: TransactionId;
  /** The node that coordinates it here. */
  readonly coordinator: number;
  readonly holds: boolean;
}

export function encodePrepared(writer: ByteWriter, { id, coordinator, holds }: Prepared): void {
  encodeTransactionId(writer, id);
  writer.u16(coordinator);
  writer.u8(holds ? 1 : 0);
}

export function decodePrepared(reader: ByteReader): Prepared {
  return { id: decodeTransactionId(reader), coordinator: reader.u16(), holds: reader.u8() !== 0 };
}

/** A decision to commit, and whose commit was awaited. */
export interface Decided {
  readonly id: TransactionId;
  readonly visible: HybridTime;
  /** Of its dot. */
  readonly seq: number;
  readonly cohorts: readonly number[];
}

export function encodeDecided(writer: ByteWriter, { id, visible, seq, cohorts }: Decided): void {
  encodeTransactionId(writer, id);
  writer.u64(visible);
  writer.u64(seq);
  writer.u16(cohorts.length);
  for (const cohort of cohorts) writer.u16(cohort);
}

export function decodeDecided(reader: ByteReader): Decided {
  const id = decodeTransactionId(reader);
  const visible = reader.u64();
  const seq = reader.u64();
  const cohorts: number[] = [];
  const count = reader.u16();
  for (let i = 0; i < count; i++) cohorts.push(reader.u16());
  return { id, visible, seq, cohorts };
}
