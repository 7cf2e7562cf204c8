/*
 * Collects, from frames of the log, the entries that one destination needs into the body of one stream message: puts, parts of
 * transactions and holes of this datacenter's origin, of partitions whose equivalent the destination owns, that it has not applied yet. The
 * entries are copied as they are: no write is decoded to be shipped. A message ends when it is full, also in the middle of a frame: a
 * frame of the log may be larger than any frame of the transport.
 */
import type { AppliedSet } from "./applied-set.ts";
import type { CommittedFrame } from "./recent-frames.ts";
import { shipMessageBytes } from "../shared/limits.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { decodeHole, EntryCursor, entryHeaderBytes, entryHole, entryPart, entryPut } from "../protocol/log-entry.ts";
import { beginMessage, endMessage, messageStreamData } from "../protocol/messages/message.ts";

/** Where a write's seq stands in its body: after effect, flags, datacenter, partition and time (write.ts). */
const seqOffsetInWrite = 14;

export class StreamBatch {
  entries = 0;
  /** Where in the log the first collected frame begins. */
  position = 0;
  private readonly writer = new ByteWriter(16 * 1024);
  /** By partition: the last seq collected since the stream was opened. */
  private readonly lastSeqs: Float64Array;
  private readonly cursor = new EntryCursor();
  private readonly datacenter: number;
  private readonly applied: ReadonlyMap<number, AppliedSet>;

  constructor(datacenter: number, applied: ReadonlyMap<number, AppliedSet>) {
    this.datacenter = datacenter;
    this.applied = applied;
    let greatest = -1;
    for (const partition of applied.keys()) greatest = Math.max(greatest, partition);
    this.lastSeqs = new Float64Array(greatest + 1);
  }

  get bytes(): number {
    return this.writer.length;
  }

  clear(): void {
    this.writer.reset();
    this.entries = 0;
  }

  lastSeqOf(partition: number): number {
    return this.lastSeqs[partition] ?? 0;
  }

  /** The stream was opened: nothing of it is collected yet. */
  beginAgain(): void {
    this.lastSeqs.fill(0);
  }

  /** Goes on with the entries of this frame. */
  begin(frame: CommittedFrame): void {
    this.framePosition = frame.position;
    this.cursor.over(frame.payload, 0, frame.payload.length);
  }

  /** Collects entries of the frame. True when the message is full before the frame is at its end: send it and go on. */
  fill(): boolean {
    const { cursor } = this;
    while (cursor.next()) {
      const applied = this.applied.get(cursor.partition);
      if (applied === undefined || !this.isNeeded(applied)) continue;
      const { body } = cursor;
      const end = body.end;
      if (this.entries === 0) this.position = this.framePosition;
      this.writer.raw(body.bytes, this.bodyStart - entryHeaderBytes, end);
      this.entries++;
      this.lastSeqs[cursor.partition] = this.seq;
      if (this.writer.length >= shipMessageBytes) return true;
    }
    return false;
  }

  writeTo(outbox: ByteWriter, epoch: number, number: number): void {
    const at = beginMessage(outbox, messageStreamData);
    outbox.u64(epoch);
    outbox.u32(number);
    outbox.raw(this.writer.bytes, 0, this.writer.length);
    endMessage(outbox, at);
    this.clear();
  }

  private framePosition = 0;
  private bodyStart = 0;
  private seq = 0;

  private isNeeded(applied: AppliedSet): boolean {
    const { kind, body } = this.cursor;
    this.bodyStart = body.offset;
    if (kind === entryPut || kind === entryPart) {
      body.skip(seqOffsetInWrite);
      this.seq = body.u64();
      return !applied.has(this.seq);
    }
    if (kind !== entryHole) return false;
    const hole = decodeHole(body);
    this.seq = hole.to;
    return hole.datacenter === this.datacenter && applied.watermark < hole.to;
  }
}
