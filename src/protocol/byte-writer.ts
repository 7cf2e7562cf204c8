/*
 * A growing buffer that binary messages and log entries are encoded into. Little-endian throughout. Integers up to 2^53
 * go as two 32-bit halves. One writer is reused for frame after frame: `reset` keeps the memory.
 */
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";

const twoTo32 = 4294967296;

export class ByteWriter {
  bytes: Bytes;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = allocBytes(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `more` bytes; every write below does, so callers need it only before writing into `bytes` itself. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = allocBytes(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    const bytes = this.bytes;
    bytes[this.length] = value;
    bytes[this.length + 1] = value >>> 8;
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.putU32(this.length, value);
    this.length += 4;
  }

  /** A safe integer, 0 to 2^53 - 1. */
  u64(value: number): void {
    this.reserve(8);
    this.putU32(this.length, value);
    this.putU32(this.length + 4, value / twoTo32);
    this.length += 8;
  }

  /** Overwrites four bytes already written: a length that is known only at the end. */
  putU32(offset: number, value: number): void {
    const bytes = this.bytes;
    const low = value >>> 0;
    bytes[offset] = low;
    bytes[offset + 1] = low >>> 8;
    bytes[offset + 2] = low >>> 16;
    bytes[offset + 3] = low >>> 24;
  }

  /** A length in four bytes, then the bytes. */
  text(value: ByteString): void {
    const size = value.length;
    this.reserve(4 + size);
    this.putU32(this.length, size);
    this.bytes.latin1Write(value, this.length + 4, size);
    this.length += 4 + size;
  }

  raw(source: Bytes, start: number, end: number): void {
    this.reserve(end - start);
    source.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  /** A copy of what was written. */
  copy(): Bytes {
    const out = allocBytes(this.length);
    this.bytes.copy(out, 0, 0, this.length);
    return out;
  }
}
