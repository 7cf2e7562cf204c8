/*
 * Reads what ByteWriter wrote. Every read is checked against the end: bytes from a peer or a disk are input, so running
 * out of them is a `DecodeError` for the edge to handle, never a read out of bounds (invariant 14).
 */
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";

const twoTo32 = 4294967296;

export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly code = "MALFORMED";
  readonly retryable = false;
}

export class ByteReader {
  bytes: Bytes;
  offset = 0;
  end = 0;

  constructor(bytes: Bytes = allocBytes(0), start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  over(bytes: Bytes, start: number, end: number): this {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    return this;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  /** Moves past `count` bytes and answers where they began. */
  skip(count: number): number {
    const at = this.offset;
    if (count < 0 || count > this.end - at) {
      throw new DecodeError(`need ${count} bytes at offset ${at}, have ${this.end - at}`);
    }
    this.offset = at + count;
    return at;
  }

  u8(): number {
    return this.bytes[this.skip(1)] as number;
  }

  u16(): number {
    const at = this.skip(2);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }

  u32(): number {
    return this.u32At(this.skip(4));
  }

  u64(): number {
    const at = this.skip(8);
    const high = this.u32At(at + 4);
    if (high >= 2097152) throw new DecodeError(`integer at offset ${at} is above 2^53`);
    return high * twoTo32 + this.u32At(at);
  }

  text(lengthMax: number): ByteString {
    const length = this.u32();
    if (length > lengthMax) throw new DecodeError(`text of ${length} bytes, at most ${lengthMax} are allowed`);
    const at = this.skip(length);
    return this.bytes.latin1Slice(at, at + length);
  }

  private u32At(at: number): number {
    const bytes = this.bytes;
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    );
  }
}
