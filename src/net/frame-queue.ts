/*
 * What one link has accepted and the operating system has not: frames, already framed, packed into chunks of memory. A
 * turn's frames so become one gathered write, whatever their number.
 *
 * At most one write is under way: `take` hands out everything that waits, `done` says that it is written and takes its
 * memory back. A frame larger than a chunk gets a chunk of its own size. The bound on `bytes` is the connection's to keep
 * (invariant 12): it asks `bytesAfter` before it pushes.
 */
import { invariant } from "../shared/assert.ts";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import { frameHeaderBytes, writeFrame } from "./frame-codec.ts";

const CHUNK_BYTES = 64 * 1024;
/** Written chunks kept for reuse; a link in a steady state allocates nothing. */
const SPARE_CHUNKS_MAX = 4;

const heartbeat: Bytes = allocBytes(0);

interface Chunk {
  readonly memory: Bytes;
  fill: number;
}

export class FrameQueue {
  #waiting: Chunk[] = [];
  #writing: Chunk[] = [];
  readonly #spare: Bytes[] = [];
  #bytesWaiting = 0;
  #bytesWriting = 0;

  /** Header bytes included. */
  get bytes(): number {
    return this.#bytesWaiting + this.#bytesWriting;
  }

  get isWriting(): boolean {
    return this.#bytesWriting > 0;
  }

  get hasWaiting(): boolean {
    return this.#bytesWaiting > 0;
  }

  /** What `bytes` would be with one more frame of this length. */
  bytesAfter(length: number): number {
    return this.bytes + frameHeaderBytes + length;
  }

  /** Copies `frame[0, length)`. */
  push(frame: Bytes, length: number): void {
    const size = frameHeaderBytes + length;
    const chunk = this.#chunkFor(size);
    writeFrame(chunk.memory, chunk.fill, frame, length);
    chunk.fill += size;
    this.#bytesWaiting += size;
  }

  pushHeartbeat(): void {
    this.push(heartbeat, 0);
  }

  /** Everything that waits, in order, to be written before the next `take`. */
  take(): Bytes[] {
    invariant(!this.isWriting, "a link has one write under way at most");
    this.#writing = this.#waiting;
    this.#waiting = [];
    this.#bytesWriting = this.#bytesWaiting;
    this.#bytesWaiting = 0;
    return this.#writing.map((chunk) => chunk.memory.subarray(0, chunk.fill));
  }

  /** The operating system has what `take` handed out. */
  done(): void {
    for (const { memory } of this.#writing) {
      if (memory.length === CHUNK_BYTES && this.#spare.length < SPARE_CHUNKS_MAX) this.#spare.push(memory);
    }
    this.#writing = [];
    this.#bytesWriting = 0;
  }

  clear(): void {
    this.#waiting = [];
    this.#writing = [];
    this.#spare.length = 0;
    this.#bytesWaiting = 0;
    this.#bytesWriting = 0;
  }

  #chunkFor(size: number): Chunk {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.memory.length - last.fill >= size) return last;
    const memory = size > CHUNK_BYTES ? allocBytes(size) : (this.#spare.pop() ?? allocBytes(CHUNK_BYTES));
    const chunk: Chunk = { memory, fill: 0 };
    this.#waiting.push(chunk);
    return chunk;
  }
}
