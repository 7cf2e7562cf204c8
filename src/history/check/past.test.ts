import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PastSpace } from "./past.ts";
import type { Past } from "./past.ts";

const chainsMax = 600;
const space = new PastSpace(chainsMax);
const counts = fc.array(fc.tuple(fc.nat(chainsMax - 1), fc.integer({ min: 1, max: 5 })), { maxLength: 60 });

/** A past and the plain array that it should equal. */
function build(pairs: readonly (readonly [number, number])[]): { past: Past | undefined; plain: number[] } {
  const plain = Array.from({ length: chainsMax }, () => 0);
  let past: Past | undefined;
  for (const [chain, count] of pairs) {
    past = space.with(past, chain, count);
    plain[chain] = count;
  }
  return { past, plain };
}

function flat(past: Past | undefined): number[] {
  return Array.from({ length: chainsMax }, (_, chain) => space.count(past, chain));
}

describe("PastSpace", () => {
  it("holds what a plain array of counts holds", () => {
    fc.assert(
      fc.property(counts, (pairs) => {
        const { past, plain } = build(pairs);
        expect(flat(past)).toEqual(plain);
      }),
    );
  });

  it("joins to the greater of each count, and leaves both as they were", () => {
    fc.assert(
      fc.property(counts, counts, (first, second) => {
        const [left, right] = [build(first), build(second)];
        const joined = space.join(left.past, right.past);
        expect(flat(joined)).toEqual(left.plain.map((count, chain) => Math.max(count, right.plain[chain] ?? 0)));
        expect(flat(left.past)).toEqual(left.plain);
        expect(flat(right.past)).toEqual(right.plain);
      }),
    );
  });

  it("copies nothing where one past holds all of the other", () => {
    fc.assert(
      fc.property(counts, counts, (first, second) => {
        const left = build(first).past;
        const joined = space.join(left, build(second).past);
        expect(space.join(joined, left)).toBe(joined);
        expect(space.join(left, joined)).toBe(joined);
      }),
    );
  });
});
