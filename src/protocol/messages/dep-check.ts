/*
 * Dependency checks inside a datacenter (design, 3.3): exact dots, or prefixes; answered when they are applied.
 *
 * dep-check   u32 count, { u8 flags (1: prefix, 2: withdrawn), u16 datacenter, u16 partition, u64 seq }
 * dep-holds   u64 clock, u32 count, { the same }, u32 count, { u16 datacenter, u16 partition, u64 watermark }
 *
 * A question that nobody waits for any more is withdrawn, so that the owner need not keep it. There are no request ids: an answer names the dots that hold, and asking again is harmless. `clock` is at or above the
 * visible time of everything named, so what depends on it becomes visible above it.
 */
import type { ByteReader } from "../byte-reader.ts";
import { DecodeError } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import { beginMessage, endMessage, messageDepCheck, messageDepHolds } from "./message.ts";
import type { HybridTime } from "../hybrid-time.ts";
import { datacenterOf, originOf, partitionOf } from "../version.ts";
import type { Origin } from "../version.ts";

const dotsMax = 1_000_000;

export interface CheckedDot {
  readonly origin: Origin;
  readonly seq: number;
  readonly prefix: boolean;
  /** The asker does not wait for it any more. */
  readonly withdrawn?: boolean;
}

export interface DepHolds {
  readonly clock: HybridTime;
  readonly dots: readonly CheckedDot[];
  /** Applied watermarks of the origins named, so that later checks below them cost no message. */
  readonly watermarks: readonly { readonly origin: Origin; readonly watermark: number }[];
}

export function encodeDepCheck(writer: ByteWriter, dots: readonly CheckedDot[]): void {
  const at = beginMessage(writer, messageDepCheck);
  encodeDots(writer, dots);
  endMessage(writer, at);
}

export function decodeDepCheck(reader: ByteReader): CheckedDot[] {
  return decodeDots(reader);
}

export function encodeDepHolds(writer: ByteWriter, holds: DepHolds): void {
  const at = beginMessage(writer, messageDepHolds);
  writer.u64(holds.clock);
  encodeDots(writer, holds.dots);
  writer.u32(holds.watermarks.length);
  for (const { origin, watermark } of holds.watermarks) {
    encodeOrigin(writer, origin);
    writer.u64(watermark);
  }
  endMessage(writer, at);
}

export function decodeDepHolds(reader: ByteReader): DepHolds {
  const clock = reader.u64();
  const dots = decodeDots(reader);
  const watermarks: { origin: Origin; watermark: number }[] = [];
  const count = checkedCount(reader.u32());
  for (let i = 0; i < count; i++) watermarks.push({ origin: decodeOrigin(reader), watermark: reader.u64() });
  return { clock, dots, watermarks };
}

function encodeDots(writer: ByteWriter, dots: readonly CheckedDot[]): void {
  writer.u32(dots.length);
  for (const dot of dots) {
    writer.u8((dot.prefix ? 1 : 0) | (dot.withdrawn === true ? 2 : 0));
    encodeOrigin(writer, dot.origin);
    writer.u64(dot.seq);
  }
}

function decodeDots(reader: ByteReader): CheckedDot[] {
  const count = checkedCount(reader.u32());
  const dots: CheckedDot[] = [];
  for (let i = 0; i < count; i++) {
    const flags = reader.u8();
    if (flags > 3) throw new DecodeError(`unknown flags of a checked dot: ${flags}`);
    const dot = { prefix: (flags & 1) !== 0, origin: decodeOrigin(reader), seq: reader.u64() };
    dots.push((flags & 2) === 0 ? dot : { ...dot, withdrawn: true });
  }
  return dots;
}

function encodeOrigin(writer: ByteWriter, origin: Origin): void {
  writer.u16(datacenterOf(origin));
  writer.u16(partitionOf(origin));
}

function decodeOrigin(reader: ByteReader): Origin {
  const datacenter = reader.u16();
  return originOf(datacenter, reader.u16());
}

function checkedCount(count: number): number {
  if (count > dotsMax) throw new DecodeError(`${count} dots in one message, at most ${dotsMax} are allowed`);
  return count;
}
