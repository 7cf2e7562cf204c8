/*
 * `cops check FILE`: judges a recorded history (src/history/check) and says so.
 *
 * Exit codes: 0 the history is causal+, 1 it is not, 2 there is no verdict (unreadable, cut short, not a history): a script
 * must not take a history that nobody could judge for one that passed.
 */
import type { Command } from "commander";
import { jsonOption } from "../command-options.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { checkHistoryFile } from "../../history/check/check.ts";
import type { CheckResult } from "../../history/check/check.ts";
import { resultInJson, resultInWords } from "../../history/check/report.ts";
import { HistoryError } from "../../history/errors.ts";

interface CheckOptions {
  readonly json?: true;
}

export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .argument("<file>", "a history: JSON Lines, its header first, its end line last")
    .description("judge whether a recorded history is causal+, with a story for each violation")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
The format of histories is in docs/TESTING-HISTORY.md.

Exit codes:
  0  the history is causal+
  1  it is not
  2  no verdict: the file cannot be read, is cut short or is no history`,
    )
    .action(runCheck);
}

function runCheck(file: string, options: CheckOptions): void {
  const result = judged(file, options);
  if (result === undefined) {
    process.exitCode = ExitCode.usage;
    return;
  }
  if (options.json === true) printJson(resultInJson(result));
  else for (const line of resultInWords(result)) printLine(line);
  process.exitCode = result.counts.size === 0 ? ExitCode.ok : ExitCode.failed;
}

/** Undefined when there is no verdict, which has been told then. */
function judged(file: string, options: CheckOptions): CheckResult | undefined {
  try {
    return checkHistoryFile(file);
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    const { code, line, message } = error;
    if (options.json === true) printJson({ verdict: "none", code, line, message });
    else printNote(`cops: no verdict: ${code} ${message}`);
    return undefined;
  }
}
