/*
 * A verdict for people, and for programs. What was not judged is said as loudly as what was.
 */
import type { CheckResult, CheckStats } from "./check.ts";
import type { Violation } from "./violation.ts";

export function resultInWords(result: CheckResult): readonly string[] {
  const { violations, counts, stats } = result;
  const lines = violations.flatMap((violation, at) => violationInWords(violation, at + 1));
  if (counts.size > 0) {
    lines.push("", "Violations by rule:");
    for (const [rule, count] of counts) lines.push(`  ${rule}: ${count}`);
  }
  lines.push(...(lines.length > 0 ? [""] : []), statsInWords(stats));
  if (stats.finalStates === 0) lines.push("Convergence was not judged: the history has no final state.");
  else if (stats.finalStates < stats.datacenters) {
    lines.push(`Convergence was judged over ${stats.finalStates} of ${stats.datacenters} datacenters.`);
  }
  lines.push(counts.size === 0 ? "PASS: the history is causal+." : "FAIL: the history is not causal+.");
  return lines;
}

function violationInWords(violation: Violation, number: number): readonly string[] {
  const steps = violation.cycle.map((step, at) => `   ${at + 1}. ${step}`);
  return [...(number > 1 ? [""] : []), `${number}) ${violation.rule}: ${violation.message}`, ...steps];
}

function statsInWords(stats: CheckStats): string {
  const { reads, nilReads, writes, deletes, touches, snapshots, transactions, attaches } = stats;
  const { unknown, learned, refused, sessions, keys, datacenters } = stats;
  const single = `${reads} reads (${nilReads} of keys never written), ${writes} writes, ${deletes} deletes, ${touches} touches`;
  const done = `${single}, ${snapshots} snapshots, ${transactions} transactions, ${attaches} attaches`;
  const unsure = `${unknown} of unknown outcome (${learned} of them seen), ${refused} refused`;
  return `${done}; ${unsure}; ${sessions} sessions, ${keys} keys, ${datacenters} datacenters.`;
}

export interface JsonVerdict {
  readonly verdict: "pass" | "fail";
  readonly convergenceJudged: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  readonly stats: CheckStats;
}

export function resultInJson(result: CheckResult): JsonVerdict {
  return {
    verdict: result.counts.size === 0 ? "pass" : "fail",
    convergenceJudged: result.stats.finalStates === result.stats.datacenters,
    counts: Object.fromEntries(result.counts),
    violations: result.violations,
    stats: result.stats,
  };
}
