/*
 * Reads RESP's two building blocks, lines and bulk bodies, out of chunks that may be cut anywhere. The request parser and
 * the reply parser stand on it.
 *
 * Each read either succeeds and moves past what it read, or takes all that is left of the chunk into `partial` and says
 * that more is needed. So when a parser asks for more, the chunk is used up: nobody holds on to it, and the caller may
 * reuse its memory. The quick reads serve what lies whole in the chunk, which is nearly everything, and do nothing else;
 * where they give up, the slow reads decide, so there is one place for each rule.
 *
 * Limits are the parsers': they compare what was read, or what is held (`heldBytes`), against them. What an answer is
 * must not depend on how the bytes were cut.
 */
import { invariant } from "../../shared/assert.ts";
import { type Bytes, type ByteString, allocBytes } from "../../shared/bytes.ts";
import { CR, LF, ZERO } from "./wire-bytes.ts";
import { PartialBytes } from "./partial-bytes.ts";

/** Header numbers of more digits are read the slow way; so the quick way stays within 31-bit integers. */
const QUICK_DIGITS_MAX = 9;
const NO_CHUNK: Bytes = allocBytes(0);

export class ChunkReader {
  /** The chunk being read is `chunk[position, end)`. The parsers' own quick reads move `position`. */
  chunk: Bytes = NO_CHUNK;
  position = 0;
  end = 0;
  /** True once a bulk body was not followed by CRLF. */
  unterminated = false;
  readonly #partial = new PartialBytes();

  /** The next chunk; the last one must be used up. It may not change until it is used up or `retain` was called. */
  feed(chunk: Bytes): void {
    invariant(this.position === this.end, "a chunk is fed when the last one is used up");
    this.chunk = chunk;
    this.position = 0;
    this.end = chunk.length;
  }

  /** Copies what is unread, for a caller that stops in the middle of a chunk whose memory it will reuse. */
  retain(): void {
    const unread = allocBytes(this.end - this.position);
    this.chunk.copy(unread, 0, this.position, this.end);
    this.chunk = unread;
    this.end = unread.length;
    this.position = 0;
  }

  /** Lets go of a chunk that is used up, so that it does not stay alive beside an idle connection. */
  release(): void {
    this.chunk = NO_CHUNK;
    this.position = 0;
    this.end = 0;
  }

  /** Lets go of everything, read or not: the stream has ended. */
  discard(): void {
    this.release();
    this.#partial.clear();
  }

  /** Bytes of the unfinished line or body. */
  get heldBytes(): number {
    return this.#partial.length;
  }

  get unreadBytes(): number {
    return this.end - this.position;
  }

  /** The first byte of the line that is being read; -1 when nothing of it has arrived. */
  firstByte(): number {
    if (this.#partial.length > 0) return this.#partial.byteAt(0);
    return this.position < this.end ? (this.chunk[this.position] as number) : -1;
  }

  /**
   * The number n of a header line (a type byte, then n in digits, then CRLF) that lies whole at the read position,
   * which then moves past it. -1 (and nothing moved) when `readLine` has to decide.
   */
  quickHeader(): number {
    const chunk = this.chunk;
    const digitsEndMax = Math.min(this.end - 2, this.position + 1 + QUICK_DIGITS_MAX);
    let at = this.position + 1;
    let value = 0;
    while (at <= digitsEndMax) {
      const byte = chunk[at] as number;
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (at > digitsEndMax || chunk[at] !== CR || chunk[at + 1] !== LF) return -1;
    const digits = at - this.position - 1;
    // No digits, a leading zero, or a line begun in an earlier chunk.
    if (digits === 0 || (digits > 1 && chunk[this.position + 1] === ZERO) || this.#partial.length > 0) return -1;
    this.position = at + 2;
    return value;
  }

  /**
   * The next line without its LF (a CR before it is still there); undefined when its end has not arrived. `lengthMax`
   * only bounds the room made for an unfinished line.
   */
  readLine(lengthMax: number): ByteString | undefined {
    const lineEnd = this.#find(LF);
    const stop = lineEnd < 0 ? this.end : lineEnd;
    if (lineEnd >= 0 && this.#partial.length === 0) {
      const line = this.chunk.latin1Slice(this.position, lineEnd);
      this.position = lineEnd + 1;
      return line;
    }
    this.#partial.append(this.chunk, this.position, stop, lengthMax);
    this.position = lineEnd < 0 ? stop : stop + 1;
    return lineEnd < 0 ? undefined : this.#partial.take(this.#partial.length);
  }

  /**
   * A body of `length` bytes and the CRLF behind it; undefined when they have not all arrived, or when something else
   * than CRLF follows (then `unterminated` is set).
   */
  readBody(length: number): ByteString | undefined {
    if (this.#partial.length === 0 && this.position + length + 2 <= this.end) return this.#readWholeBody(length);
    const partial = this.#partial;
    const stop = Math.min(this.end, this.position + length + 2 - partial.length);
    partial.append(this.chunk, this.position, stop, length + 2);
    this.position = stop;
    if (partial.length < length + 2) return undefined;
    this.unterminated = partial.byteAt(length) !== CR || partial.byteAt(length + 1) !== LF;
    return this.unterminated ? undefined : partial.take(length);
  }

  #readWholeBody(length: number): ByteString | undefined {
    const start = this.position;
    const stop = start + length;
    this.position = stop + 2;
    if (this.chunk[stop] !== CR || this.chunk[stop + 1] !== LF) {
      this.unterminated = true;
      return undefined;
    }
    return length === 0 ? "" : this.chunk.latin1Slice(start, stop);
  }

  #find(byte: number): number {
    const { chunk, end } = this;
    for (let at = this.position; at < end; at++) if (chunk[at] === byte) return at;
    return -1;
  }
}
