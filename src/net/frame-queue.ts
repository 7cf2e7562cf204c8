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
/** Chunks above this are for one huge frame and are not kept. */
const SPARE_CHUNK_BYTES_MAX = 1024 * 1024;
/** Written chunks kept for reuse, per link: in a steady state it allocates nothing. */
const SPARE_BYTES_MAX = 2 * SPARE_CHUNK_BYTES_MAX;

const heartbeat: Bytes = allocBytes(0);

interface Chunk {
  readonly memory: Bytes;
  fill: number;
}

export class FrameQueue {
  #waiting: Chunk[] = [];
  #writing: Chunk[] = [];
  readonly #spare: Bytes[] = [];
  #spareBytes = 0;
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
    for (const { memory } of this.#writing) this.#keep(memory);
    this.#writing = [];
    this.#bytesWriting = 0;
  }

  clear(): void {
    this.#waiting = [];
    this.#writing = [];
    this.#spare.length = 0;
    this.#spareBytes = 0;
    this.#bytesWaiting = 0;
    this.#bytesWriting = 0;
  }

  #chunkFor(size: number): Chunk {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.memory.length - last.fill >= size) return last;
    const chunk: Chunk = { memory: this.#memoryFor(size), fill: 0 };
    this.#waiting.push(chunk);
    return chunk;
  }

  #memoryFor(size: number): Bytes {
    const index = this.#spare.findIndex((memory) => memory.length >= size);
    const [spare] = index === -1 ? [] : this.#spare.splice(index, 1);
    if (spare === undefined) return allocBytes(chunkBytesFor(size));
    this.#spareBytes -= spare.length;
    return spare;
  }

  #keep(memory: Bytes): void {
    if (memory.length > SPARE_CHUNK_BYTES_MAX || this.#spareBytes + memory.length > SPARE_BYTES_MAX) return;
    this.#spare.push(memory);
    this.#spareBytes += memory.length;
  }
}

/** Few sizes, so that a spare chunk fits the next frame of about the same size. */
function chunkBytesFor(size: number): number {
  if (size <= CHUNK_BYTES) return CHUNK_BYTES;
  return size > SPARE_CHUNK_BYTES_MAX ? size : 2 ** Math.ceil(Math.log2(size));
}
