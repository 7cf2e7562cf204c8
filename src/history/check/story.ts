/*
 * Tells a causal path as sentences, one per step: "session bob in nyc read "album" = 1 (dot …), line 7".
 *
 * Of what reads or writes several keys at once, a step tells those that matter: what it shares with its neighbours on the
 * path, and what the violation is about.
 */
import { causalPath } from "./causal-path.ts";
import type { EffectReads } from "./causal-path.ts";
import type { Access, KeyHistory, LoadedHistory, Operation, Write } from "./model.ts";
import type { Story } from "./violation.ts";
import { deed, deedOnly } from "./words.ts";

/** How `effect` came to know of the goal, and then what is wrong about `effect`. */
export function causalStory(
  history: LoadedHistory,
  goal: { readonly write: Write },
  effect: Access,
  message: string,
  reads: EffectReads = "before its own reads",
): Story {
  const path = causalPath(goal, effect.operation, reads) ?? [effect.operation];
  const about = [goal.write.key, effect.key];
  return { message, cycle: sentences(history, path, about), lines: path.map((operation) => operation.line) };
}

/** `about`: keys that are told wherever they occur. */
export function sentences(
  history: LoadedHistory,
  path: readonly Operation[],
  about: readonly KeyHistory[] = [],
): readonly string[] {
  return path.map((operation, at) => {
    const before = path[at - 1];
    const keys = keysToTell(operation, [before, path[at + 1]], about);
    if (before?.session !== operation.session) return deed(history, operation, keys);
    return `the same session then ${deedOnly(operation, keys)}, line ${operation.line}`;
  });
}

function keysToTell(
  operation: Operation,
  neighbours: readonly (Operation | undefined)[],
  about: readonly KeyHistory[],
): ReadonlySet<KeyHistory> {
  const keys = new Set(about);
  for (const { key, write } of operation.parts) {
    const isShared = neighbours.some(
      (neighbour) =>
        neighbour !== undefined &&
        (write?.operation === neighbour ||
          neighbour.write === write ||
          neighbour.parts.some((part) => part.write === write)),
    );
    if (write !== undefined && isShared) keys.add(key);
  }
  return keys;
}
