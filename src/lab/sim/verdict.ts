/*
 * The outside view: the history that the clients recorded, with the state in which each datacenter ended, is judged by the
 * checker that judges any history (src/history/check).
 */
import { checkHistory } from "../../history/check/check.ts";
import { resultInWords } from "../../history/check/report.ts";
import type { Rule } from "../../history/check/violation.ts";
import type { HistoryLine } from "../../history/format.ts";
import { recordFinalState } from "../../history/recorder.ts";
import { seenOf } from "./client-operations.ts";
import type { Simulation } from "./simulation.ts";
import { check } from "./violation.ts";
import { transactionsTouching } from "./write-operation.ts";

/** The invariant that a rule of the judge is about, seen from outside. */
const invariantOf: Readonly<Record<Rule, number>> = {
  "stale-read": 1,
  "read-your-writes": 5,
  "monotonic-reads": 5,
  "fractured-read": 9,
  "snapshot-cut": 9,
  "monotonic-writes": 5,
  "writes-follow-reads": 1,
  "version-order": 3,
  "causality-cycle": 3,
  "thin-air": 14,
  "duplicate-dot": 2,
  "dot-mismatch": 2,
  "value-mismatch": 2,
  "real-time": 8,
  "future-read": 8,
  "torn-transaction": 9,
  diverged: 10,
  "lost-write": 6,
};

export function judgeHistory(simulation: Simulation): void {
  const { history, world, reached } = simulation;
  if (reached.situations.has(transactionsTouching)) return;
  const sink = { write: (line: HistoryLine): void => void history.push(line) };
  for (const { index, current } of world.datacenters) {
    const entries = [...current].map(([key, version]) => ({ key, seen: seenOf(version) }));
    recordFinalState(sink, index, entries);
  }
  history.push({ type: "end", lines: history.length });
  const result = checkHistory(history, { violationsPerRuleMax: 2 });
  const [rule] = result.counts.keys();
  if (rule !== undefined) check(false, invariantOf[rule], () => resultInWords(result).join("\n"));
}
