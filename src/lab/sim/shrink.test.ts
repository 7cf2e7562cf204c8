import { describe, expect, it } from "vitest";
import { mutants } from "./mutants/all.ts";
import { runSeed } from "./run-seed.ts";
import { Shrinker } from "./shrink.ts";
import { timeline } from "./timeline.ts";

describe("shrinking a failing seed", () => {
  const mutant = mutants["attach-without-waiting"];
  const options = { safetyMs: 5_000, ...(mutant === undefined ? {} : { mutant }) };
  const failed = [1, 2, 3, 4, 5, 6, 7, 8]
    .map((seed) => runSeed(seed, options))
    .find(({ failure }) => failure !== undefined);

  it("keeps the invariant, with fewer clients and faults, and ends sooner", () => {
    if (failed === undefined) return expect.unreachable("a mutant survived");
    const shrunk = new Shrinker(failed, options).shrink();
    expect(shrunk.result.failure?.invariant).toBe(failed.failure?.invariant);
    expect(shrunk.result.events).toBeLessThan(failed.events);
    expect(shrunk.options.clients?.length).toBeLessThan(5);
    const again = runSeed(failed.seed, shrunk.options);
    expect(again.traceHash).toBe(shrunk.result.traceHash);
  });

  it("tells the causal chain and a timeline that names what is in it", () => {
    const failure = failed?.failure;
    if (failed === undefined || failure === undefined) return expect.unreachable("a mutant survived");
    expect(failure.chain.length).toBeGreaterThan(2);
    expect(failure.chain[1]).toMatch(/^ {2}since s\d+ (?:had written before it|had seen|took over from another):$/);
    const lines = timeline(failed.seed, options, failure);
    expect(lines.length).toBeLessThan(70);
    const [effect] = failure.names;
    expect(lines.some((line) => line.includes(` ${effect} `))).toBe(true);
  });

  it("refuses a seed that went well", () => {
    expect(() => new Shrinker(runSeed(1, { safetyMs: 100 }), {})).toThrow(TypeError);
  });
});
