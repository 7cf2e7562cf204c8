/*
 * `npm run mutants -- [NAME...]`: breaks one rule of the protocol after the other and says what noticed, and in which seed.
 *
 * Exit codes: 0 all were caught, 1 one survived or was caught by something else than what is to catch it, 2 unknown name.
 */
import { mutants } from "./all.ts";
import { hunt, huntSafetyMs } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";

function isCaught(name: string, mutant: Mutant): boolean {
  const startMs = performance.now();
  const failure = hunt(mutant);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  if (failure?.failure === undefined) {
    console.log(`SURVIVED  ${name}: ${mutant.rule}; ${mutant.seeds} seeds, ${seconds} s`);
    return false;
  }
  const { invariant, message } = failure.failure;
  const by = invariant === undefined ? "an assertion of the core" : `invariant ${invariant}`;
  const isExpected = invariant === undefined || mutant.invariants.includes(invariant);
  console.log(`${isExpected ? "caught  " : "ASTRAY  "}  ${name}, by ${by} in seed ${failure.seed} (${seconds} s)`);
  console.log(`            rule: ${mutant.rule}`);
  console.log(`            ${message.split("\n")[0]?.slice(0, 160)}`);
  console.log(
    `            again: npm run sim -- --seed ${failure.seed} --mutant ${name} --seconds ${huntSafetyMs / 1_000} --shrink`,
  );
  return isExpected;
}

function main(names: readonly string[]): number {
  const unknown = names.find((name) => mutants[name] === undefined);
  if (unknown !== undefined) {
    console.error(`no mutant is called ${unknown}; there are: ${Object.keys(mutants).join(", ")}`);
    return 2;
  }
  const chosen = Object.entries(mutants).filter(([name]) => names.length === 0 || names.includes(name));
  const caught = chosen.filter(([name, mutant]) => isCaught(name, mutant)).length;
  console.log(`${caught} of ${chosen.length} mutants caught`);
  return caught === chosen.length ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
