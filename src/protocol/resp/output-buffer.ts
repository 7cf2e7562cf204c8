/*
 * Output of one connection that waits to be written: a list of chunks, the last of which is being filled. Replies (see
 * ReplyWriter) and the client library's requests are written into it.
 *
 * Nothing that was written is moved again. Small values are copied into the chunk at hand; a large one that does not fit
 * gets a chunk of exactly its size, so a value of any length costs one copy. `take` hands the chunks out in order, for
 * one socket write each; whoever took a chunk releases it to the pool when the socket has let go of it.
 *
 * The buffer itself has no limit: its owner compares `pendingBytes` with the connection's output limit after each command
 * and closes the connection beyond it (docs/LIMITS.md).
 */
import { type Bytes, type ByteString } from "../../shared/bytes.ts";
import { OUTPUT_CHUNK_BYTES, OutputChunk, type OutputPool } from "./output-pool.ts";
import { CR, LF, TYPE_BULK, ZERO } from "./wire-bytes.ts";

/** A value above this that does not fit into the chunk at hand gets its own chunk; so at most a quarter goes unused. */
const SHARED_CHUNK_VALUE_BYTES_MAX = OUTPUT_CHUNK_BYTES / 4;
/** A type byte, the 17 characters of the longest safe integer, CR, LF: with room to spare. */
const HEADER_BYTES_MAX = 24;
/** Up to here, a loop over the characters is quicker than the call that copies them. */
const LOOP_COPY_BYTES_MAX = 8;

export class OutputBuffer {
  readonly #pool: OutputPool;
  /** Chunks that are full, oldest first. */
  readonly #full: OutputChunk[] = [];
  #fullBytes = 0;
  /** The chunk being filled: `#bytes[0, #length)` is written; none while `#bytes` is undefined. */
  #chunk: OutputChunk | undefined;
  #bytes: Bytes | undefined;
  #length = 0;

  constructor(pool: OutputPool) {
    this.#pool = pool;
  }

  /** Bytes written and not yet taken. */
  get pendingBytes(): number {
    return this.#fullBytes + this.#length;
  }

  /** The oldest chunk with output, which is the caller's from now on; undefined when there is no output. */
  take(): OutputChunk | undefined {
    const oldest = this.#full.shift();
    if (oldest !== undefined) {
      this.#fullBytes -= oldest.length;
      return oldest;
    }
    const chunk = this.#chunk;
    if (chunk === undefined) return undefined;
    chunk.length = this.#length;
    this.#forgetChunk();
    return chunk;
  }

  /** Drops what was not taken: the connection is gone. */
  discard(): void {
    for (let chunk = this.take(); chunk !== undefined; chunk = this.take()) this.#pool.release(chunk);
  }

  /** Appends bytes that are encoded already; they are copied. */
  raw(encoded: Bytes, start: number = 0, end: number = encoded.length): void {
    const target = this.#roomFor(end - start);
    encoded.copy(target, this.#length, start, end);
    this.#length += end - start;
  }

  /** Appends bytes that are encoded already. */
  rawString(encoded: ByteString): void {
    const bytes = this.#roomFor(encoded.length);
    this.#length = put(bytes, this.#length, encoded);
  }

  /** A type byte, a safe integer in digits, CRLF: an integer, or the header of a bulk or an aggregate. */
  header(type: number, value: number): void {
    const bytes = this.#roomFor(HEADER_BYTES_MAX);
    this.#length = putHeader(bytes, this.#length, type, value);
  }

  /** A type byte, a line, CRLF. CR and LF in the line would end it, so they become blanks. */
  line(type: number, text: ByteString): void {
    const bytes = this.#roomFor(text.length + 3);
    const start = this.#length;
    bytes[start] = type;
    const end = put(bytes, start + 1, text);
    for (let i = start + 1; i < end; i++) if (bytes[i] === CR || bytes[i] === LF) bytes[i] = 0x20;
    this.#length = putLineEnd(bytes, end);
  }

  /** A bulk string. */
  bulk(value: ByteString): void {
    const length = value.length;
    const bytes = this.#roomFor(length + HEADER_BYTES_MAX);
    const bodyStart = putHeader(bytes, this.#length, TYPE_BULK, length);
    this.#length = putLineEnd(bytes, put(bytes, bodyStart, value));
  }

  /** A text as a body of `utf8Bytes` bytes of UTF-8, with CRLF behind it; its header is already there. */
  utf8Body(text: string, utf8Bytes: number): void {
    const bytes = this.#roomFor(utf8Bytes + 2);
    bytes.utf8Write(text, this.#length, utf8Bytes);
    this.#length = putLineEnd(bytes, this.#length + utf8Bytes);
  }

  /** The bytes of a chunk that has room for `needed` more at `#length`. */
  #roomFor(needed: number): Bytes {
    const bytes = this.#bytes;
    if (bytes !== undefined && this.#length + needed <= bytes.length) return bytes;
    return this.#nextChunk(needed);
  }

  #nextChunk(needed: number): Bytes {
    if (this.#chunk !== undefined) {
      this.#chunk.length = this.#length;
      this.#full.push(this.#chunk);
      this.#fullBytes += this.#length;
      this.#forgetChunk();
    }
    const chunk = needed > SHARED_CHUNK_VALUE_BYTES_MAX ? new OutputChunk(needed) : this.#pool.acquire();
    this.#chunk = chunk;
    this.#bytes = chunk.bytes;
    return chunk.bytes;
  }

  #forgetChunk(): void {
    this.#chunk = undefined;
    this.#bytes = undefined;
    this.#length = 0;
  }
}

/** Writes the text's bytes at `at`; returns where they end. */
function put(bytes: Bytes, at: number, text: ByteString): number {
  const length = text.length;
  if (length > LOOP_COPY_BYTES_MAX) {
    bytes.latin1Write(text, at, length);
  } else {
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  }
  return at + length;
}

function putLineEnd(bytes: Bytes, at: number): number {
  bytes[at] = CR;
  bytes[at + 1] = LF;
  return at + 2;
}

function putHeader(bytes: Bytes, at: number, type: number, value: number): number {
  bytes[at] = type;
  return putLineEnd(bytes, putInteger(bytes, at + 1, value));
}

/** The digits of a safe integer. Those below 2^30 are small integers to V8: no string and no double is made. */
function putInteger(bytes: Bytes, at: number, value: number): number {
  if (value < 0 || value >= 0x4000_0000) return put(bytes, at, String(value));
  const end = at + digitsOf(value);
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const quotient = (rest / 10) | 0;
    bytes[i] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
  return end;
}

function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  let digits = 4;
  for (let power = 10_000; power <= value; power *= 10) digits++;
  return digits;
}
