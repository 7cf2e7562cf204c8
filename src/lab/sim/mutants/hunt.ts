/*
 * Looks for a mutant: runs its seeds until one fails by an invariant that is to find it.
 */
import { runSeed } from "../run-seed.ts";
import type { SeedResult } from "../run-seed.ts";
import type { Mutant } from "./mutant.ts";

export const huntSafetyMs = 12_000;

/**
 * The first seed that failed as it should; else the first that failed by something else; undefined when the mutant survived
 * all of them.
 */
export function hunt(mutant: Mutant): SeedResult | undefined {
  const from = mutant.from ?? 1;
  let astray: SeedResult | undefined;
  for (let seed = from; seed < from + mutant.seeds; seed++) {
    const result = runSeed(seed, { mutant, safetyMs: huntSafetyMs });
    if (result.failure === undefined) continue;
    const { invariant } = result.failure;
    // The core's own assertions may be the first to notice.
    if (invariant === undefined || mutant.invariants.includes(invariant)) return result;
    astray ??= result;
  }
  return astray;
}
