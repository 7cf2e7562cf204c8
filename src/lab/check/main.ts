/*
 * `cops check FILE`: judges a history and says so. Also runs on its own: `node src/lab/check/main.ts FILE [--json]`.
 *
 * Exit codes: 0 the history passes, 1 it has violations, 2 it cannot be judged (unreadable, cut short, not a history).
 */
import { pathToFileURL } from "node:url";
import { HistoryError } from "../history/errors.ts";
import { checkHistoryFile } from "./check.ts";
import type { CheckOptions, CheckResult } from "./check.ts";
import { resultInJson, resultInWords } from "./report.ts";

export interface CheckCommand extends CheckOptions {
  readonly file: string;
  readonly json?: boolean;
}

/** Judges the file and prints the verdict; returns the exit code. */
export function runCheck(command: CheckCommand, print: (line: string) => void): 0 | 1 | 2 {
  const result = judge(command, print);
  if (result === undefined) return 2;
  if (command.json === true) print(JSON.stringify(resultInJson(result)));
  else for (const line of resultInWords(result)) print(line);
  return result.counts.size === 0 ? 0 : 1;
}

function judge(command: CheckCommand, print: (line: string) => void): CheckResult | undefined {
  try {
    return checkHistoryFile(command.file, command);
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    const { code, line, message } = error;
    print(
      command.json === true
        ? JSON.stringify({ verdict: "none", code, line, message })
        : `No verdict: ${message} (${code})`,
    );
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const words = process.argv.slice(2);
  const file = words.find((word) => !word.startsWith("--"));
  const print = (line: string): void => console.log(line);
  if (file === undefined) print("usage: node src/lab/check/main.ts FILE [--json]");
  process.exitCode = file === undefined ? 2 : runCheck({ file, json: words.includes("--json") }, print);
}
