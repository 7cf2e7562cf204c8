/*
 * How fast is the checker? Makes a history of the given size with the model, writes it, reads it, judges it.
 *
 *     node src/lab/check/bench/main.ts [operations = 1000000] [sessions = 300] [keys = 20000] [seed = 1]
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HistoryWriter } from "../../history/writer.ts";
import { checkHistoryFile } from "../check.ts";
import { resultInWords } from "../report.ts";
import { modelHeader, runModel } from "../testing/causal-model.ts";
import type { ModelChoices } from "../testing/causal-model.ts";

function choicesOf(words: readonly string[]): ModelChoices {
  const [operations = 1_000_000, sessions = 300, keys = 20_000, seed = 1] = words.map(Number);
  return {
    seed,
    datacenters: 3,
    partitions: 16,
    sessions,
    keys,
    operations,
    delayTicksMax: 2000,
    rule: "exact",
    shares: { write: 0.5, delete: 0.1, unknown: 0.002, attach: 0.001 },
  };
}

function timed<Result>(what: string, step: () => Result): Result {
  const start = performance.now();
  const result = step();
  console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

function measure(choices: ModelChoices, path: string): void {
  timed("model and write", () => {
    const writer = new HistoryWriter(path, modelHeader(choices));
    runModel(choices, writer);
    writer.close();
  });
  console.log(`${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`);
  const result = timed("read and judge", () => checkHistoryFile(path));
  for (const line of resultInWords(result)) console.log(line);
  console.log(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
}

const directory = mkdtempSync(join(tmpdir(), "cops-check-bench-"));
try {
  measure(choicesOf(process.argv.slice(2)), join(directory, "history.jsonl"));
} finally {
  rmSync(directory, { recursive: true });
}
