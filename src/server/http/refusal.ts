/*
 * How the operator port says no: a status, a code that programs may rely on, and words for people.
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

export type RefusalStatus = ContentfulStatusCode &
  (400 | 401 | 403 | 404 | 408 | 412 | 413 | 415 | 431 | 500 | 503 | 504);

/** The body of every answer that is not a success. */
export interface RefusalBody {
  readonly error: { readonly code: string; readonly message: string };
}

export class Refusal {
  readonly status: RefusalStatus;
  readonly code: string;
  readonly message: string;

  constructor(status: RefusalStatus, code: string, message: string) {
    this.status = status;
    this.code = code;
    this.message = message;
  }

  get body(): RefusalBody {
    return { error: { code: this.code, message: this.message } };
  }
}

export function refuse(c: Context, refusal: Refusal): Response {
  if (refusal.status === 503) c.header("Retry-After", "1");
  return c.json(refusal.body, refusal.status);
}
