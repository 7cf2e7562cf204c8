import { describe, expect, it } from "vitest";
import { minimize } from "./minimize.ts";
import { mutants } from "./mutants/all.ts";
import { formatNames, parseNames } from "./name-list.ts";
import { runSeed } from "./run-seed.ts";
import { Shrinker } from "./shrink.ts";
import { timeline } from "./timeline.ts";

describe("leaving out what is not needed", () => {
  it("keeps what is needed together, wherever it is", () => {
    const needed = [3, 4, 17, 63];
    const items = Array.from({ length: 64 }, (_, i) => i);
    const left = minimize(items, (fewer) => needed.every((one) => fewer.includes(one)));
    expect(left).toEqual(needed);
    expect(minimize(items, () => false)).toEqual(items);
    expect(minimize(items, () => true)).toEqual([]);
  });

  it("names operations and faults in short", () => {
    const names = ["0.3.1", "0.3.2", "0.3.3", "0.4.1", "1.4.2", "clock-jump.2", "crash.3", "crash.5"];
    expect(formatNames(names)).toBe("0.3.1-3,0.4.1,1.4.2,clock-jump.2,crash.3,crash.5");
    expect(parseNames(formatNames(names))).toEqual(names);
    expect(parseNames(formatNames([]))).toEqual([]);
    for (const list of ["", "3", "a.3-1", "a.1-99999", "a.b"]) expect(parseNames(list)).toBeUndefined();
  });
});

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
    expect(shrunk.result.done.length).toBeLessThan(40);
    expect(shrunk.result.struck.length).toBeLessThan(4);
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
