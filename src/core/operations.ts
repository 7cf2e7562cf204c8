/*
 * The two operations on a key as sessions and forwarded requests ask for them, and whom to tell how they ended.
 */
import type { Failure } from "./failure.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { Version } from "../protocol/version.ts";

/** Told how an operation ended, exactly once, by the tag that it was given. */
export interface OperationSink {
  /** `version` is undefined for a key that was never written here; a tombstone is a version. */
  readDone(tag: number, version: Version | undefined): void;
  /**
   * `version` is what was written, undefined when the condition failed; `old` is the version that was judged or replaced
   * (only where a condition or `wantOld` asked for it).
   */
  writeDone(tag: number, version: Version | undefined, old: Version | undefined): void;
  /** The session has come to this point: everything before is answered, or an attach has waited long enough. */
  reached(tag: number): void;
  failed(tag: number, failure: Failure): void;
}

/** Told how a transaction ended, exactly once, by the tag that it was given. */
export interface TransactionSink {
  /** What each key showed at time `time`, in the order in which they were asked for. */
  snapshotDone(tag: number, versions: readonly (Version | undefined)[], time: HybridTime): void;
  /**
   * `version` names the transaction; undefined when nothing was written, since a condition failed. `olds` are, by write, what
   * was judged or replaced, where a write asked for it.
   */
  transactionDone(tag: number, version: Version | undefined, olds: readonly (Version | undefined)[]): void;
  failed(tag: number, failure: Failure): void;
}

/** Whether a reader at `nowMs` finds a value here; an absent key, a tombstone and an expired value are all nothing. */
export function isPresent(version: Version | undefined, nowMs: number): version is Version {
  return version?.isAlive(nowMs) === true;
}
