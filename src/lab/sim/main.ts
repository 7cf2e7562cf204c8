/*
 * `npm run sim -- --seed N | --seeds FROM..TO [--seconds S | --hours H] [--faults LIST] [--clients LIST] [--strikes LIST]
 * [--operations LIST] [--mutant NAME] [--trace] [--shrink]`
 *
 * Prints the seed first. Exit codes: 0 every seed went well, 1 some did not, 2 the command was not understood.
 */
import { parseCommand } from "./command.ts";
import { Reached } from "./reached.ts";
import { tellFailure, tellResult, tellShrunk } from "./report.ts";
import { runSeed } from "./run-seed.ts";

const failuresShownMax = 20;
const progressMs = 10_000;

/** Now and then, how far it is: thousands of seeds take a while. */
class Progress {
  private nextMs = performance.now() + progressMs;
  private readonly from: number;
  private readonly to: number;

  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  tell(seed: number, failures: number): void {
    if (performance.now() < this.nextMs) return;
    this.nextMs += progressMs;
    console.error(`${seed - this.from + 1} of ${this.to - this.from + 1} seeds, ${failures} failed`);
  }
}

function tellReached(reached: Reached): void {
  const situations = [...reached.situations]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([situation, times]) => `${situation} ${times}`);
  console.log(`reached: ${situations.join(", ")}`);
}

function main(): number {
  const command = parseCommand(process.argv.slice(2));
  if (typeof command === "string") {
    console.error(command);
    return 2;
  }
  const { from, to, shrink, words, options } = command;
  console.log(from === to ? `seed ${from}` : `seeds ${from}..${to}`);
  const startMs = performance.now();
  const reached = new Reached();
  let failures = 0;
  const progress = new Progress(from, to);
  for (let seed = from; seed <= to; seed++) {
    const result = runSeed(seed, options);
    reached.merge(result.reached);
    progress.tell(seed, failures);
    if (result.failure === undefined) {
      if (from === to) tellResult(result);
      continue;
    }
    if (++failures > failuresShownMax) continue;
    tellFailure(result, words, options);
    if (shrink) tellShrunk(result, options, words);
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const count = to - from + 1;
  console.log(`${count - failures} of ${count} seeds well, ${(count / seconds).toFixed(1)} seeds per second`);
  if (from !== to) tellReached(reached);
  return failures === 0 ? 0 : 1;
}

process.exitCode = main();
