/*
 * What a client may send (docs/LIMITS.md). Each limit is checked against what is announced, before anything is kept for
 * it; what happens at each is a protocol error, in Redis's words, after which the connection is closed.
 */

export interface RequestLimits {
  /** The longest argument; Redis's proto-max-bulk-len. "invalid bulk length". */
  maxBulkBytes: number;
  /** The most arguments of one command, its name included. "invalid multibulk length". */
  maxArguments: number;
  /** The longest inline command or header line. "too big inline request", "too big mbulk count string". */
  maxInlineBytes: number;
  /** The longest command on the wire; Redis's client-query-buffer-limit. "too big request". */
  maxRequestBytes: number;
}

export const DEFAULT_REQUEST_LIMITS: Readonly<RequestLimits> = {
  // Just below Redis's 512 MiB: V8's strings end at 2^29 - 24 characters.
  maxBulkBytes: 512 * 1024 * 1024 - 1024,
  maxArguments: 1024 * 1024,
  maxInlineBytes: 64 * 1024,
  maxRequestBytes: 1024 * 1024 * 1024,
};

/** Until it has authenticated, a client may send no more than AUTH and HELLO need (as in Redis). */
export const UNAUTHENTICATED_ARGUMENTS_MAX = 10;
export const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * 1024;
