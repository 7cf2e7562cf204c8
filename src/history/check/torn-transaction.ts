/*
 * Rule "torn-transaction": in the end a datacenter holds all parts of a transaction or none; a part that was beaten, or
 * collected, counts as held (invariant 9). A transaction of unknown outcome that was seen in part has happened as a whole.
 *
 * What is missing is also reported key by key (convergence.ts); this names the transaction that was not atomic.
 */
import { holds } from "./convergence.ts";
import type { Access, FinalState, LoadedHistory, Operation } from "./model.ts";
import type { ViolationList } from "./violation.ts";
import { datacenterName, deed, keyName, writeName } from "./words.ts";

export function checkTornTransactions(history: LoadedHistory, violations: ViolationList): void {
  for (const operation of history.operations) {
    if (operation.kind !== "transaction") continue;
    for (const state of history.finals.values()) checkState(history, violations, operation, state);
  }
}

function checkState(history: LoadedHistory, violations: ViolationList, operation: Operation, state: FinalState): void {
  const missing = operation.parts.find(
    ({ key, write }) => write !== undefined && !holds(history, state.writes.get(key), write),
  );
  if (missing === undefined) return;
  const held = operation.parts.find((part) => isHeld(part, state));
  if (held !== undefined) report(history, violations, state, held, missing);
}

/** Itself, or a touch of it: of what beat it nobody can tell whether it ever was there. */
function isHeld({ key, write }: Access, state: FinalState): boolean {
  const held = state.writes.get(key);
  return write !== undefined && held !== undefined && (held === write || held.base === write);
}

function report(
  history: LoadedHistory,
  violations: ViolationList,
  state: FinalState,
  held: Access,
  missing: Access,
): void {
  const { operation } = missing;
  const name = datacenterName(history.header, state.datacenter);
  const instead = state.writes.get(missing.key);
  const ending = instead === undefined ? `without ${keyName(missing.key)}` : `with ${writeName(instead)}`;
  violations.report("torn-transaction", () => ({
    message: `${name} ended with a part of a transaction only, without ${keyName(missing.key)}.`,
    cycle: [
      deed(history, operation, new Set([held.key, missing.key])),
      `${name} ended with its ${keyName(held.key)}`,
      `${name} ended ${ending}`,
    ],
    lines: [operation.line],
  }));
}
