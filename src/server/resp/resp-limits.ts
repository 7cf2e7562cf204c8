/*
 * What RESP clients may use (docs/LIMITS.md). Those that CONFIG SET knows take effect at once, for connections that are
 * open as well: every check reads the figure anew.
 */
import type { RequestLimits } from "../../protocol/resp/request-limits.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

export interface RespLimits {
  /** Connections at one time; one more is told so and closed. Redis's maxclients. */
  clientsMax: number;
  /** A connection that sends nothing for this long is closed; 0 for never. Redis's timeout, in ms. */
  idleMsMax: number;
  /** A connection that has not authenticated after this long is closed, where there is a password. */
  unauthenticatedMsMax: number;
  /** Bytes of requests that are not all there yet, of all connections together. */
  inputBytesTotalMax: number;
  /** With this much output unread the connection's requests wait. */
  outputBytesPause: number;
  /** With more than this the connection is dropped: single replies alone come that far. */
  outputBytesMax: number;
  /** A paused connection whose client reads nothing for this long is dropped. */
  outputStallMsMax: number;
  /** With this many commands begun and not answered the connection's requests wait. A power of two. */
  repliesPendingMax: number;
  /** Commands that MULTI queues, and their bytes. */
  multiCommandsMax: number;
  multiBytesMax: number;
  /** Sessions named by COPS.SESSION. */
  namedSessionsMax: number;
  /** A named session that no connection has joined for this long is forgotten. */
  namedSessionIdleMsMax: number;
  /** Bytes of keys in one reply of KEYS. */
  keysReplyBytesMax: number;
  /** How long COPS.ATTACH and COPS.OPENTOKEN wait when the client does not say; at most `attachTimeoutMsMax`. */
  attachTimeoutMs: number;
  readonly request: RequestLimits;
}

export const respLimitsDefault: Readonly<RespLimits> = {
  clientsMax: 10_000,
  idleMsMax: 0,
  unauthenticatedMsMax: 30_000,
  inputBytesTotalMax: 1024 * MiB,
  outputBytesPause: 1 * MiB,
  outputBytesMax: 256 * MiB,
  outputStallMsMax: 60_000,
  repliesPendingMax: 4096,
  multiCommandsMax: 16_384,
  multiBytesMax: 64 * MiB,
  namedSessionsMax: 10_000,
  namedSessionIdleMsMax: 600_000,
  keysReplyBytesMax: 64 * MiB,
  attachTimeoutMs: 5_000,
  request: {
    // Above the largest value, so that one somewhat too large gets an error of its own and the connection lives on.
    maxBulkBytes: 64 * MiB,
    maxArguments: 1024 * KiB,
    maxInlineBytes: 64 * KiB,
    maxRequestBytes: 256 * MiB,
  },
};

/** Client and library names, session names: one line of CLIENT LIST holds them. */
export const nameBytesMax = 128;
/** A connection that was told goodbye and does not hang up is cut off after this long. */
export const farewellMsMax = 5_000;
/** How long COPS.ATTACH and COPS.OPENTOKEN wait at most. */
export const attachTimeoutMsMax = 60_000;
