/*
 * The beginning of a line or bulk value whose rest has not arrived. What arrives is appended to one buffer that doubles,
 * so a value in many chunks costs a constant number of copies per byte, and its memory follows what was received, not
 * what the sender announced (invariant 14). `take` makes the byte string once and lets the buffer go: an idle connection
 * keeps none.
 */
import { type Bytes, type ByteString, allocBytes } from "../../shared/bytes.ts";

const CAPACITY_BYTES_MIN = 64;
const NONE: Bytes = allocBytes(0);

export class PartialBytes {
  #bytes: Bytes = NONE;
  /** Bytes held. */
  length = 0;

  /** Appends `source[start, end)`. `expectedLength` is how long the whole will be at most: more room is never made. */
  append(source: Bytes, start: number, end: number, expectedLength: number): void {
    const needed = this.length + end - start;
    if (needed > this.#bytes.length) this.#grow(needed, expectedLength);
    source.copy(this.#bytes, this.length, start, end);
    this.length = needed;
  }

  byteAt(index: number): number {
    return this.#bytes[index] as number;
  }

  /** The first `length` bytes held; afterwards nothing is held. */
  take(length: number): ByteString {
    const taken = this.#bytes.latin1Slice(0, length);
    this.clear();
    return taken;
  }

  clear(): void {
    this.#bytes = NONE;
    this.length = 0;
  }

  #grow(needed: number, expectedLength: number): void {
    const doubled = Math.max(2 * this.#bytes.length, CAPACITY_BYTES_MIN);
    const grown = allocBytes(Math.max(needed, Math.min(doubled, expectedLength)));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}
