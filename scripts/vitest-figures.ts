/*
 * Reads the JSON report of a vitest run and prints `passed failed skipped` on one line, for scripts/test.sh; the names of
 * what was skipped go to stderr, so that nobody takes a skipped test for a passed one.
 *
 * Usage: node scripts/vitest-figures.ts REPORT EXIT_CODE
 *
 * A file that could not be loaded counts as one failure, and so does a run that failed although no test did (an
 * unhandled error, no tests at all) or that left no report.
 */
import { existsSync, readFileSync } from "node:fs";

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

interface Figures {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

export function figuresOf(report: Report | undefined, exitCode: number): Figures {
  if (report === undefined) return { passed: 0, failed: 1, skipped: [] };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const unloadable = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const failed = tests.filter((test) => test.status === "failed").length + unloadable.length;
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: tests.filter((test) => test.status !== "passed" && test.status !== "failed").map((test) => test.fullName),
  };
}

if (import.meta.main) {
  const [reportPath = "", exitCode = "1"] = process.argv.slice(2);
  const text = existsSync(reportPath) ? readFileSync(reportPath, "utf8") : "";
  const report = text === "" ? undefined : (JSON.parse(text) as Report);
  const { passed, failed, skipped } = figuresOf(report, Number(exitCode));
  for (const name of skipped) console.error(`skipped: ${name}`);
  console.log(`${passed} ${failed} ${skipped.length}`);
}
