/*
 * The history format: what clients saw of a run, one JSON object per line (design, section 7; docs/TESTING-HISTORY.md).
 *
 * A history is written while a run goes on and judged afterwards, by `cops check FILE`, on any machine. It therefore
 * carries what the judge needs and nothing about how the run was made: who read and wrote what, when, in which
 * datacenter, the dot and version of everything seen, and the state in which every datacenter ended.
 *
 * Lines: `header` first; `session` before the session's operations; then `attach`, `read`, `write` and `delete` in any
 * order (`seq` gives the order within a session); `final` and `final-end` after the last operation; `end` last.
 * Stability: a reader ignores fields that it does not know and refuses line types and format versions that it does not
 * know. A new optional field keeps FORMAT_VERSION; anything that an old reader would judge wrongly raises it.
 *
 * Left out on purpose: reads without an answer (they say nothing), and values (a tag is enough to tell writes apart).
 */
import type { ByteString } from "../shared/bytes.ts";

export const HISTORY_FORMAT = "cops-history";
export const HISTORY_FORMAT_VERSION = 1;
/** A longer line is refused by the reader and by the writer: memory per line is bounded by it. */
export const HISTORY_LINE_CHARS_MAX = 4 * 1024 * 1024;

/** The exact name of one write: origin datacenter, partition, and the how-manieth write of that log (from 1). */
export type HistoryDot = readonly [datacenter: number, partition: number, seq: number];
/** Compared left to right: the order of last-writer-wins. */
export type HistoryVersion = readonly [time: number, datacenter: number, partition: number];
/** "Everything that `session` had seen and done once its operation `seq` was answered": what a token carries. */
export type HistoryPast = readonly [session: string, seq: number];

export interface HeaderLine {
  readonly type: "header";
  readonly format: typeof HISTORY_FORMAT;
  readonly formatVersion: typeof HISTORY_FORMAT_VERSION;
  readonly cluster: string;
  /** Names; everywhere else a datacenter is its index in this list. */
  readonly datacenters: readonly string[];
  /** `one`: all times of the history come from one clock. Otherwise they compare only inside a datacenter. */
  readonly clock: "one" | "per-datacenter";
  /** Writes exist that are not in the history, so a dot that no line wrote is no violation. */
  readonly unrecordedWrites?: boolean;
  /** Tombstones may have been collected during the run, so `never` may also stand for a tombstone. */
  readonly collectsTombstones?: boolean;
}

export interface SessionLine {
  readonly type: "session";
  readonly session: string;
  readonly datacenter: number;
}

/** What every operation has. Times are milliseconds, real or virtual, fractions allowed; `start` is before sending. */
interface OperationFields {
  readonly session: string;
  /** Program order within the session: strictly increasing, gaps allowed. */
  readonly seq: number;
  readonly start: number;
  readonly end: number;
}

/** The session goes on in `datacenter`, with its own past and that of every token presented. */
export interface AttachLine extends OperationFields {
  readonly type: "attach";
  readonly datacenter: number;
  readonly pasts?: readonly HistoryPast[];
}

/** What a read found: a value, a tombstone, or a key that was never written here (a nil without a dot). */
export type Seen =
  | { readonly saw: "value"; readonly dot: HistoryDot; readonly version: HistoryVersion; readonly value?: string }
  | { readonly saw: "tombstone"; readonly dot: HistoryDot; readonly version: HistoryVersion }
  | { readonly saw: "never" };

export type ReadLine = OperationFields & { readonly type: "read"; readonly key: ByteString } & Seen;

/** `unknown`: it may or may not have happened, now or later. `refused`: it has not happened and never will. */
export type WriteOutcome =
  | { readonly outcome: "ok"; readonly dot: HistoryDot; readonly version: HistoryVersion }
  | { readonly outcome: "unknown" }
  | { readonly outcome: "refused" };

/** `value` is a tag, equal exactly when the values are: the value itself or a hash, best unique per write. */
export type WriteLine = OperationFields & {
  readonly type: "write";
  readonly key: ByteString;
  readonly value?: string;
} & WriteOutcome;
export type DeleteLine = OperationFields & { readonly type: "delete"; readonly key: ByteString } & WriteOutcome;

/** One key of the state in which a datacenter ended. Keys never written there have no line. */
export type FinalLine = { readonly type: "final"; readonly datacenter: number; readonly key: ByteString } & Exclude<
  Seen,
  { saw: "never" }
>;

/** The final state of `datacenter` is complete and has this many keys. */
export interface FinalEndLine {
  readonly type: "final-end";
  readonly datacenter: number;
  readonly keys: number;
}

/** The history is complete; `lines` counts every line before this one. */
export interface EndLine {
  readonly type: "end";
  readonly lines: number;
}

export type OperationLine = AttachLine | ReadLine | WriteLine | DeleteLine;
export type HistoryLine = HeaderLine | SessionLine | OperationLine | FinalLine | FinalEndLine | EndLine;
