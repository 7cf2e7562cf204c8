/*
 * The chunks that output is written into, shared by all connections of a server: a connection holds a chunk only while it
 * has output, so ten thousand idle ones hold none.
 *
 * A chunk goes round: acquire -> filled by an OutputBuffer -> taken and handed to the socket -> released once the socket
 * has let go of its bytes. Chunks of another size (made for one large value) are left to the garbage collector, as are
 * chunks beyond `freeMax` (invariant 12).
 */
import { type Bytes, allocBytes } from "../../shared/bytes.ts";

/** Room for the replies of some hundred small commands; small enough to give one to each slow reader. */
export const OUTPUT_CHUNK_BYTES = 16 * 1024;
const FREE_CHUNKS_MAX = 512;

export class OutputChunk {
  readonly bytes: Bytes;
  /** Bytes filled, from the start. */
  length = 0;

  constructor(capacityBytes: number) {
    this.bytes = allocBytes(capacityBytes);
  }

  /** The filled bytes, not copied: what to hand to the socket. Valid until the chunk is released. */
  filled(): Bytes {
    return this.bytes.subarray(0, this.length);
  }
}

export class OutputPool {
  readonly #free: OutputChunk[] = [];
  readonly #freeMax: number;

  constructor(freeMax: number = FREE_CHUNKS_MAX) {
    this.#freeMax = freeMax;
  }

  /** For metrics: chunks that wait to be used again. */
  get freeChunks(): number {
    return this.#free.length;
  }

  acquire(): OutputChunk {
    return this.#free.pop() ?? new OutputChunk(OUTPUT_CHUNK_BYTES);
  }

  /** Gives a chunk back. Nobody may read or write its bytes from now on. */
  release(chunk: OutputChunk): void {
    if (chunk.bytes.length !== OUTPUT_CHUNK_BYTES || this.#free.length >= this.#freeMax) return;
    chunk.length = 0;
    this.#free.push(chunk);
  }
}
