/*
 * Tells a causal path as sentences, one per step: "session bob in nyc read "album" = 1 (dot …), line 7".
 */
import { causalPath } from "./causal-path.ts";
import type { Goal } from "./causal-path.ts";
import type { LoadedHistory, Operation } from "./model.ts";
import type { Story } from "./violation.ts";
import { deed, deedOnly } from "./words.ts";

/** How `effect` came to know of the goal, and then what is wrong about `effect`. */
export function causalStory(history: LoadedHistory, goal: Goal, effect: Operation, message: string): Story {
  const path = causalPath(goal, effect) ?? [effect];
  return { message, cycle: sentences(history, path), lines: path.map((operation) => operation.line) };
}

export function sentences(history: LoadedHistory, path: readonly Operation[]): readonly string[] {
  return path.map((operation, at) => {
    const before = path[at - 1];
    if (before?.session !== operation.session) return deed(history, operation);
    return `the same session then ${deedOnly(operation)}, line ${operation.line}`;
  });
}
