/*
 * Looks for a mutant: runs its seeds until one fails.
 */
import { runSeed } from "../run-seed.ts";
import type { SeedResult } from "../run-seed.ts";
import type { Mutant } from "./mutant.ts";

export const huntSafetyMs = 12_000;

/** The first seed that failed; undefined when the mutant survived all of them. */
export function hunt(mutant: Mutant): SeedResult | undefined {
  const from = mutant.from ?? 1;
  for (let seed = from; seed < from + mutant.seeds; seed++) {
    const result = runSeed(seed, { mutant, safetyMs: huntSafetyMs });
    if (result.failure !== undefined) return result;
  }
  return undefined;
}
