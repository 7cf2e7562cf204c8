/*
 * What can go wrong at the client's edge. Every error that the library rejects with is a `ClientError`: tell them apart by
 * class or by `code`, which is stable; never by their message.
 *
 * `retryable` says whether the same call may succeed later while nobody changes the program. The library itself has
 * tried again already, as far as the deadline allowed. Whatever is rejected with another class than UnknownOutcomeError
 * has had no effect and will have none.
 */
import type { UnknownWrite } from "./unknown-write.ts";

export type ClientErrorCode =
  | "INVALID_ARGUMENT"
  | "CONTEXT_BUSY"
  | "CONTEXT_DELETED"
  | "UNKNOWN_OUTCOME"
  | "TIMEOUT"
  | "ABORTED"
  | "BACKPRESSURE"
  | "CLIENT_CLOSED"
  | "CONNECTION_LOST"
  | "AUTHENTICATION_FAILED"
  | "WRONG_CLUSTER"
  | "PROTOCOL_VIOLATION"
  | "SERVER_REFUSED"
  | "TOKEN_REFUSED"
  | "ATTACH_TIMEOUT"
  | "SNAPSHOT_TOO_OLD"
  | "TRANSACTION_CONFLICT";

export abstract class ClientError extends Error {
  abstract readonly code: ClientErrorCode;
  abstract readonly retryable: boolean;
}

function causedBy(cause: unknown): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}

/** An argument or option that can never work; nothing was sent. */
export class InvalidArgumentError extends ClientError {
  override readonly name = "InvalidArgumentError";
  readonly code = "INVALID_ARGUMENT";
  readonly retryable = false;
  readonly argument: string;
  readonly reason: string;

  constructor(argument: string, reason: string) {
    super(`${argument}: ${reason}`);
    this.argument = argument;
    this.reason = reason;
  }
}

/** The context has a put outstanding. Wait for it, or go parallel with a context of its own for each. */
export class ContextBusyError extends ClientError {
  override readonly name = "ContextBusyError";
  readonly code = "CONTEXT_BUSY";
  readonly retryable = true;
  /** What the context is busy with. */
  readonly outstanding: "write" | "resolve";

  constructor(outstanding: "write" | "resolve") {
    super(
      outstanding === "write"
        ? "this context has a put outstanding: wait for it, or use one context for each thread of execution"
        : "this context is finding out what became of a put: wait for it",
    );
    this.outstanding = outstanding;
  }
}

/** The context was given to `deleteContext`. */
export class ContextDeletedError extends ClientError {
  override readonly name = "ContextDeletedError";
  readonly code = "CONTEXT_DELETED";
  readonly retryable = false;

  constructor() {
    super("this context was deleted");
  }
}

/**
 * A put, delete or transaction was sent and no answer came: it may have taken effect, or may yet, or never. Until `write` is resolved or
 * abandoned, its context refuses to write on. `cause` says why no answer came.
 */
export class UnknownOutcomeError extends ClientError {
  override readonly name = "UnknownOutcomeError";
  readonly code = "UNKNOWN_OUTCOME";
  /** Not by calling again: by `write.resolve()`. */
  readonly retryable = false;
  readonly write: UnknownWrite;

  constructor(write: UnknownWrite, cause?: unknown) {
    super(`the ${write.kind} may have taken effect or not; resolve or abandon it before writing on`, causedBy(cause));
    this.write = write;
  }
}

/** The deadline passed. Nothing was done. `cause` is what the last attempt met, if any was made. */
export class TimeoutError extends ClientError {
  override readonly name = "TimeoutError";
  readonly code = "TIMEOUT";
  readonly retryable = true;
  readonly operation: string;
  readonly timeoutMs: number;
  readonly attempts: number;

  constructor(operation: string, timeoutMs: number, attempts: number, cause?: unknown) {
    super(`${operation} had no answer within ${timeoutMs} ms (attempts: ${attempts})`, causedBy(cause));
    this.operation = operation;
    this.timeoutMs = timeoutMs;
    this.attempts = attempts;
  }
}

/** The caller's AbortSignal fired; `cause` is its reason. Nothing was done. */
export class OperationAbortedError extends ClientError {
  override readonly name = "OperationAbortedError";
  readonly code = "ABORTED";
  readonly retryable = false;
  readonly operation: string;

  constructor(operation: string, cause: unknown) {
    super(`${operation} was aborted`, causedBy(cause));
    this.operation = operation;
  }
}

/** Too much is outstanding already; nothing was done. */
export class BackpressureError extends ClientError {
  override readonly name = "BackpressureError";
  readonly code = "BACKPRESSURE";
  readonly retryable = true;
  readonly what: "operations" | "bytes" | "operations of the context" | "attaches";
  readonly limit: number;

  constructor(what: BackpressureError["what"], limit: number) {
    super(`${limit} ${what} are outstanding already; wait for some to finish`);
    this.what = what;
    this.limit = limit;
  }
}

/** The client was closed before or while this operation ran. */
export class ClientClosedError extends ClientError {
  override readonly name = "ClientClosedError";
  readonly code = "CLIENT_CLOSED";
  readonly retryable = false;

  constructor() {
    super("the client is closed");
  }
}

export type ConnectionLossReason =
  | "connect-failed"
  | "closed-by-node"
  | "broken"
  | "silent"
  | "greeting-timeout"
  | "superseded";

/** There is no connection to a node, or one that was there ended. */
export class ConnectionLostError extends ClientError {
  override readonly name = "ConnectionLostError";
  readonly code = "CONNECTION_LOST";
  readonly retryable = true;
  /** host:port */
  readonly address: string;
  readonly reason: ConnectionLossReason;

  constructor(address: string, reason: ConnectionLossReason, cause?: unknown) {
    super(`no connection to ${address}: ${reason}`, causedBy(cause));
    this.address = address;
    this.reason = reason;
  }
}

/** The node did not accept the password. */
export class AuthenticationError extends ClientError {
  override readonly name = "AuthenticationError";
  readonly code = "AUTHENTICATION_FAILED";
  readonly retryable = false;
  readonly address: string;
  /** The first word of the node's answer. */
  readonly serverCode: string;

  constructor(address: string, serverCode: string, message: string) {
    super(`${address}: ${message}`);
    this.address = address;
    this.serverCode = serverCode;
  }
}

/** At this address answers a node of another cluster or datacenter than the one that the client is connected to. */
export class WrongClusterError extends ClientError {
  override readonly name = "WrongClusterError";
  readonly code = "WRONG_CLUSTER";
  readonly retryable = false;
  readonly address: string;
  readonly expected: string;
  readonly found: string;

  constructor(address: string, expected: string, found: string) {
    super(`at ${address} answers ${found}, expected was ${expected}`);
    this.address = address;
    this.expected = expected;
    this.found = found;
  }
}

/** What came is not what this release understands: another server, another release, or rubbish. */
export class ProtocolError extends ClientError {
  override readonly name = "ProtocolError";
  readonly code = "PROTOCOL_VIOLATION";
  readonly retryable = false;
  readonly what: string;

  constructor(what: string, cause?: unknown) {
    super(`not understood: ${what}`, causedBy(cause));
    this.what = what;
  }
}

/** A node answered with an error. `serverCode` is its first word (docs/COMMANDS.md lists them). Nothing was done. */
export class ServerRefusedError extends ClientError {
  override readonly name = "ServerRefusedError";
  readonly code = "SERVER_REFUSED";
  readonly retryable: boolean;
  readonly serverCode: string;

  constructor(serverCode: string, message: string, retryable: boolean) {
    super(message);
    this.serverCode = serverCode;
    this.retryable = retryable;
  }
}

/** The token is none, is cut short or forged, is of another cluster, or is from beyond the allowed clock skew. */
export class TokenRefusedError extends ClientError {
  override readonly name = "TokenRefusedError";
  readonly code = "TOKEN_REFUSED";
  readonly retryable = false;
  /** The first word of the node's answer: which of these it is. */
  readonly serverCode: string;

  constructor(serverCode: string, message: string) {
    super(message);
    this.serverCode = serverCode;
  }
}

/** What the token has seen has not arrived in this datacenter in time. The token stays good. */
export class AttachTimeoutError extends ClientError {
  override readonly name = "AttachTimeoutError";
  readonly code = "ATTACH_TIMEOUT";
  readonly retryable = true;
  readonly timeoutMs: number;

  constructor(timeoutMs: number, cause?: unknown) {
    super(`not everything that the token has seen arrived here within ${timeoutMs} ms`, causedBy(cause));
    this.timeoutMs = timeoutMs;
  }
}

/**
 * A read transaction was begun `restarts` times, and each time what was visible at its moment was no longer kept when a node
 * came to read it: nodes are too slow for their `transTime`, or the clock of the context is far behind theirs.
 */
export class SnapshotTooOldError extends ClientError {
  override readonly name = "SnapshotTooOldError";
  readonly code = "SNAPSHOT_TOO_OLD";
  readonly retryable = true;
  readonly restarts: number;

  constructor(restarts: number, message: string) {
    super(message);
    this.restarts = restarts;
  }
}

/** A transaction that was under way held a key of this write, each time that it was tried. Nothing was done. */
export class TransactionConflictError extends ClientError {
  override readonly name = "TransactionConflictError";
  readonly code = "TRANSACTION_CONFLICT";
  readonly retryable = true;
}
