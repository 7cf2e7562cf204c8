/*
 * `npm run sim`: see its usage (./command.ts). Prints the seed first.
 */
import { runLabCommand } from "../lab-options.ts";
import { parseCommand, usage } from "./command.ts";
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

async function main(args: readonly string[]): Promise<number> {
  const { from, to, shrink, words, options } = parseCommand(args);
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

process.exitCode = await runLabCommand(usage, main);
