/*
 * How an operation can fail without anybody having made a mistake in the program: expected outcomes, told by code. The
 * code is the first word of the error on every wire.
 */
export type FailureCode =
  /** The owner of the key cannot be reached from here, or did not answer in time. Nothing was done. */
  | "UNAVAILABLE"
  /** A forwarded write got no answer: it may have taken effect or not. */
  | "UNKNOWNOUTCOME"
  /** The disk is full or the node is being drained: writes are refused, reads go on. */
  | "READONLY"
  /** A clock is too far off to order anything. */
  | "CLOCKSKEW"
  /** Too much is waiting here already. */
  | "BUSY"
  /** The dependencies of a token did not arrive in time. */
  | "TIMEOUT"
  /** A request number that this node has already forgotten. */
  | "STALEREQUEST"
  /** The client's context names datacenters or partitions that this cluster does not have. */
  | "BADCONTEXT"
  /** What was visible at the time of a snapshot is not kept any more. */
  | "SNAPSHOTTOOOLD"
  /** Another transaction that is not decided holds one of the keys. Nothing was done. */
  | "CONFLICT"
  /** What would have to be told of these keys is more than one answer holds. Nothing was done. */
  | "TOOLARGE";

export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}

const messages: Readonly<Record<FailureCode, string>> = {
  UNAVAILABLE: "the node that owns this key cannot be reached; nothing was done, try again",
  UNKNOWNOUTCOME: "no answer from the node that owns this key; the write may have taken effect or not",
  READONLY: "writes are refused on this node for now, reads go on",
  CLOCKSKEW: "the clock of this node, or what the session has seen, is too far off to order writes",
  BUSY: "too many operations are waiting, try again later",
  TIMEOUT: "not everything that the session has seen has arrived here in time",
  STALEREQUEST: "this request number was answered too long ago to tell how",
  SNAPSHOTTOOOLD: "what was visible at the time of this snapshot is not kept any more, start again",
  CONFLICT: "a transaction that is under way holds one of these keys; nothing was done, try again",
  TOOLARGE: "the values that are asked for are together too large for one answer, ask for fewer keys; nothing was done",
  BADCONTEXT: "the context names what this cluster does not have, or what is not applied in this datacenter",
};

export function failureOf(code: string, message?: string): Failure {
  const known = code in messages ? (code as FailureCode) : "UNAVAILABLE";
  return { code: known, message: message ?? messages[known] };
}
