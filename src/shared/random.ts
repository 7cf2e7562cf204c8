/*
 * A seeded source of randomness: the same seed gives the same numbers on every machine, for ever, so a failing seed can
 * be run again. The generator is xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
 * Generators", 2018; the reference code is in the public domain): 128 bits of state, period 2^128 - 1.
 *
 * `fork(label)` derives a stream of its own from the seed and the label alone, not from how many numbers were drawn.
 * Give each part of a simulation its fork, and one more draw in one part leaves the others as they were.
 *
 * Left out on purpose: anything secret. Whoever sees a few outputs knows the rest.
 */
import { invariant } from "./assert.ts";
import type { ByteString } from "./bytes.ts";
import { finalize, murmur3 } from "./murmur3.ts";

const TWO_TO_32 = 0x1_0000_0000;
/** 2^32 divided by the golden ratio: the step of the sequence (as in SplitMix) that fills the state from a seed. */
const GOLDEN_STEP = 0x9e3779b9;

export class Random {
  /** What the stream was made from; forks are made from it, so they do not depend on what was drawn. */
  readonly #origin: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Every safe integer is a seed of its own stream. */
  constructor(seed: number) {
    invariant(Number.isSafeInteger(seed), "a seed is a safe integer");
    const low = seed >>> 0;
    const high = Math.floor(seed / TWO_TO_32) >>> 0;
    this.#origin = seed;
    this.#a = finalize(low + GOLDEN_STEP);
    this.#b = finalize(high + 2 * GOLDEN_STEP);
    this.#c = finalize((low ^ this.#b) + 3 * GOLDEN_STEP);
    this.#d = finalize((high ^ this.#a) + 4 * GOLDEN_STEP);
    // The all-zero state is the one that the generator cannot leave.
    if ((this.#a | this.#b | this.#c | this.#d) === 0) this.#d = 1;
  }

  /** The next number: 0 to 2^32 - 1, each as likely. */
  next(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A whole number from 0 up to but not including `n`, each as likely; 1 <= n <= 2^32. */
  below(n: number): number {
    invariant(Number.isInteger(n) && n >= 1 && n <= TWO_TO_32, "below(n) takes a whole number from 1 to 2^32");
    // Draws beyond the last whole multiple of n would favour small results, so they are drawn again.
    const fairEnd = TWO_TO_32 - (TWO_TO_32 % n);
    let drawn = this.next();
    while (drawn >= fairEnd) drawn = this.next();
    return drawn % n;
  }

  /** True with probability `p`; draws one number whatever `p` is, so the stream's course does not depend on it. */
  chance(p: number): boolean {
    return this.next() < p * TWO_TO_32;
  }

  /** One of the elements, each as likely. The array is not empty. */
  pick<T>(array: readonly T[]): T {
    invariant(array.length > 0, "pick(array) takes an array that is not empty");
    return array[this.below(array.length)] as T;
  }

  /** The stream that belongs to this one's seed and `label`: the same each time, and independent of this one. */
  fork(label: ByteString): Random {
    const low = murmur3(label, finalize(this.#origin >>> 0));
    const high = murmur3(label, finalize(~Math.floor(this.#origin / TWO_TO_32)) ^ low);
    return new Random((high >>> 11) * TWO_TO_32 + low);
  }
}
