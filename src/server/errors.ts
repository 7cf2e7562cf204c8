/*
 * Operating errors of the server: each with a stable code, whether trying again may help, and what it is about.
 */
import type { NodeId } from "../core/placement.ts";

export type ControlErrorCode = "UNREACHABLE" | "TIMEOUT" | "BUSY" | "REMOTE";

/** A request to another node did not get its answer. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: ControlErrorCode;
  readonly retryable: boolean;
  readonly peer: NodeId;

  constructor(code: ControlErrorCode, message: string, peer: NodeId) {
    super(message);
    this.code = code;
    this.retryable = code !== "REMOTE";
    this.peer = peer;
  }
}

export type RecoveryErrorCode = "LOSTLOG" | "LOSTSTORE";

/** Log and store do not fit together: one of them lost what the other relies on. The node refuses to serve. */
export class RecoveryError extends Error {
  override readonly name = "RecoveryError";
  readonly code: RecoveryErrorCode;
  readonly retryable = false;

  constructor(code: RecoveryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
