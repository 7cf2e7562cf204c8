import { describe, expect, it } from "vitest";
import type { FaultKind } from "./fault-kinds.ts";
import { faultKinds } from "./fault-kinds.ts";
import { runSeed } from "./run-seed.ts";

const safetyMs = 5_000;

describe("a seed", () => {
  it("does the same each time, event by event", () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) {
      const one = runSeed(seed, { safetyMs: 1_000 });
      const two = runSeed(seed, { safetyMs: 1_000 });
      expect([two.traceHash, two.events, two.done]).toEqual([one.traceHash, one.events, one.done]);
      hashes.add(one.traceHash);
    }
    expect(hashes.size).toBe(8);
  });

  it("prints a transcript on demand, which changes nothing", () => {
    const lines: string[] = [];
    const told = runSeed(3, { safetyMs: 1_000, print: (line) => lines.push(line) });
    expect(told.traceHash).toBe(runSeed(3, { safetyMs: 1_000 }).traceHash);
    expect(lines.some((line) => line.includes("start"))).toBe(true);
  });
});

describe("operations and faults that are left out", () => {
  it("leave the others as they were", () => {
    let leftOut = 0;
    for (let seed = 1; seed <= 4; seed++) {
      const whole = runSeed(seed, { safetyMs: 2_000 });
      const same = runSeed(seed, { safetyMs: 2_000, operations: whole.done, strikes: whole.struck });
      expect(same.traceHash).toBe(whole.traceHash);
      const strikes = whole.struck.filter((_, i) => i % 2 === 0);
      leftOut += whole.struck.length - strikes.length;
      expect(runSeed(seed, { safetyMs: 2_000, strikes }).struck).toEqual(strikes);
    }
    expect(leftOut).toBeGreaterThan(4);
  });

  it("are those that were named, and no others", () => {
    const lines: string[] = [];
    const whole = runSeed(5, { safetyMs: 2_000, faults: [] });
    const operations = whole.done.filter((name) => name.startsWith("0.")).slice(0, 10);
    const print = (line: string): void => void lines.push(line);
    expect(runSeed(5, { safetyMs: 2_000, faults: [], operations, print }).done).toEqual(operations);
    expect(lines.filter((line) => / ms {2}(?:read|write) /.test(line)).length).toBeLessThanOrEqual(operations.length);
  });
});

describe("healing", () => {
  it("ends what a capped link still has to carry, or nothing new arrives for minutes (1337)", () => {
    expect(runSeed(1337).failure).toBeUndefined();
  });
});

describe("faults that are left out", () => {
  /** What strikes without regard to the state of the cluster: when, whom and for how long. */
  function strikes(seed: number, faults: readonly FaultKind[], kind: string): string[] {
    const lines: string[] = [];
    runSeed(seed, { safetyMs, faults, print: (line) => lines.push(line) });
    return lines.filter((line) => line.includes(` ms  ${kind} `));
  }

  it.each([
    ["jump", "clock"],
    ["cut", "partition"],
    ["slow", "network"],
    ["clog", "network"],
  ] as const)("leave the others as they were: %s", (kind, fault) => {
    let struck = 0;
    for (let seed = 1; seed <= 40 && struck < 2; seed++) {
      const among = strikes(seed, faultKinds, kind);
      if (among.length === 0) continue;
      struck++;
      expect(strikes(seed, [fault], kind)).toEqual(among);
    }
    expect(struck).toBe(2);
  });

  it("do not strike", () => {
    const lines: string[] = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      runSeed(seed, { safetyMs: 1_000, faults: [], print: (line) => lines.push(line) });
    }
    expect(lines.filter((line) => / ms {2}(?:crash|pause|cut|slow|clog|jump|full|lost) /.test(line))).toEqual([]);
  });
});
