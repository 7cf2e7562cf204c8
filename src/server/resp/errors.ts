/*
 * The operating errors of the RESP port.
 */

export type RespServerErrorCode =
  /** Another host could connect, and there is no password. */
  "LISTEN_INSECURE" | "LISTEN_FAILED";

export class RespServerError extends Error {
  override readonly name = "RespServerError";
  readonly code: RespServerErrorCode;
  readonly retryable = false;
  /** host:port */
  readonly address: string;

  constructor(code: RespServerErrorCode, detail: string, address: string, cause?: unknown) {
    super(`${code} ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.address = address;
  }
}

/** A command cannot be answered as asked: `message` is the error reply, its first word the code. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
  readonly code: string;
  readonly retryable: boolean;

  constructor(message: string, retryable = false, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = message.slice(0, message.indexOf(" "));
    this.retryable = retryable;
  }
}
