/*
 * A key's record as it is kept in the store.
 *
 *   u8 format version   u8 effect   u16 datacenter   u16 partition   u64 time   u64 seq   u64 visible time
 *   u64 index (log entry of its last change)   u64 expiry, Unix ms (0: never)
 *   format 2: u64 time, u16 datacenter, u16 partition, u64 seq of the write that set the expiry
 *   value to the end
 *
 * Format 1 is that of a value whose own write set its expiry, format 2 of one whose expiry was set later.
 *
 * Its key in the store is `r`, u16 partition, u32 hash, key, big-endian, so that a range walks a partition in the order
 * of hashes: the order of SCAN, whose cursor therefore needs no state.
 */
import { ByteReader, DecodeError } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { Version } from "./version.ts";
import { decodeEffect, decodeVersionName, encodeVersionName } from "./write.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";

const recordFormat = 1;
export const recordFormatTouched = 2;
export const recordPrefixBytes = 7;
/** All fields before the value, of either format. */
const headerBytes = 66;

export function encodeRecord(writer: ByteWriter, version: Version): void {
  writer.reserve(headerBytes + version.value.length);
  const { touch } = version;
  writer.u8(touch === undefined ? recordFormat : recordFormatTouched);
  writer.u8(version.effect);
  writer.u16(version.datacenter);
  writer.u16(version.partition);
  writer.u64(version.time);
  writer.u64(version.seq);
  writer.u64(version.visible);
  writer.u64(version.index);
  writer.u64(version.expiry);
  if (touch !== undefined) {
    encodeVersionName(writer, touch);
    writer.u64(touch.seq);
  }
  const length = version.value.length;
  writer.bytes.latin1Write(version.value, writer.length, length);
  writer.length += length;
}

export function decodeRecord(bytes: Bytes): Version {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== recordFormat && format !== recordFormatTouched) {
    throw new DecodeError(`record format ${format}, this program reads ${recordFormat} and ${recordFormatTouched}`);
  }
  const effect = decodeEffect(reader.u8());
  const datacenter = reader.u16();
  const partition = reader.u16();
  const time = reader.u64();
  const seq = reader.u64();
  const visible = reader.u64();
  const index = reader.u64();
  const expiry = reader.u64();
  const touch = format === recordFormatTouched ? { ...decodeVersionName(reader), seq: reader.u64() } : undefined;
  const value = bytes.latin1Slice(reader.offset, bytes.length);
  return new Version(effect, value, time, datacenter, partition, seq, visible, index, expiry, touch);
}

/** Where the records of `partition` begin, at hash `hash`. */
export function recordKeyPrefix(partition: number, hash: number): ByteString {
  return String.fromCharCode(
    0x72,
    partition >>> 8,
    partition & 0xff,
    hash >>> 24,
    (hash >>> 16) & 0xff,
    (hash >>> 8) & 0xff,
    hash & 0xff,
  );
}

/**
 * Records that end (tombstones, values with an expiry) are listed once more, under `g` in the place of `r`, with the Unix ms
 * from which they are of interest: so that those who collect them need not look through all.
 */
export const listedKeyStart: ByteString = "g";
export const listedKeyEnd: ByteString = "h";

export function listedKey(partition: number, hash: number, key: ByteString): ByteString {
  return listedKeyStart + recordKey(partition, hash, key).slice(1);
}

/** The key of a record that is listed there. */
export function keyOfListed(listed: ByteString): ByteString {
  return listed.slice(recordPrefixBytes);
}

export function recordKey(partition: number, hash: number, key: ByteString): ByteString {
  return recordKeyPrefix(partition, hash) + key;
}
