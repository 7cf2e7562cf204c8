/*
 * The operating errors of the transport, one code per reason. A link's `why` and `lastError` begin with the code, so
 * people and programs read the same text; the log gets both apart.
 *
 * Handshake codes are the ones that a peer may name when it refuses us: both sides then report the same reason. `retryable`
 * says whether trying again can help while nobody changes anything: links are always dialled again (a rolling change of
 * configuration ends by itself), but a reason that is not retryable goes straight to the longest pause.
 */
import type { NodeId } from "./transport.ts";

/** Why a handshake failed. */
export type HandshakeCode =
  /** What arrived is not our protocol: HTTP, a scanner, rubbish. Closed without an answer. */
  | "NOT_A_PEER"
  | "HANDSHAKE_MALFORMED"
  | "HANDSHAKE_TOO_LARGE"
  | "HANDSHAKE_TIMEOUT"
  /** Too many connections stood in mid-handshake, and this one was the oldest. */
  | "HANDSHAKE_CROWDED_OUT"
  | "VERSION_MISMATCH"
  | "SECRET_MISMATCH"
  | "CLUSTER_MISMATCH"
  | "PARTITIONS_MISMATCH"
  | "CONFIG_MISMATCH"
  /** The dialler reached another node than it meant to: two addresses are mixed up. */
  | "WRONG_NODE"
  /** The dialler is not among the peers of the node that it reached. */
  | "UNKNOWN_PEER"
  /** The node with the greater id dialled; only the smaller one does. */
  | "WRONG_DIALLER"
  /** An older process of a node whose newer one has a link. */
  | "STALE_INCARNATION";

/** Why there is no link, or why one that was up went down. */
export type LinkCode =
  | "CONNECT_FAILED"
  | "CONNECTION_LOST"
  | "PEER_CLOSED"
  | "PEER_SILENT"
  | "QUEUE_FULL"
  | "FRAME_TOO_LARGE"
  | "FRAME_CORRUPT"
  | "LINK_REPLACED"
  | "LINK_RESET"
  | "LINK_CUT"
  | "TRANSPORT_CLOSED";

/** Why the transport cannot run at all. */
export type SetupCode = "BAD_OPTIONS" | "LISTEN_INSECURE" | "LISTEN_FAILED";

export type TransportErrorCode = HandshakeCode | LinkCode | SetupCode;

const handshakeRetryable: Readonly<Record<HandshakeCode, boolean>> = {
  NOT_A_PEER: false,
  HANDSHAKE_MALFORMED: false,
  HANDSHAKE_TOO_LARGE: false,
  HANDSHAKE_TIMEOUT: true,
  HANDSHAKE_CROWDED_OUT: true,
  VERSION_MISMATCH: false,
  SECRET_MISMATCH: false,
  CLUSTER_MISMATCH: false,
  PARTITIONS_MISMATCH: false,
  CONFIG_MISMATCH: false,
  WRONG_NODE: false,
  UNKNOWN_PEER: false,
  WRONG_DIALLER: false,
  STALE_INCARNATION: false,
};

const setupCodes: ReadonlySet<string> = new Set<SetupCode>(["BAD_OPTIONS", "LISTEN_INSECURE", "LISTEN_FAILED"]);

/** Whether `text` is a code that a refusal may carry; a refusal is unproven input. */
export function isHandshakeCode(text: string): text is HandshakeCode {
  return Object.hasOwn(handshakeRetryable, text);
}

function isRetryable(code: TransportErrorCode): boolean {
  if (isHandshakeCode(code)) return handshakeRetryable[code];
  return !setupCodes.has(code);
}

export interface TransportErrorContext {
  readonly peer?: NodeId | undefined;
  /** host:port of the other end. */
  readonly address?: string | undefined;
  readonly cause?: unknown;
}

/** `message` begins with `code`. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly code: TransportErrorCode;
  readonly retryable: boolean;
  readonly peer: NodeId | undefined;
  readonly address: string | undefined;

  constructor(code: TransportErrorCode, detail: string, context: TransportErrorContext = {}) {
    super(`${code} ${detail}`, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.retryable = isRetryable(code);
    this.peer = context.peer;
    this.address = context.address;
  }
}

/** The short form of whatever was thrown: a system error's code where it has one. */
export function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return (cause as NodeJS.ErrnoException).code ?? cause.message;
}
