/*
 * The Log port over memory, for simulation on virtual time: the same positions, segments and errors as the file log, and
 * explicit control over what a crash takes.
 *
 * An append becomes durable when the scheduler that the caller gave runs its completion; until then the frame is
 * neither readable nor safe. `crash` ends this log as a killed process would and gives the log that the restarted one
 * opens: everything durable, and the frame under way if the simulation wants it (both happen to real disks).
 */
import type { Bytes } from "../shared/bytes.ts";
import { invariant } from "../shared/assert.ts";
import { asBuffer, asBytes } from "./as-bytes.ts";
import { LogFailedError, LogFullError, LogTruncatedError, StorageClosedError } from "./errors.ts";
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "./file-log-format.ts";
import { FRAME_BYTES_MAX_DEFAULT, SEGMENT_BYTES_DEFAULT } from "./file-log-site.ts";
import type { Log, LogFrame, LogPosition, LogSegment, LogStats } from "./log.ts";

const NAME = "memory";

export interface MemoryLogOptions {
  /** Runs the completion of an append later, when its sync would be done. */
  readonly schedule: (complete: () => void) => void;
  readonly segmentBytes?: number;
  readonly frameBytesMax?: number;
}

interface Segment {
  readonly start: LogPosition;
  readonly frames: LogFrame[];
}

interface Pending {
  readonly frame: LogFrame;
  readonly resolve: (end: LogPosition) => void;
  readonly reject: (error: Error) => void;
}

export class MemoryLog implements Log {
  readonly #options: MemoryLogOptions;
  readonly #segmentBytes: number;
  #segments: Segment[];
  #end: LogPosition;
  #pending: Pending | undefined;
  #full = false;
  #failed: LogFailedError | undefined;
  #closed = false;
  #crashed = false;
  #appends = 0;
  #appendedBytes = 0;

  constructor(options: MemoryLogOptions) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
    this.#segments = [{ start: 0, frames: [] }];
    this.#end = 0;
  }

  get start(): LogPosition {
    return this.#oldest().start;
  }

  get end(): LogPosition {
    return this.#end;
  }

  append(payload: Bytes, length: number): Promise<LogPosition> {
    const refusal = this.#refusal() ?? (this.#full ? new LogFullError(NAME) : undefined);
    if (refusal !== undefined) return Promise.reject(refusal);
    invariant(this.#pending === undefined, "one append of the log is under way at a time");
    invariant(length <= payload.length, "a frame's length lies within its payload");
    const lengthMax = this.#options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT;
    invariant(length <= lengthMax, "a frame keeps within the log's frameBytesMax");
    const copy = asBytes(Buffer.from(asBuffer(payload).subarray(0, length)));
    const position = this.#end;
    const frame = { position, end: position + FRAME_HEADER_BYTES + length, payload: copy };
    return new Promise((resolve, reject) => {
      const pending = { frame, resolve, reject };
      this.#pending = pending;
      this.#options.schedule(() => this.#complete(pending));
    });
  }

  /** Nothing happens where a crash came first: the promise stays open, as its process is gone. */
  #complete(pending: Pending): void {
    if (this.#crashed || this.#pending !== pending) return;
    this.#pending = undefined;
    if (this.#failed !== undefined) {
      pending.reject(this.#failed);
      return;
    }
    this.#take(pending.frame);
    pending.resolve(this.#end);
  }

  #take(frame: LogFrame): void {
    const frameBytes = frame.end - frame.position;
    const inUse = SEGMENT_HEADER_BYTES + (frame.position - this.#newest().start);
    if (inUse + frameBytes > this.#segmentBytes && this.#newest().frames.length > 0) {
      this.#segments.push({ start: frame.position, frames: [] });
    }
    this.#newest().frames.push(frame);
    this.#end = frame.end;
    this.#appends++;
    this.#appendedBytes += frameBytes;
  }

  async read(from: LogPosition, maxBytes: number): Promise<LogFrame[]> {
    if (this.#closed) throw new StorageClosedError("log");
    if (from < this.start) throw new LogTruncatedError(from, this.start);
    invariant(from <= this.#end, "a read of the log begins at or before its end");
    const frames: LogFrame[] = [];
    let left = maxBytes;
    const first = this.#segments.findLastIndex((segment) => segment.start <= from);
    for (const segment of this.#segments.slice(first)) {
      for (const frame of framesFrom(segment, from)) {
        left -= frame.payload.length;
        if (left < 0 && frames.length > 0) return frames;
        frames.push(frame);
      }
    }
    return frames;
  }

  segments(): readonly LogSegment[] {
    return this.#segments.map(({ start }, index) => ({
      start,
      end: this.#segments[index + 1]?.start ?? this.#end,
    }));
  }

  async truncate(before: LogPosition): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    while ((this.#segments[1]?.start ?? Number.POSITIVE_INFINITY) <= before) this.#segments.shift();
  }

  stats(): LogStats {
    return {
      segments: this.#segments.length,
      bytes: this.#end - this.start,
      appends: this.#appends,
      appendedBytes: this.#appendedBytes,
      lastAppendMs: 0,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** While full, appends reject with LogFullError; one that is under way goes on. */
  setFull(full: boolean): void {
    this.#full = full;
  }

  /** A sync fails: the append under way and all later ones reject with LogFailedError. */
  fail(cause: Error = new Error("injected failure of a sync")): void {
    this.#failed ??= new LogFailedError(NAME, cause);
  }

  /** Whether an append waits for its sync: what a crash now might or might not keep. */
  get hasUnsynced(): boolean {
    return this.#pending !== undefined;
  }

  /** Ends this log as kill -9 or a power cut would; answers the one that is found afterwards. */
  crash(keepUnsynced: boolean = false): MemoryLog {
    const survivor = new MemoryLog(this.#options);
    survivor.#segments = this.#segments.map(({ start, frames }) => ({ start, frames: [...frames] }));
    survivor.#end = this.#end;
    if (keepUnsynced && this.#pending !== undefined) survivor.#take(this.#pending.frame);
    survivor.#appends = 0;
    survivor.#appendedBytes = 0;
    this.#crashed = true;
    this.#closed = true;
    return survivor;
  }

  #oldest(): Segment {
    const segment = this.#segments[0];
    invariant(segment !== undefined, "a log has a segment");
    return segment;
  }

  #newest(): Segment {
    const segment = this.#segments.at(-1);
    invariant(segment !== undefined, "a log has a segment");
    return segment;
  }

  #refusal(): Error | undefined {
    return this.#failed ?? (this.#closed ? new StorageClosedError("log") : undefined);
  }
}

/** The segment's frames from the one that begins at `from`, or all of them where it begins later. */
function framesFrom(segment: Segment, from: LogPosition): readonly LogFrame[] {
  const { frames } = segment;
  if (from <= segment.start) return frames;
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((frames[middle]?.position ?? from) < from) low = middle + 1;
    else high = middle;
  }
  const last = frames.at(-1);
  const isBoundary = frames[low]?.position === from || last?.end === from;
  invariant(isBoundary, "a read of the log begins at a frame");
  return frames.slice(low);
}
