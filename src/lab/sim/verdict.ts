/*
 * The outside view: the history that the clients recorded, with the state in which each datacenter ended, is judged by the
 * checker that judges any history (lab/check).
 */
import { checkHistory } from "../check/check.ts";
import { resultInWords } from "../check/report.ts";
import type { HistoryLine } from "../history/format.ts";
import { recordFinalState } from "../history/recorder.ts";
import { seenOf } from "./client-operations.ts";
import type { Simulation } from "./simulation.ts";
import { check } from "./violation.ts";

export function judgeHistory(simulation: Simulation): void {
  const { history, world } = simulation;
  const sink = { write: (line: HistoryLine): void => void history.push(line) };
  for (const { index, current } of world.datacenters) {
    const entries = [...current].map(([key, version]) => ({ key, seen: seenOf(version) }));
    recordFinalState(sink, index, entries);
  }
  history.push({ type: "end", lines: history.length });
  const result = checkHistory(history, { violationsPerRuleMax: 2 });
  check(result.counts.size === 0, 9, () => resultInWords(result).join("\n"));
}
