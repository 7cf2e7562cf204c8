/*
 * The format of the file log: segment files, their header, the header of a frame. docs/adr/0001-log-is-the-truth.md has
 * the tables; numbers are little-endian.
 *
 * A frame is taken for one only where its header's checksum, seeded with the segment's random salt, covers the very
 * position at which it stands. So neither zeros, nor bytes left by an earlier use of the disk, nor a stored value made
 * to look like a frame can ever be mistaken for one.
 *
 * Kept in every later format version: the first 64 bytes of a segment, where magic, version and checksum are.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { LogPosition } from "./log.ts";

export const LOG_FORMAT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 64;
export const FRAME_HEADER_BYTES = 20;

const MAGIC = Buffer.from("copslog\n", "latin1");
const IDENTITY_BYTES = 16;
const TWO_TO_32 = 2 ** 32;

export interface SegmentHeader {
  readonly version: number;
  /** Segments are numbered from 1 without gaps. */
  readonly number: number;
  /** The log position of the first frame. */
  readonly base: LogPosition;
  /** A hash of the cluster's and the node's identity, in hexadecimal. */
  readonly identity: string;
  /** Random for each segment; seeds the checksums of its frame headers. */
  readonly salt: number;
  /** The size of the file, which a crash cannot change: it was durable before the header was written. */
  readonly fileBytes: number;
}

export type DecodedSegmentHeader =
  | { readonly kind: "header"; readonly header: SegmentHeader }
  | { readonly kind: "blank" }
  | { readonly kind: "damaged"; readonly reason: string };

export function identityHash(identity: string): string {
  return createHash("sha256")
    .update(identity)
    .digest("hex")
    .slice(0, IDENTITY_BYTES * 2);
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt32LE(header.version, 8);
  bytes.writeUInt32LE(header.number, 12);
  writePosition(bytes, 16, header.base);
  bytes.write(header.identity, 24, IDENTITY_BYTES, "hex");
  bytes.writeUInt32LE(header.salt, 40);
  writePosition(bytes, 44, header.fileBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, SEGMENT_HEADER_BYTES - 4)), SEGMENT_HEADER_BYTES - 4);
  return bytes;
}

/** `bytes` is what the file begins with; shorter than a header where the file is. */
export function decodeSegmentHeader(bytes: Buffer): DecodedSegmentHeader {
  if (bytes.every((byte) => byte === 0)) return { kind: "blank" };
  if (bytes.length < SEGMENT_HEADER_BYTES) return { kind: "damaged", reason: "header cut short" };
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return { kind: "damaged", reason: "not a segment of the log" };
  }
  const checksum = crc32(bytes.subarray(0, SEGMENT_HEADER_BYTES - 4));
  if (checksum !== bytes.readUInt32LE(SEGMENT_HEADER_BYTES - 4)) {
    return { kind: "damaged", reason: "checksum of the header" };
  }
  const header: SegmentHeader = {
    version: bytes.readUInt32LE(8),
    number: bytes.readUInt32LE(12),
    base: readPosition(bytes, 16),
    identity: bytes.toString("hex", 24, 24 + IDENTITY_BYTES),
    salt: bytes.readUInt32LE(40),
    fileBytes: readPosition(bytes, 44),
  };
  return { kind: "header", header };
}

/** Writes the header of a frame of `payload` at `position` into the first bytes of `into`. */
export function encodeFrameHeader(into: Buffer, position: LogPosition, payload: Uint8Array, salt: number): void {
  into.writeUInt32LE(payload.length, 0);
  into.writeUInt32LE(crc32(payload), 4);
  writePosition(into, 8, position);
  into.writeUInt32LE(crc32(into.subarray(0, FRAME_HEADER_BYTES - 4), salt), FRAME_HEADER_BYTES - 4);
}

/** The payload's length if a whole, valid header of the frame at `position` stands at `offset`, else -1. */
export function frameLengthAt(bytes: Buffer, offset: number, position: LogPosition, salt: number): number {
  const end = offset + FRAME_HEADER_BYTES;
  if (end > bytes.length || readPosition(bytes, offset + 8) !== position) return -1;
  const checksum = crc32(bytes.subarray(offset, end - 4), salt);
  return checksum === bytes.readUInt32LE(end - 4) ? bytes.readUInt32LE(offset) : -1;
}

/** The payload's checksum, as the frame header at `offset` states it. */
export function payloadChecksumAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 4);
}

function writePosition(into: Buffer, offset: number, position: LogPosition): void {
  into.writeUInt32LE(position % TWO_TO_32, offset);
  into.writeUInt32LE(Math.floor(position / TWO_TO_32), offset + 4);
}

function readPosition(bytes: Buffer, offset: number): LogPosition {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * TWO_TO_32;
}

const SEGMENT_NAME = /^(\d{10})\.segment$/u;

export function segmentFileName(number: number): string {
  return `${String(number).padStart(10, "0")}.segment`;
}

/** The number that a file name stands for; undefined for a file that is no segment. */
export function segmentNumberOf(fileName: string): number | undefined {
  const digits = SEGMENT_NAME.exec(fileName)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
