/*
 * What tests ask of a hand-written history: which rules it breaks, each once.
 */
import { checkHistory } from "../check.ts";
import type { Rule, Violation } from "../violation.ts";
import type { HistoryBuilder } from "./history-builder.ts";

export function rulesOf(history: HistoryBuilder): readonly Rule[] {
  return [...checkHistory(history.lines).counts.keys()];
}

/** The only violation; fails where there is none or more than one. */
export function onlyViolation(history: HistoryBuilder): Violation {
  const { violations } = checkHistory(history.lines);
  const [first] = violations;
  if (first === undefined || violations.length > 1) {
    throw new Error(`one violation is wanted: ${JSON.stringify(violations)}`);
  }
  return first;
}
