/*
 * The canaries: with a rule of the protocol broken, the checks find it within the seeds that the mutant states. A check that
 * never fails proves nothing.
 */
import { describe, expect, it } from "vitest";
import { mutants } from "./mutants/all.ts";
import { eagerCollection } from "./mutants/collection-mutants.ts";
import { hunt } from "./mutants/hunt.ts";

it("nothing is found where collection is early and no rule is broken", () => {
  expect(hunt(eagerCollection)?.failure).toBeUndefined();
}, 120_000);

describe("a broken rule is found", () => {
  it.each(Object.entries(mutants))(
    "%s",
    (_name, mutant) => {
      const failure = hunt(mutant)?.failure;
      expect(failure, `${mutant.seeds} seeds did not find: ${mutant.rule}`).toBeDefined();
      // The core's own assertions may be the first to notice.
      if (failure?.invariant !== undefined) expect(mutant.invariants).toContain(failure.invariant);
    },
    // A bound on a hang, not on speed.
    120_000,
  );
});
