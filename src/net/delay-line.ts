/*
 * Frames held back for one peer until they are due, first in, first out; bounded in bytes by its user. A later frame is
 * never due before an earlier one, so a shorter delay takes hold behind what is already held.
 */
import type { Bytes } from "../shared/bytes.ts";

interface Held {
  readonly dueMs: number;
  readonly frame: Bytes;
}

/** What a held frame costs beside its bytes, roughly. */
const FRAME_OVERHEAD_BYTES = 100;
/** The released part of the array is given back once it is at least this long, and half of it. */
const COMPACT_MIN = 1024;

export class DelayLine {
  #held: Held[] = [];
  #head = 0;
  #bytes = 0;
  #lastDueMs = -Infinity;

  get bytes(): number {
    return this.#bytes;
  }

  get frames(): number {
    return this.#held.length - this.#head;
  }

  /** Memory in use, so that a bound on it also bounds the number of tiny frames. */
  get footprintBytes(): number {
    return this.#bytes + this.frames * FRAME_OVERHEAD_BYTES;
  }

  /** When the oldest frame is due; undefined when nothing is held. */
  get dueMs(): number | undefined {
    return this.#held[this.#head]?.dueMs;
  }

  /** Copies `frame[0, length)`; returns when it is due. */
  push(frame: Bytes, length: number, dueMs: number): number {
    const copy = Buffer.allocUnsafe(length) as Buffer & Bytes;
    frame.copy(copy, 0, 0, length);
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    this.#held.push({ dueMs: this.#lastDueMs, frame: copy });
    this.#bytes += length;
    return this.#lastDueMs;
  }

  /** Takes the oldest frame that is due. */
  take(nowMs: number): Bytes | undefined {
    const oldest = this.#held[this.#head];
    if (oldest === undefined || oldest.dueMs > nowMs) return undefined;
    this.#head++;
    this.#bytes -= oldest.frame.length;
    if (this.#head === this.#held.length) this.clear();
    else if (this.#head >= COMPACT_MIN && this.#head * 2 >= this.#held.length) {
      this.#held = this.#held.slice(this.#head);
      this.#head = 0;
    }
    return oldest.frame;
  }

  clear(): void {
    this.#held = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#lastDueMs = -Infinity;
  }
}
