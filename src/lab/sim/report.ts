/*
 * How seeds ended, in words: for one that failed the invariant, the causal chain, and the command that runs it again; shrunk, its
 * timeline too.
 */
import { formatNames } from "./name-list.ts";
import type { SeedOptions, SeedResult } from "./run-seed.ts";
import { Shrinker } from "./shrink.ts";
import { timeline } from "./timeline.ts";

export function tellResult(result: SeedResult): void {
  console.log(`seed ${result.seed}: well; ${figures(result)}`);
}

export function tellFailure(result: SeedResult, words: string, options: SeedOptions): void {
  const { seed, failure } = result;
  if (failure === undefined) return;
  const { invariant, message, stack, atMs, chain } = failure;
  const kind = invariant === undefined ? "the program broke" : `invariant ${invariant}`;
  console.log(`seed ${seed}: FAILED at ${atMs.toFixed(2)} ms, ${kind}: ${message}`);
  if (invariant === undefined) console.log(stack);
  for (const line of chain) console.log(`  ${line}`);
  console.log(`  ${figures(result)}`);
  console.log(`  again: npm run sim -- --seed ${seed}${words}${inWords(options)} --trace`);
}

export function tellShrunk(failed: SeedResult, options: SeedOptions, words: string): void {
  const { options: less, result, runs } = new Shrinker(failed, { ...options, print: () => undefined }).shrink();
  console.log(`seed ${failed.seed}, made smaller in ${runs} runs:`);
  tellFailure(result, words, less);
  if (result.failure === undefined) return;
  for (const line of timeline(result.seed, less, result.failure)) console.log(`  ${line}`);
}

function inWords({ safetyMs, faults, clients, strikes, operations }: SeedOptions): string {
  const time = safetyMs === undefined ? "" : ` --seconds ${safetyMs / 1_000}`;
  const kinds = faults === undefined ? "" : ` --faults ${faults.length === 0 ? "none" : faults.join(",")}`;
  const who = clients === undefined ? "" : ` --clients ${clients.join(",")}`;
  const which = strikes === undefined ? "" : ` --strikes ${formatNames(strikes)}`;
  return `${time}${kinds}${who}${which}${operations === undefined ? "" : ` --operations ${formatNames(operations)}`}`;
}

function figures({ virtualMs, events, writes, operations, traceHash }: SeedResult): string {
  const done = `${events} events, ${operations} operations, ${writes} writes`;
  return `${done} in ${Math.round(virtualMs)} ms; trace ${traceHash}`;
}
