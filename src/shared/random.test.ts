import { describe, expect, it } from "vitest";
import { InvariantError } from "./assert.ts";
import { Random } from "./random.ts";

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

/** xoshiro128** written once more in arithmetic on BigInt, straight from the paper's listing. */
function* plainXoshiro(state: bigint[]): Generator<bigint> {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  const rotate = (x: bigint, k: bigint): bigint => word(x << k) | (x >> (32n - k));
  let [a = 0n, b = 0n, c = 0n, d = 0n] = state;
  for (;;) {
    yield word(rotate(word(b * 5n), 7n) * 9n);
    const shifted = word(b << 9n);
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11n);
  }
}

/** Murmur's fmix32 in BigInt. */
function mix(x: number): bigint {
  let h = BigInt.asUintN(32, BigInt(x));
  h ^= h >> 16n;
  h = BigInt.asUintN(32, h * 0x85ebca6bn);
  h ^= h >> 13n;
  h = BigInt.asUintN(32, h * 0xc2b2ae35n);
  return h ^ (h >> 16n);
}

describe("Random", () => {
  it("gives the numbers of xoshiro128** seeded from the golden-ratio sequence", () => {
    const seed = 0x1234_5678_9abc;
    const [low, high, step] = [0x5678_9abc, 0x1234, 0x9e3779b9];
    const a = mix(low + step);
    const b = mix(high + 2 * step);
    const c = mix((low ^ Number(b)) + 3 * step);
    const d = mix((high ^ Number(a)) + 4 * step);
    const plain = plainXoshiro([a, b, c, d]);
    const expected = Array.from({ length: 1000 }, () => Number(plain.next().value));
    expect(draw(new Random(seed), 1000)).toEqual(expected);
  });

  it("repeats itself for the same seed and differs for another", () => {
    expect(draw(new Random(7), 100)).toEqual(draw(new Random(7), 100));
    expect(draw(new Random(7), 100)).not.toEqual(draw(new Random(8), 100));
    expect(draw(new Random(7), 100)).not.toEqual(draw(new Random(7 + 2 ** 32), 100));
    expect(draw(new Random(-1), 100)).not.toEqual(draw(new Random(1), 100));
  });

  it("draws below n evenly and reaches every value", () => {
    const random = new Random(42);
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 70_000; i++) {
      const drawn = random.below(7);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    expect(counts).toHaveLength(7);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it("takes any n from 1 to 2^32 and refuses others", () => {
    const random = new Random(1);
    expect(random.below(1)).toBe(0);
    expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
    expect(random.below(3 * 2 ** 30)).toBeLessThan(3 * 2 ** 30);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) expect(() => random.below(n)).toThrow(InvariantError);
  });

  it("takes chances at the given rate", () => {
    const random = new Random(3);
    let hits = 0;
    for (let i = 0; i < 100_000; i++) if (random.chance(0.3)) hits++;
    expect(Math.abs(hits - 30_000)).toBeLessThan(1000);
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
  });

  it("picks every element and refuses an empty array", () => {
    const random = new Random(5);
    const seen = new Set(Array.from({ length: 200 }, () => random.pick(["a", "b", "c"])));
    expect([...seen].toSorted()).toEqual(["a", "b", "c"]);
    expect(() => random.pick([])).toThrow(InvariantError);
  });

  it("forks streams that depend on seed and label, not on what was drawn", () => {
    const random = new Random(9);
    const before = draw(random.fork("network"), 50);
    draw(random, 1000);
    expect(draw(random.fork("network"), 50)).toEqual(before);
    expect(draw(random.fork("disk"), 50)).not.toEqual(before);
    expect(draw(new Random(10).fork("network"), 50)).not.toEqual(before);
    expect(draw(random.fork("network").fork("network"), 50)).not.toEqual(before);
  });
});
