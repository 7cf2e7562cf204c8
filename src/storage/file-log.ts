/*
 * The Log port over files (design, section 4; docs/adr/0001-log-is-the-truth.md).
 *
 * An append is one system call on one thread of the pool: a vectored write of header and payload into a preallocated
 * segment that is open for synced writes. When the frame does not fit, the log first rolls over to the prepared next
 * segment, whose header is synced before any frame.
 *
 *   open --(write or sync failed)--> failed     for good: every later call rejects with that LogFailedError
 *   open --(close)-----------------> closed
 *
 * A full disk is not a failure: the frame is taken back, with zeros over its header should it have landed, and the log
 * stays open. Keeps invariants 4 and 6. Left out on purpose: more than one append at a time, because group commit makes
 * one of many and because recovery relies on it.
 */
import { randomInt } from "node:crypto";
import type { Bytes } from "../shared/bytes.ts";
import { invariant } from "../shared/assert.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import {
  LogFailedError,
  LogFullError,
  LogTruncatedError,
  StorageClosedError,
  errorCodeOf,
  isOutOfSpace,
} from "./errors.ts";
import {
  FRAME_HEADER_BYTES,
  LOG_FORMAT_VERSION,
  SEGMENT_HEADER_BYTES,
  encodeFrameHeader,
  encodeSegmentHeader,
  identityHash,
} from "./file-log-format.ts";
import { readFrames } from "./file-log-read.ts";
import type { RecoveredLog } from "./file-log-recovery.ts";
import { recoverLog } from "./file-log-recovery.ts";
import type { LogSite, Segment } from "./file-log-site.ts";
import {
  FRAME_BYTES_MAX_DEFAULT,
  RESERVE_BYTES_DEFAULT,
  SEGMENT_BYTES_DEFAULT,
  fileBytesFor,
  offsetInFile,
  segmentPath,
} from "./file-log-site.ts";
import type { SpareSegment } from "./file-log-spare.ts";
import { SparePreparation } from "./file-log-spare.ts";
import type { FilePort, OpenFile } from "./file-port.ts";
import type { Log, LogFrame, LogPosition, LogSegment, LogStats } from "./log.ts";
import { nodeFilePort } from "./node-file-port.ts";

/** One read at a time: reads are for laggards, and the thread pool is for appends. */
const READS_RUNNING_MAX = 1;
const READS_WAITING_MAX = 64;
const TRUNCATIONS_WAITING_MAX = 16;

export interface FileLogOptions {
  /** Made where it is missing. */
  readonly directory: string;
  /** Whose log this is, cluster and node; another one's is refused. */
  readonly identity: string;
  readonly files?: FilePort;
  readonly segmentBytes?: number;
  readonly frameBytesMax?: number;
  readonly reserveBytes?: number;
  readonly newSalt?: () => number;
}

/**
 * Opens the log of a directory, or begins one at position 0. Rejects with LogCorruptError, ForeignDataError,
 * FormatTooNewError, LogFullError (no room for the first segment), LogFailedError or the operating system's error.
 */
export async function openFileLog(options: FileLogOptions): Promise<FileLog> {
  const site: LogSite = {
    files: options.files ?? nodeFilePort,
    directory: options.directory,
    identity: identityHash(options.identity),
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES_DEFAULT,
    frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
    reserveBytes: options.reserveBytes ?? RESERVE_BYTES_DEFAULT,
    newSalt: options.newSalt ?? (() => randomInt(2 ** 32)),
  };
  await site.files.makeDirectory(site.directory);
  const spares = new SparePreparation(site);
  const recovered = (await recoverLog(site)) ?? (await beginLog(site, spares));
  return new FileLog(site, spares, recovered);
}

async function beginLog(site: LogSite, spares: SparePreparation): Promise<RecoveredLog> {
  const spare = await spares.take(1, site.segmentBytes);
  const segment = await startSegment(site, spare, 0);
  return { segments: [segment], file: spare.file, end: 0 };
}

/** Turns a prepared file into a segment. The header is durable before any frame can be written behind it. */
async function startSegment(site: LogSite, spare: SpareSegment, base: LogPosition): Promise<Segment> {
  const { number, fileBytes } = spare;
  const salt = site.newSalt();
  const { identity } = site;
  const header = { version: LOG_FORMAT_VERSION, number, base, identity, salt, fileBytes };
  await spare.file.write([encodeSegmentHeader(header)], 0);
  return { number, path: segmentPath(site, number), base, salt, fileBytes };
}

export class FileLog implements Log {
  readonly #site: LogSite;
  readonly #spares: SparePreparation;
  readonly #reads = new ConcurrencyLimit("reads of the log", READS_RUNNING_MAX, READS_WAITING_MAX);
  readonly #truncations = new ConcurrencyLimit("truncations", 1, TRUNCATIONS_WAITING_MAX);
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  /** Oldest first; the last one is the one being written. Replaced, never changed: a read may hold the old one. */
  #segments: readonly Segment[];
  #active: Segment;
  #file: OpenFile;
  #end: LogPosition;
  #appending: Promise<LogPosition> | undefined;
  #failed: LogFailedError | undefined;
  #closed = false;
  #appends = 0;
  #appendedBytes = 0;
  #lastAppendMs = 0;

  /** Use openFileLog. */
  constructor(site: LogSite, spares: SparePreparation, recovered: RecoveredLog) {
    const active = recovered.segments.at(-1);
    invariant(active !== undefined, "a log has a segment to write to");
    this.#site = site;
    this.#spares = spares;
    this.#segments = recovered.segments;
    this.#active = active;
    this.#file = recovered.file;
    this.#end = recovered.end;
    this.#spares.prepare(active.number + 1);
  }

  get start(): LogPosition {
    return this.#segments[0]?.base ?? this.#active.base;
  }

  get end(): LogPosition {
    return this.#end;
  }

  append(payload: Bytes, length: number): Promise<LogPosition> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    invariant(this.#appending === undefined, "one append of the log is under way at a time");
    invariant(length <= payload.length, "a frame's length lies within its payload");
    invariant(length <= this.#site.frameBytesMax, "a frame keeps within the log's frameBytesMax");
    const frame = length === payload.length ? payload : payload.subarray(0, length);
    const appending = this.#append(frame).finally(() => {
      this.#appending = undefined;
    });
    this.#appending = appending;
    return appending;
  }

  async #append(payload: Uint8Array): Promise<LogPosition> {
    const startedMs = performance.now();
    const frameBytes = FRAME_HEADER_BYTES + payload.length;
    if (offsetInFile(this.#active, this.#end) + frameBytes > this.#active.fileBytes) {
      await this.#rollOver(payload.length);
    }
    encodeFrameHeader(this.#header, this.#end, payload, this.#active.salt);
    const offset = offsetInFile(this.#active, this.#end);
    try {
      await this.#file.write([this.#header, payload], offset);
    } catch (error) {
      throw await this.#refusedWrite(this.#file, offset, FRAME_HEADER_BYTES, error);
    }
    this.#end += frameBytes;
    this.#appends++;
    this.#appendedBytes += frameBytes;
    this.#lastAppendMs = performance.now() - startedMs;
    return this.#end;
  }

  /**
   * What an append rejects with whose write met `error`. A write that found no room may have landed all the same, whole
   * even; zeros over the header at `offset` keep recovery from taking it for an appended frame.
   */
  async #refusedWrite(file: OpenFile, offset: number, headerBytes: number, error: unknown): Promise<Error> {
    if (!isOutOfSpace(error)) return this.#fail(file.path, error);
    try {
      await file.write([Buffer.alloc(headerBytes)], offset);
    } catch (second) {
      return this.#fail(file.path, second);
    }
    return new LogFullError(this.#site.directory, error);
  }

  async #rollOver(payloadBytes: number): Promise<void> {
    const number = this.#active.number + 1;
    const spare = await this.#takeSpare(number, fileBytesFor(this.#site, payloadBytes));
    let segment: Segment;
    try {
      segment = await startSegment(this.#site, spare, this.#end);
    } catch (error) {
      throw await this.#refusedSegment(spare, error);
    }
    const finished = this.#file;
    this.#file = spare.file;
    this.#active = segment;
    this.#segments = [...this.#segments, segment];
    this.#spares.prepare(number + 1);
    await finished.close().catch((error: unknown) => {
      throw this.#fail(finished.path, error);
    });
  }

  /** As for a frame: a header that did not fit may have landed, and zeros make the file an unused one again. */
  async #refusedSegment(spare: SpareSegment, error: unknown): Promise<Error> {
    const refusal = await this.#refusedWrite(spare.file, 0, SEGMENT_HEADER_BYTES, error);
    if (refusal instanceof LogFullError) this.#spares.putBack(spare);
    return refusal;
  }

  async #takeSpare(number: number, fileBytes: number): Promise<SpareSegment> {
    try {
      return await this.#spares.take(number, fileBytes);
    } catch (error) {
      if (error instanceof LogFullError) throw error;
      throw this.#fail(segmentPath(this.#site, number), error);
    }
  }

  async read(from: LogPosition, maxBytes: number): Promise<LogFrame[]> {
    if (this.#closed) throw new StorageClosedError("log");
    return this.#reads.run(() => this.#read(from, this.#end, maxBytes));
  }

  async #read(from: LogPosition, end: LogPosition, maxBytes: number): Promise<LogFrame[]> {
    if (from < this.start) throw new LogTruncatedError(from, this.start);
    invariant(from <= end, "a read of the log begins at or before its end");
    const frames: LogFrame[] = [];
    let at = from;
    let left = maxBytes;
    while (at < end) {
      const more = await this.#readWithinSegment(at, end, left, frames.length === 0);
      const last = more.at(-1);
      if (last === undefined) break;
      for (const frame of more) left -= frame.payload.length;
      frames.push(...more);
      at = last.end;
    }
    return frames;
  }

  async #readWithinSegment(
    from: LogPosition,
    end: LogPosition,
    maxBytes: number,
    needsOne: boolean,
  ): Promise<LogFrame[]> {
    const index = this.#segments.findLastIndex((segment) => segment.base <= from);
    const segment = this.#segments[index];
    if (segment === undefined) throw new LogTruncatedError(from, this.start);
    const segmentEnd = Math.min(end, this.#segments[index + 1]?.base ?? end);
    try {
      return await readFrames(this.#site.files, segment, from, segmentEnd, maxBytes, needsOne);
    } catch (error) {
      // Truncation does not wait for readers: the file may be gone since we looked.
      if (errorCodeOf(error) === "ENOENT" && from < this.start) {
        throw new LogTruncatedError(from, this.start);
      }
      throw error;
    }
  }

  segments(): readonly LogSegment[] {
    return this.#segments.map(({ base }, index) => ({
      start: base,
      end: this.#segments[index + 1]?.base ?? this.#end,
    }));
  }

  async truncate(before: LogPosition): Promise<void> {
    await this.#truncations.run(async () => {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      for (;;) {
        const [oldest, second] = this.#segments;
        if (oldest === undefined || second === undefined || second.base > before) return;
        this.#segments = this.#segments.slice(1);
        await this.#remove(oldest);
      }
    });
  }

  /** One at a time and each durable, so that a crash can never leave an older segment behind a gap. */
  async #remove(segment: Segment): Promise<void> {
    try {
      await this.#site.files.unlink(segment.path);
      await this.#site.files.syncDirectory(this.#site.directory);
    } catch (error) {
      throw this.#fail(segment.path, error);
    }
  }

  stats(): LogStats {
    return {
      segments: this.#segments.length,
      bytes: this.#end - this.start,
      appends: this.#appends,
      appendedBytes: this.#appendedBytes,
      lastAppendMs: this.#lastAppendMs,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#appending?.catch(() => undefined);
    await this.#truncations.runAlone(() => Promise.resolve());
    await this.#reads.runAlone(() => Promise.resolve());
    await this.#spares.close();
    await this.#file.close();
  }

  #refusal(): Error | undefined {
    return this.#failed ?? (this.#closed ? new StorageClosedError("log") : undefined);
  }

  /** The first failure is the one that every later call names. */
  #fail(file: string, error: unknown): LogFailedError {
    this.#failed ??= error instanceof LogFailedError ? error : new LogFailedError(file, error);
    return this.#failed;
  }
}
