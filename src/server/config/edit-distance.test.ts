import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearestWord } from "./edit-distance.ts";

/** By the definition, without a table. */
function slowDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [x, y] = [a.slice(1), b.slice(1)];
  const choices = [slowDistance(x, y) + (a[0] === b[0] ? 0 : 1), slowDistance(x, b) + 1, slowDistance(a, y) + 1];
  if (a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0]) {
    choices.push(slowDistance(a.slice(2), b.slice(2)) + 1);
  }
  return Math.min(...choices);
}

describe("the edit distance", () => {
  it("is what its definition says", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
    fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === slowDistance(a, b)));
  });

  it("is bounded work for words that nobody types", () => {
    expect(editDistance("a".repeat(1_000_000), "b")).toBe(Infinity);
  });
});

describe("the nearest word", () => {
  it.each([
    ["statsu", "status"],
    ["RESPHOST", "respHost"],
    ["xyzzy", undefined],
    ["u", "up"],
  ])("to %s is %s", (word, meant) => {
    expect(nearestWord(word, ["up", "status", "respHost"])).toBe(meant);
  });
});
