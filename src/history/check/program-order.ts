/*
 * Puts each session's operations into program order (`seq`), tells each the datacenter that it was made in, and ties the
 * tokens that were presented to the operations after which they were taken.
 *
 * Lines may come in any order: an operation is recorded when its outcome is known, and pipelined ones may be told late.
 */
import { badLine } from "../errors.ts";
import type { HistoryPast } from "../format.ts";
import type { Operation, Session } from "./model.ts";

export interface AttachedPasts {
  readonly operation: Operation;
  readonly pasts: readonly HistoryPast[];
}

/** Throws HistoryError where two operations share a place, or a token comes from a session that does not exist. */
export function orderSessions(sessions: ReadonlyMap<string, Session>, attached: readonly AttachedPasts[]): void {
  for (const session of sessions.values()) orderSession(session);
  for (const { operation, pasts } of attached) {
    operation.sources = pasts.flatMap((past) => lastOperationOf(sessions, past, operation.line) ?? []);
  }
}

function orderSession(session: Session): void {
  const { operations } = session;
  if (!isInOrder(operations)) operations.sort((left, right) => left.seq - right.seq);
  let datacenter = session.datacenter;
  let predecessor: Operation | undefined;
  for (const [position, operation] of operations.entries()) {
    const before = operations[position - 1];
    if (before?.seq === operation.seq) {
      throw badLine(operation.line, `line ${before.line} has seq ${operation.seq} of session ${session.name} already`);
    }
    if (operation.kind === "attach") datacenter = operation.datacenter;
    operation.datacenter = datacenter;
    operation.position = position;
    operation.predecessor = predecessor;
    if (operation.outcome === "ok") predecessor = operation;
  }
}

function isInOrder(operations: readonly Operation[]): boolean {
  return operations.every((operation, at) => at === 0 || operations[at - 1]!.seq < operation.seq);
}

/** The last operation of known outcome at or before the past's seq; none where the session had done nothing yet. */
function lastOperationOf(
  sessions: ReadonlyMap<string, Session>,
  [name, seq]: HistoryPast,
  line: number,
): Operation | undefined {
  const session = sessions.get(name);
  if (session === undefined) throw badLine(line, `a past names session ${name}, which does not exist`);
  return session.operations.findLast((operation) => operation.seq <= seq && operation.outcome === "ok");
}
