/*
 * The history format: what clients saw of a run, one JSON object per line (design, section 7; docs/TESTING-HISTORY.md).
 *
 * A history is written while a run goes on and judged afterwards, by `cops check FILE`, on any machine. It therefore
 * carries what the judge needs and nothing about how the run was made: who read and wrote what, when, in which
 * datacenter, the dot and version of everything seen, and the state in which every datacenter ended.
 *
 * Lines: `header` first; `session` before the session's operations; then `attach`, `read`, `write`, `delete`, `touch`,
 * `snapshot` and `transaction` in any order (`seq` gives the order within a session); `final` and `final-end` after the
 * last operation; `end` last.
 * Stability: a reader ignores fields that it does not know and refuses line types and format versions that it does not
 * know. A new optional field keeps the version; anything that an old reader would judge wrongly raises it.
 * Version 2 came with snapshots, transactions and expiry; version 1 is still read.
 *
 * Left out on purpose: reads without an answer (they say nothing), and values (a tag is enough to tell writes apart).
 */
import type { ByteString } from "../shared/bytes.ts";

export const HISTORY_FORMAT = "cops-history";
/** What is written. */
export const HISTORY_FORMAT_VERSION = 2;
/** What is read. */
export const historyFormatVersions = [1, HISTORY_FORMAT_VERSION] as const;
/** A longer line is refused by the reader and by the writer: memory per line is bounded by it. */
export const HISTORY_LINE_CHARS_MAX = 4 * 1024 * 1024;

/**
 * The exact name of one write: origin datacenter, partition, and the how-manieth write of that log (from 1). All parts of a
 * transaction have one dot, of its coordinator's partition. A version with a touch has the dot of the touch.
 */
export type HistoryDot = readonly [datacenter: number, partition: number, seq: number];
/**
 * Compared left to right: the order of last-writer-wins. Where a touch set the expiry of a version, the touch's own three
 * follow; between versions of one value, one without a touch is below all that have one.
 */
export type HistoryVersion =
  | readonly [time: number, datacenter: number, partition: number]
  | readonly [
      time: number,
      datacenter: number,
      partition: number,
      touchTime: number,
      touchDatacenter: number,
      touchPartition: number,
    ];
/** "Everything that `session` had seen and done once its operation `seq` was answered": what a token carries. */
export type HistoryPast = readonly [session: string, seq: number];

export interface HeaderLine {
  readonly type: "header";
  readonly format: typeof HISTORY_FORMAT;
  readonly formatVersion: (typeof historyFormatVersions)[number];
  readonly cluster: string;
  /** Names; everywhere else a datacenter is its index in this list. */
  readonly datacenters: readonly string[];
  /** `one`: all times of the history come from one clock. Otherwise they compare only inside a datacenter. */
  readonly clock: "one" | "per-datacenter";
  /** Writes exist that are not in the history, so a dot that no line wrote is no violation. */
  readonly unrecordedWrites?: boolean;
  /**
   * Tombstones and expired values may have been collected during the run, so `never` may stand for one of them too. Where
   * nothing is said: true, and false in version 1.
   */
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

/**
 * What a read found: a value, a value that has expired (so nothing was shown, but its dot was read), a tombstone, or a key
 * that was never written here (a nil without a dot).
 */
export type Seen =
  | { readonly saw: "value"; readonly dot: HistoryDot; readonly version: HistoryVersion; readonly value?: string }
  | { readonly saw: "expired"; readonly dot: HistoryDot; readonly version: HistoryVersion; readonly value?: string }
  | { readonly saw: "tombstone"; readonly dot: HistoryDot; readonly version: HistoryVersion }
  | { readonly saw: "never" };

export type ReadLine = OperationFields & { readonly type: "read"; readonly key: ByteString } & Seen;

/** One key as a snapshot showed it. */
export type SnapshotEntry = { readonly key: ByteString } & Seen;

/** One read transaction: what each key showed, all at one moment. */
export interface SnapshotLine extends OperationFields {
  readonly type: "snapshot";
  readonly entries: readonly SnapshotEntry[];
}

/**
 * `unknown`: it may or may not have happened, now or later. `refused`: it has not happened and never will.
 * `expires`: what it leaves may expire (and then be collected). Without it a value lasts, and is judged so.
 */
export type WriteOutcome = (
  | { readonly outcome: "ok"; readonly dot: HistoryDot; readonly version: HistoryVersion }
  | { readonly outcome: "unknown" }
  | { readonly outcome: "refused" }
) & { readonly expires?: boolean };

/** `value` is a tag, equal exactly when the values are: the value itself or a hash, best unique per write. */
export type WriteLine = OperationFields & {
  readonly type: "write";
  readonly key: ByteString;
  readonly value?: string;
} & WriteOutcome;
export type DeleteLine = OperationFields & { readonly type: "delete"; readonly key: ByteString } & WriteOutcome;
/** Sets or ends the expiry of the version that the key has, and leaves its value: its version is that one's and its own. */
export type TouchLine = OperationFields & { readonly type: "touch"; readonly key: ByteString } & WriteOutcome;

/** `value` as in a write; without one it is a delete. `expires` as in an outcome, for this key. */
export interface TransactionPart {
  readonly key: ByteString;
  readonly value?: string | undefined;
  readonly expires?: boolean;
}
/** One write transaction: several keys, one dot, one version. */
export type TransactionLine = OperationFields & {
  readonly type: "transaction";
  /** No key twice. */
  readonly writes: readonly TransactionPart[];
} & WriteOutcome;

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

export type OperationLine = AttachLine | ReadLine | SnapshotLine | WriteLine | DeleteLine | TouchLine | TransactionLine;
export type HistoryLine = HeaderLine | SessionLine | OperationLine | FinalLine | FinalEndLine | EndLine;
