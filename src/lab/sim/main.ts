/*
 * `node src/lab/sim/main.ts --seed N | --seeds FROM..TO [--trace] [--mutant NAME] [--seconds S]`
 *
 * Prints the seed first. Exit codes: 0 every seed went well, 1 some did not, 2 the command was not understood.
 */
import { parseArgs } from "node:util";
import { mutants } from "./mutants/all.ts";
import { Reached } from "./reached.ts";
import { runSeed } from "./run-seed.ts";
import type { SeedOptions, SeedResult } from "./run-seed.ts";

const failuresShownMax = 20;

interface Command {
  readonly from: number;
  readonly to: number;
  readonly options: SeedOptions;
}

function parse(words: readonly string[]): Command | string {
  const { values } = parseArgs({
    args: [...words],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      trace: { type: "boolean" },
      mutant: { type: "string" },
      seconds: { type: "string" },
    },
  });
  const range = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds ?? values.seed ?? "");
  if (range === null) return "usage: --seed N | --seeds FROM..TO [--trace] [--mutant NAME] [--seconds S]";
  const from = Number(range[1]);
  const mutant = values.mutant === undefined ? undefined : mutants[values.mutant];
  if (values.mutant !== undefined && mutant === undefined) return `mutants: ${Object.keys(mutants).join(", ")}`;
  const options: SeedOptions = {
    ...(mutant === undefined ? {} : { mutant }),
    ...(values.trace === true ? { print: (line: string) => console.log(line) } : {}),
    ...(values.seconds === undefined ? {} : { safetyMs: Number(values.seconds) * 1_000 }),
  };
  return { from, to: Number(range[2] ?? from), options };
}

function tell(result: SeedResult): void {
  const { seed, traceHash, virtualMs, events, writes, operations, failure } = result;
  const done = `${events} events, ${operations} operations, ${writes} writes in ${Math.round(virtualMs)} ms`;
  if (failure === undefined) {
    console.log(`seed ${seed}: well; ${done}; trace ${traceHash}`);
    return;
  }
  const { invariant, message, stack, atMs } = failure;
  const kind = invariant === undefined ? "the program broke" : `invariant ${invariant}`;
  console.log(`seed ${seed}: FAILED at ${atMs.toFixed(2)} ms, ${kind}: ${message}`);
  if (invariant === undefined) console.log(stack);
  console.log(`  ${done}; trace ${traceHash}; again: npm run sim -- --seed ${seed} --trace`);
}

function main(): number {
  const command = parse(process.argv.slice(2));
  if (typeof command === "string") {
    console.error(command);
    return 2;
  }
  const { from, to, options } = command;
  console.log(from === to ? `seed ${from}` : `seeds ${from}..${to}`);
  const startMs = performance.now();
  const reached = new Reached();
  let failures = 0;
  for (let seed = from; seed <= to; seed++) {
    const result = runSeed(seed, options);
    reached.merge(result.reached);
    if (result.failure !== undefined) failures++;
    if (from === to || (result.failure !== undefined && failures <= failuresShownMax)) tell(result);
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const count = to - from + 1;
  console.log(`${count - failures} of ${count} seeds well, ${(count / seconds).toFixed(1)} seeds per second`);
  if (from !== to) {
    const situations = [...reached.situations]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([situation, times]) => `${situation} ${times}`);
    console.log(`reached: ${situations.join(", ")}`);
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = main();
