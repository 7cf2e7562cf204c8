/*
 * What a node's refusal of an operation means: as an error, and whether it may pass when the operation is tried again.
 */
import { ServerRefusedError, SnapshotTooOldError, TransactionConflictError } from "./errors.ts";
import type { ClientError } from "./errors.ts";
import { snapshotRestartsMax } from "./limits.ts";
import type { Operation } from "./operations.ts";
import type { ReplyError } from "../protocol/resp/reply-values.ts";

/** A forwarded write got no answer: it may have happened. Its number makes a repetition safe. */
const unknownOutcomeCode = "UNKNOWNOUTCOME";
const snapshotTooOldCode = "SNAPSHOTTOOOLD";
const conflictCode = "CONFLICT";
/** Refusals that pass by themselves. */
const passingCodes: ReadonlySet<string> = new Set(["UNAVAILABLE", unknownOutcomeCode, "BUSY", "READONLY", "LOADING"]);

export interface Refusal {
  readonly error: ClientError;
  readonly passes: boolean;
  /** This attempt did nothing, and no copy of it is under way. */
  readonly nothingDone: boolean;
}

export function refusalOf(operation: Operation, { code, message }: ReplyError): Refusal {
  if (code === snapshotTooOldCode && operation.kind === "snapshot") {
    operation.restarts++;
    const passes = operation.restarts <= snapshotRestartsMax;
    return { error: new SnapshotTooOldError(operation.restarts, message), passes, nothingDone: true };
  }
  if (code === conflictCode) return { error: new TransactionConflictError(message), passes: true, nothingDone: true };
  const passes = passingCodes.has(code);
  return { error: new ServerRefusedError(code, message, passes), passes, nothingDone: code !== unknownOutcomeCode };
}
