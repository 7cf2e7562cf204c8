/*
 * The operating errors of the operator port.
 */

export type HttpServerErrorCode =
  /** Another host could connect, and there is no password. */
  "LISTEN_INSECURE" | "LISTEN_FAILED";

export class HttpServerError extends Error {
  override readonly name = "HttpServerError";
  readonly code: HttpServerErrorCode;
  readonly retryable = false;
  /** host:port */
  readonly address: string;

  constructor(code: HttpServerErrorCode, detail: string, address: string, cause?: unknown) {
    super(`${code} ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.address = address;
  }
}
