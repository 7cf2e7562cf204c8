/*
 * The canaries: with a rule of the protocol broken, the checks find it within a few seeds. A check that never fails proves
 * nothing.
 */
import { describe, expect, it } from "vitest";
import { mutants } from "./mutants.ts";
import { runSeed } from "./run-seed.ts";

/** The seed by which each mutant must be caught, and the invariants that may be found broken by it. */
const caughtBy: Readonly<Record<keyof typeof mutants, readonly [seedMax: number, ...invariants: number[]]>> = {
  "version-or-later": [4, 1],
  "skip-dependency-check": [4, 1],
  "apply-before-durable": [4, 6],
  "forget-applied": [8, 6],
  "apply-repeated": [8, 2, 12],
  "clock-goes-back": [4, 3, 4, 5],
  "no-floor": [4, 3, 5],
  "check-answered-early": [4, 1],
  "attach-without-waiting": [8, 1, 3, 5],
  "requests-forgotten": [50, 2],
  "truncate-unshipped": [8, 6],
  "dots-twice": [8, 2],
};

/** Seeds below it are known not to show this mutant: they would only cost time. */
const firstSeed: Partial<Record<keyof typeof mutants, number>> = { "requests-forgotten": 12 };

describe("a broken rule is found", () => {
  it.each(Object.entries(mutants))("%s", (name, mutant) => {
    const [seedMax, ...invariants] = caughtBy[name] ?? [0];
    for (let seed = firstSeed[name] ?? 1; seed <= seedMax; seed++) {
      const { failure } = runSeed(seed, { mutant, safetyMs: 12_000 });
      if (failure === undefined) continue;
      // The core's own assertions may be the first to notice.
      if (failure.invariant !== undefined) expect(invariants).toContain(failure.invariant);
      return;
    }
    expect.unreachable(`no seed up to ${seedMax} found: ${mutant.rule}`);
  });
});
