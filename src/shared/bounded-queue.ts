/*
 * A first-in-first-out queue with a hard limit: a ring in an array, which starts small, doubles as it fills and never
 * holds more than `limit` elements (invariant 12). What happens at the limit is the caller's to decide and to count:
 * `push` only says no.
 *
 * No garbage per operation: an element is one store on the way in and one load on the way out. A slot is emptied when its
 * element leaves, so the queue keeps nothing alive that it does not hold. The ring does not shrink: a queue that was once
 * long keeps its slots, at most twice its limit.
 */
import { invariant } from "./assert.ts";

const INITIAL_SLOTS = 16;

export class BoundedQueue<T> {
  readonly limit: number;
  /** Its length is a power of two, so that a position wraps by masking. */
  #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  constructor(limit: number) {
    invariant(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 30, "a queue's limit is from 1 to 2^30");
    this.limit = limit;
    this.#slots = emptySlots<T>(Math.min(INITIAL_SLOTS, powerOfTwoFrom(limit)));
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.limit;
  }

  /** Appends the element; false (and nothing changed) when the queue is full. */
  push(element: T): boolean {
    if (this.#length === this.limit) return false;
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = element;
    this.#length++;
    return true;
  }

  /** Removes and returns the oldest element; undefined when the queue is empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const element = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    return element;
  }

  /** The oldest element, which stays; undefined when the queue is empty. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** The element with `index` elements before it; undefined when there is none. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)];
  }

  clear(): void {
    this.#slots = emptySlots<T>(Math.min(INITIAL_SLOTS, powerOfTwoFrom(this.limit)));
    this.#head = 0;
    this.#length = 0;
  }

  /** Doubles a full ring, with the oldest element back at slot 0. */
  #grow(): void {
    const slots = emptySlots<T>(this.#slots.length * 2);
    for (let i = 0; i < this.#length; i++) slots[i] = this.at(i);
    this.#slots = slots;
    this.#head = 0;
  }
}

/** Filled, not sparse: reading a hole would take V8's slow way. */
function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length: count }).fill(undefined);
}

function powerOfTwoFrom(n: number): number {
  let power = 1;
  while (power < n) power *= 2;
  return power;
}
