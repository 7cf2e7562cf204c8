/*
 * Replication between a node and a node of another datacenter that owns equivalents of its partitions (design, 3.3).
 *
 * The receiver opens a stream and says what it has applied; the shipper sends, from its log, everything else. `epoch` names
 * one opening: acknowledgements of an older one are ignored, data of an older one is as good as any.
 *
 * stream-open   u64 epoch, u32 count, { u16 partition, u64 watermark, u32 ranges, { u64 from, u64 to } }
 * stream-data   u64 epoch, u32 number, log entries as in the shipper's log (log-entry.ts) to the end; may be empty
 * stream-ack    u64 epoch, u64 clock, u32 count, { u32 number received }, u32 count, { u16 partition, u64 watermark applied }
 * closed        u64 time, u32 count, { u16 partition, u64 seq }: no write of the sender's datacenter above that seq has a version
 *               at or below the time
 * stable        u64 clock, u32 count, { u16 partition, u64 seq }: writes of the sender's datacenter, applied everywhere
 */
import type { ByteReader } from "../byte-reader.ts";
import { DecodeError } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import {
  beginMessage,
  endMessage,
  messageClosed,
  messageStable,
  messageStreamAck,
  messageStreamOpen,
} from "./message.ts";
import { partitionsMax } from "../../shared/limits.ts";
import type { HybridTime } from "../hybrid-time.ts";

const rangesMax = 1_000_000;
const numbersMax = 1_000_000;

export interface AppliedOf {
  readonly partition: number;
  readonly watermark: number;
  /** Pairs of first and last seq beyond the watermark. */
  readonly ranges: readonly number[];
}

export interface StreamOpen {
  readonly epoch: number;
  readonly applied: readonly AppliedOf[];
}

export function encodeStreamOpen(writer: ByteWriter, open: StreamOpen): void {
  const at = beginMessage(writer, messageStreamOpen);
  writer.u64(open.epoch);
  writer.u32(open.applied.length);
  for (const { partition, watermark, ranges } of open.applied) {
    writer.u16(partition);
    writer.u64(watermark);
    writer.u32(ranges.length / 2);
    for (const seq of ranges) writer.u64(seq);
  }
  endMessage(writer, at);
}

export function decodeStreamOpen(reader: ByteReader): StreamOpen {
  const epoch = reader.u64();
  const applied: AppliedOf[] = [];
  const count = countBelow(reader.u32(), partitionsMax, "partitions");
  for (let i = 0; i < count; i++) {
    const partition = reader.u16();
    const watermark = reader.u64();
    const pairs = countBelow(reader.u32(), rangesMax, "ranges");
    const ranges: number[] = [];
    for (let r = 0; r < pairs * 2; r++) ranges.push(reader.u64());
    checkAscending(watermark, ranges);
    applied.push({ partition, watermark, ranges });
  }
  return { epoch, applied };
}

export interface StreamAck {
  readonly epoch: number;
  /** At or above the visible time, at the sender, of everything that it has applied. */
  readonly clock: HybridTime;
  readonly received: readonly number[];
  /** Pairs of partition and applied watermark. */
  readonly applied: readonly number[];
}

export function encodeStreamAck(writer: ByteWriter, ack: StreamAck): void {
  const at = beginMessage(writer, messageStreamAck);
  writer.u64(ack.epoch);
  writer.u64(ack.clock);
  writer.u32(ack.received.length);
  for (const number of ack.received) writer.u32(number);
  encodeSeqs(writer, ack.applied);
  endMessage(writer, at);
}

export function decodeStreamAck(reader: ByteReader): StreamAck {
  const epoch = reader.u64();
  const clock = reader.u64();
  const received: number[] = [];
  const count = countBelow(reader.u32(), numbersMax, "acknowledged numbers");
  for (let i = 0; i < count; i++) received.push(reader.u32());
  return { epoch, clock, received, applied: decodeSeqs(reader) };
}

export interface ClosedAnnouncement {
  readonly time: HybridTime;
  /** Pairs of partition and seq. */
  readonly seqs: readonly number[];
}

export function encodeClosed(writer: ByteWriter, closed: ClosedAnnouncement): void {
  const at = beginMessage(writer, messageClosed);
  writer.u64(closed.time);
  encodeSeqs(writer, closed.seqs);
  endMessage(writer, at);
}

export function decodeClosed(reader: ByteReader): ClosedAnnouncement {
  return { time: reader.u64(), seqs: decodeSeqs(reader) };
}

export interface StableNotice {
  /** The greatest clock of the acknowledgements that made these stable. */
  readonly clock: HybridTime;
  /** Pairs of partition and seq. */
  readonly stable: readonly number[];
}

export function encodeStable(writer: ByteWriter, notice: StableNotice): void {
  const at = beginMessage(writer, messageStable);
  writer.u64(notice.clock);
  encodeSeqs(writer, notice.stable);
  endMessage(writer, at);
}

export function decodeStable(reader: ByteReader): StableNotice {
  return { clock: reader.u64(), stable: decodeSeqs(reader) };
}

function encodeSeqs(writer: ByteWriter, pairs: readonly number[]): void {
  writer.u32(pairs.length / 2);
  for (let i = 0; i < pairs.length; i += 2) {
    writer.u16(pairs[i] as number);
    writer.u64(pairs[i + 1] as number);
  }
}

function decodeSeqs(reader: ByteReader): number[] {
  const count = countBelow(reader.u32(), partitionsMax, "partitions");
  const pairs: number[] = [];
  for (let i = 0; i < count; i++) pairs.push(reader.u16(), reader.u64());
  return pairs;
}

function countBelow(count: number, max: number, what: string): number {
  if (count > max) throw new DecodeError(`${count} ${what}, at most ${max} are allowed`);
  return count;
}

function checkAscending(watermark: number, ranges: readonly number[]): void {
  let before = watermark;
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [ranges[i] as number, ranges[i + 1] as number];
    if (from <= before || to < from) throw new DecodeError(`applied range ${from}..${to} follows ${before}`);
    before = to;
  }
}
