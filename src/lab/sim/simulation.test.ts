import { describe, expect, it } from "vitest";
import { Reached } from "./reached.ts";
import { runSeed } from "./run-seed.ts";

const seeds = 30;
const safetyMs = 10_000;

/** Rare situations that these seeds must get into, or the simulation proves less than it seems to. */
const situations = [
  "attachWaits",
  "checkpoints",
  "conditionsFailed",
  "contextDotsStable",
  "depChecksFromWatermark",
  "evictions",
  "frames lost",
  "frames repeated",
  "logReadsForShipping",
  "move",
  "numbered request repeated",
  "readsForwarded",
  "readsFromStore",
  "restarts",
  "streamRewinds",
  "writesBeaten",
  "writesBlocked",
  "writesHeldForClock",
  "writesRepeated",
  "writes received that depend on prefixes",
];

describe("simulation", () => {
  it(
    `goes well with seeds 1 to ${seeds}, and gets into the corners`,
    () => {
      const reached = new Reached();
      for (let seed = 1; seed <= seeds; seed++) {
        const result = runSeed(seed, { safetyMs });
        expect({ seed, failure: result.failure }).toEqual({ seed, failure: undefined });
        reached.merge(result.reached);
      }
      expect(situations.filter((situation) => !reached.situations.has(situation))).toEqual([]);
    },
    // A bound on a hang, not on speed.
    120_000,
  );

  it("does the same for the same seed, event by event", () => {
    const one = runSeed(12, { safetyMs });
    const two = runSeed(12, { safetyMs });
    expect([two.traceHash, two.events, two.operations]).toEqual([one.traceHash, one.events, one.operations]);
    expect(runSeed(13, { safetyMs }).traceHash).not.toBe(one.traceHash);
  });

  it("prints a transcript on demand, which changes nothing", () => {
    const lines: string[] = [];
    const told = runSeed(3, { safetyMs: 1_000, print: (line) => lines.push(line) });
    expect(told.traceHash).toBe(runSeed(3, { safetyMs: 1_000 }).traceHash);
    expect(lines.some((line) => line.includes("start"))).toBe(true);
  });
});
