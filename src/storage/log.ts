/*
 * The Log port: one node's write-ahead log, a sequence of frames of bytes at increasing positions (design, section 4).
 *
 * A position is a byte offset in the log as a whole, over all segments, and never goes back or repeats. A frame is what
 * one group commit wrote: it is there whole after a crash or not at all. `append` is one write and one sync; the caller
 * keeps at most one append under way, so only the last frame can be torn.
 *
 * Keeps invariants 4 and 6 (nothing that a crash could take back is acknowledged): `append` resolves only when the frame
 * would survive a power cut, and `open` syncs what it recovered before anybody may read it.
 */
import type { Bytes } from "../shared/bytes.ts";

/** A byte offset in the log as a whole; a safe integer. */
export type LogPosition = number;

export interface LogFrame {
  /** Where the frame begins. */
  readonly position: LogPosition;
  /** Where the next frame begins. */
  readonly end: LogPosition;
  /** The frame's payload, without framing. Valid for as long as the caller holds it. */
  readonly payload: Bytes;
}

export interface LogSegment {
  readonly start: LogPosition;
  /** Where the segment's last frame ends. */
  readonly end: LogPosition;
}

export interface LogStats {
  readonly segments: number;
  /** From `start` to `end`, the framing included; preallocated room is not counted. */
  readonly bytes: number;
  /** Appends since the log was opened, and their bytes with framing. */
  readonly appends: number;
  readonly appendedBytes: number;
  /** Wall time of the last append, in milliseconds. */
  readonly lastAppendMs: number;
}

export interface Log {
  /** The first position that can still be read. */
  readonly start: LogPosition;
  /** The position that the next frame will get; everything before it is durable. */
  readonly end: LogPosition;
  /**
   * Appends `payload[0, length)` as one frame; resolves with the position after it once it is durable. The bytes must
   * not change until then. Rejects with LogFullError (nothing written, retry later) or LogFailedError (fatal: a failed
   * sync stops the node for good).
   */
  append(payload: Bytes, length: number): Promise<LogPosition>;
  /**
   * Durable frames from the frame that begins at `from` (a frame boundary, or `end`), whole frames, at most `maxBytes`
   * of payload but at least one frame where there is one. Rejects with LogTruncatedError when `from` is below `start`,
   * StorageBusyError when too many reads wait, LogCorruptError when the disk no longer holds what was written.
   */
  read(from: LogPosition, maxBytes: number): Promise<LogFrame[]>;
  /** Oldest first; the last one is the one being written. */
  segments(): readonly LogSegment[];
  /** Removes whole segments that end at or below `before`, never the one being written. */
  truncate(before: LogPosition): Promise<void>;
  stats(): LogStats;
  close(): Promise<void>;
}
