/*
 * `npm run mutants`: see its usage below.
 */
import { LabUsageError, runLabCommand } from "../../lab-options.ts";
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

const usage = `usage: npm run mutants -- [NAME...]

Breaks one rule of the protocol after the other (or those named) and says what noticed, and in which seed.
Names: ${Object.keys(mutants).join(", ")}

Exit codes: 0 all were caught, 1 one survived or was caught by something else than what is to catch it, 2 unknown name.`;

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => mutants[name] === undefined);
  if (unknown !== undefined) throw new LabUsageError(`no mutant is called ${unknown}`);
  const chosen = Object.entries(mutants).filter(([name]) => names.length === 0 || names.includes(name));
  const caught = chosen.filter(([name, mutant]) => isCaught(name, mutant)).length;
  console.log(`${caught} of ${chosen.length} mutants caught`);
  return caught === chosen.length ? 0 : 1;
}

process.exitCode = await runLabCommand(usage, main);
