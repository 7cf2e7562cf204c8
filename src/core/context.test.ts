import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Context } from "./context.ts";
import { inWords } from "./testing/test-session.ts";
import { contextDotsMax } from "../shared/limits.ts";
import { noDependencies } from "../protocol/dependencies.ts";
import { originOf } from "../protocol/version.ts";

const x = originOf(0, 1);
const y = originOf(2, 3);

describe("Context", () => {
  it("holds what was read, each dot once", () => {
    const context = new Context();
    for (const seq of [5, 5, 6, 5, 6]) context.saw(x, seq);
    context.saw(y, 5);
    expect(inWords(context.dependencies().dots)).toEqual(["0/1/5", "0/1/6", "2/3/5"]);
  });

  it("is replaced by the own write, which is nearer than all before", () => {
    const context = new Context();
    context.saw(x, 5);
    context.merge({ dots: [], prefixes: [y, 9] }, 7);
    context.wrote(y, 1);
    expect(context.dependencies()).toEqual({ dots: [y, 1], prefixes: [] });
    expect(context.floor).toBe(7);
  });

  it("depends on nothing at first", () => {
    expect(new Context().dependencies()).toBe(noDependencies);
  });

  it("hands out copies: what is read later is no dependency of an earlier write", () => {
    const context = new Context();
    context.saw(x, 1);
    const before = context.dependencies();
    context.saw(x, 2);
    expect(before.dots).toEqual([x, 1]);
  });

  it("never lets one exact dot stand for smaller ones", () => {
    const context = new Context();
    context.saw(x, 9);
    context.saw(x, 3);
    expect(inWords(context.dependencies().dots)).toEqual(["0/1/9", "0/1/3"]);
  });

  it("collapses, beyond its bound, to a prefix for each origin, which covers every dot", () => {
    const counters = { contextCollapses: 0 };
    const context = new Context(counters);
    for (let seq = 1; seq <= contextDotsMax; seq++) context.saw(x, seq * 2);
    expect(context.dependencies().prefixes).toEqual([]);
    context.saw(y, 7);
    expect(context.dependencies()).toEqual({ dots: [], prefixes: [x, contextDotsMax * 2, y, 7] });
    expect(counters.contextCollapses).toBe(1);
    context.saw(x, 4);
    context.saw(x, contextDotsMax * 2 + 5);
    expect(context.dependencies().dots).toEqual([x, contextDotsMax * 2 + 5]);
  });

  it("raises its floor and never lowers it", () => {
    const context = new Context();
    context.raiseFloor(5);
    context.raiseFloor(3);
    context.merge(noDependencies, 4);
    expect(context.floor).toBe(5);
  });

  it("covers everything that was read since the last write, and stays within its bounds", () => {
    const origin = fc.constantFrom(x, y, originOf(1, 1));
    const seq = fc.integer({ min: 1, max: 400 });
    const read = fc.record({ kind: fc.constant("read" as const), origin, seq });
    const write = fc.record({ kind: fc.constant("write" as const), origin, seq });
    const merge = fc.record({ kind: fc.constant("merge" as const), origin, seq });
    const step = fc.oneof(
      { weight: 200, arbitrary: read },
      { weight: 1, arbitrary: write },
      { weight: 1, arbitrary: merge },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1500, minLength: 200 }), (steps) => {
        const context = new Context();
        let seen = new Set<string>();
        for (const { kind, origin: from, seq: at } of steps) {
          if (kind === "read") context.saw(from, at);
          else if (kind === "merge") context.merge({ dots: [], prefixes: [from, at] }, 0);
          else context.wrote(from, at);
          if (kind === "write") seen = new Set();
          if (kind !== "merge") seen.add(`${from}/${at}`);
        }
        const { dots, prefixes } = context.dependencies();
        expect(dots.length / 2).toBeLessThanOrEqual(contextDotsMax);
        expect(prefixes.length / 2).toBeLessThanOrEqual(3);
        for (const dot of seen) expect(isCovered(dot, dots, prefixes)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

function isCovered(dot: string, dots: readonly number[], prefixes: readonly number[]): boolean {
  const [origin, seq] = dot.split("/").map(Number) as [number, number];
  for (let i = 0; i < dots.length; i += 2) if (dots[i] === origin && dots[i + 1] === seq) return true;
  for (let i = 0; i < prefixes.length; i += 2) {
    if (prefixes[i] === origin && (prefixes[i + 1] as number) >= seq) return true;
  }
  return false;
}
