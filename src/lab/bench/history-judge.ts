/*
 * How fast is the judge of histories (`cops check`)? Makes a history of the given size with the model of its tests, writes
 * it, reads it, judges it.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkHistoryFile } from "../../history/check/check.ts";
import { resultInWords } from "../../history/check/report.ts";
import { modelHeader, runModel } from "../../history/check/testing/causal-model.ts";
import type { ModelChoices } from "../../history/check/testing/causal-model.ts";
import { HistoryWriter } from "../../history/writer.ts";

const sessions = 300;
const keys = 20_000;

/** Of single keys only, or with a bit of everything that a history may have. */
export type JudgedWork = "single" | "mixed";

/** A million operations should be judged within a minute. */
export function benchJudge(operations: number, work: JudgedWork, print: (line: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "cops-judge-bench-"));
  try {
    measure(choicesFor(operations, work), join(directory, "history.jsonl"), print);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const sharesOf: Readonly<Record<JudgedWork, ModelChoices["shares"]>> = {
  single: { write: 0.5, delete: 0.1, unknown: 0.002, attach: 0.001 },
  mixed: {
    write: 0.3,
    delete: 0.1,
    unknown: 0.002,
    attach: 0.001,
    snapshot: 0.2,
    transaction: 0.1,
    touch: 0.05,
    expires: 0.2,
  },
};

function choicesFor(operations: number, work: JudgedWork): ModelChoices {
  return {
    seed: 1,
    datacenters: 3,
    partitions: 16,
    sessions,
    keys,
    operations,
    delayTicksMax: 2000,
    rule: "exact",
    shares: sharesOf[work],
  };
}

function measure(choices: ModelChoices, path: string, print: (line: string) => void): void {
  const timed = <Result>(what: string, step: () => Result): Result => {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const result = step();
    const { user, system } = process.cpuUsage(cpu);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    print(`${what}: ${seconds} s, ${((user + system) / 1e6).toFixed(1)} s of CPU`);
    return result;
  };
  timed("model and write", () => {
    const writer = new HistoryWriter(path, modelHeader(choices));
    runModel(choices, writer);
    writer.close();
  });
  print(`${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`);
  const result = timed("read and judge", () => checkHistoryFile(path));
  for (const line of resultInWords(result)) print(line);
  print(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
}
