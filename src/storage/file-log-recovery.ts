/*
 * Recovery of the file log: from the files of a directory to a list of verified segments, the last one open for
 * appending, and nothing on disk that could come back later (design, sections 3.9 and 4; invariants 4 and 6).
 *
 *   1. Read the headers. Numbers have no gaps; identity, version and checksums fit. A last file without a header and
 *      with nothing but zeros behind it is a preallocated one that was never used: it goes.
 *   2. Verify every frame of the earlier segments, up to where the next one begins. Anything wrong there is damage.
 *   3. Verify the last segment up to the first bad frame. A valid frame header behind it is damage; otherwise it was
 *      torn, and zeros go over everything behind the last whole frame.
 *   4. Write the last header and the last frame again and sync. They may be readable and yet not be on disk: the
 *      process was killed within the append, or its sync failed and the kernel marked the pages clean, in which case a
 *      sync alone would save nothing. Earlier frames were durable before the last one was begun.
 *
 * Damage is refused and never repaired: LogCorruptError, ForeignDataError, FormatTooNewError.
 */
import type { OpenFile } from "./file-port.ts";
import { readFully, withFile } from "./file-port.ts";
import type { LogPosition } from "./log.ts";
import type { LogSite, Segment } from "./file-log-site.ts";
import { offsetInFile, segmentPath } from "./file-log-site.ts";
import type { DecodedSegmentHeader, SegmentHeader } from "./file-log-format.ts";
import { LOG_FORMAT_VERSION, SEGMENT_HEADER_BYTES, decodeSegmentHeader, segmentNumberOf } from "./file-log-format.ts";
import { FormatTooNewError, ForeignDataError, LogCorruptError } from "./errors.ts";
import type { ScannedFrames } from "./file-log-scan.ts";
import { findFrameHeader, scanFrames } from "./file-log-scan.ts";
import { endOfNonZero, writeZeros } from "./zeros.ts";

const COPY_BYTES = 1024 * 1024;

export interface RecoveredLog {
  /** Oldest first, at least one. */
  readonly segments: readonly Segment[];
  /** The last segment, open in durable mode. */
  readonly file: OpenFile;
  readonly end: LogPosition;
}

/** Undefined where there is no log yet. */
export async function recoverLog(site: LogSite): Promise<RecoveredLog | undefined> {
  const segments = await readSegments(site);
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next !== undefined) await verifyEarlierSegment(site, segment, next.base);
  }
  const file = await site.files.open(last.path, "durable");
  try {
    const scanned = await recoverLastSegment(file, last);
    await site.files.syncDirectory(site.directory);
    return { segments, file, end: scanned.end };
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface SegmentFile {
  readonly number: number;
  readonly path: string;
  readonly fileBytes: number;
  readonly decoded: DecodedSegmentHeader;
}

async function readSegments(site: LogSite): Promise<Segment[]> {
  const segments: Segment[] = [];
  const numbers = await segmentNumbers(site);
  for (const number of numbers) {
    const file = await readSegmentFile(site, number);
    if (file.decoded.kind === "header") {
      segments.push(checkedSegment(site, file, file.decoded.header));
    } else {
      await discardUnused(site, file, number === numbers.at(-1) && segmentsPrecede(segments, number));
    }
  }
  return segments;
}

/** A file without a header may only follow the last segment, or be the very first of a log that was never used. */
function segmentsPrecede(segments: readonly Segment[], number: number): boolean {
  return segments.length > 0 || number === 1;
}

async function segmentNumbers(site: LogSite): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await site.files.list(site.directory)) {
    const number = segmentNumberOf(name);
    if (number !== undefined) numbers.push(number);
  }
  numbers.sort((left, right) => left - right);
  for (const [index, number] of numbers.entries()) {
    const expected = (numbers[0] ?? 0) + index;
    if (number !== expected) {
      throw new LogCorruptError(segmentPath(site, expected), 0, "the segment is missing");
    }
  }
  return numbers;
}

async function readSegmentFile(site: LogSite, number: number): Promise<SegmentFile> {
  const path = segmentPath(site, number);
  return withFile(site.files, path, "read", async (file) => {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const count = await readFully(file, bytes, 0);
    const decoded = decodeSegmentHeader(bytes.subarray(0, count));
    return { number, path, fileBytes: await file.size(), decoded };
  });
}

function checkedSegment(site: LogSite, file: SegmentFile, header: SegmentHeader): Segment {
  if (header.version > LOG_FORMAT_VERSION) {
    throw new FormatTooNewError(file.path, header.version, LOG_FORMAT_VERSION);
  }
  if (header.identity !== site.identity) {
    throw new ForeignDataError(file.path, "the log with identity", site.identity, header.identity);
  }
  if (header.number !== file.number) {
    throw new LogCorruptError(file.path, 12, `the header is of segment ${header.number}`);
  }
  if (file.fileBytes < header.fileBytes) {
    throw new LogCorruptError(file.path, file.fileBytes, `cut short from ${header.fileBytes} bytes`);
  }
  const { path, number } = file;
  return { number, path, base: header.base, salt: header.salt, fileBytes: header.fileBytes };
}

/** The header is synced before the first frame is written, so a file without one holds nothing but zeros. */
async function discardUnused(site: LogSite, file: SegmentFile, mayBeUnused: boolean): Promise<void> {
  const reason = file.decoded.kind === "damaged" ? file.decoded.reason : "the header is missing";
  const isCutShort = file.decoded.kind === "damaged" && file.fileBytes < SEGMENT_HEADER_BYTES;
  if (!mayBeUnused || isCutShort) throw new LogCorruptError(file.path, 0, reason);
  const contentEnd = await withFile(site.files, file.path, "read", (open) =>
    endOfNonZero(open, SEGMENT_HEADER_BYTES, file.fileBytes),
  );
  if (contentEnd > SEGMENT_HEADER_BYTES) throw new LogCorruptError(file.path, 0, reason);
  await site.files.unlink(file.path);
  await site.files.syncDirectory(site.directory);
}

async function verifyEarlierSegment(site: LogSite, segment: Segment, end: LogPosition): Promise<void> {
  const scanned = await withFile(site.files, segment.path, "read", (file) => scanFrames(file, segment, end));
  if (scanned.end === end) return;
  const bad = scanned.end < end ? scanned.end : (scanned.lastFrame ?? segment.base);
  throw new LogCorruptError(segment.path, offsetInFile(segment, bad), "a bad frame in a segment that others follow");
}

async function recoverLastSegment(file: OpenFile, segment: Segment): Promise<ScannedFrames> {
  const scanned = await scanFrames(file, segment, Number.MAX_SAFE_INTEGER);
  const cut = offsetInFile(segment, scanned.end);
  const contentEnd = await endOfNonZero(file, cut, segment.fileBytes);
  if (contentEnd > cut) {
    const later = await findFrameHeader(file, segment, cut + 1, contentEnd);
    if (later !== undefined) {
      throw new LogCorruptError(segment.path, cut, `a bad frame before a valid one at byte ${later}`);
    }
    await writeZeros(file, cut, contentEnd);
  }
  const secured = offsetInFile(segment, scanned.lastFrame ?? segment.base);
  await writeAgain(file, 0, SEGMENT_HEADER_BYTES);
  await writeAgain(file, secured, cut);
  await file.sync();
  return scanned;
}

/** Writes [from, to) over itself, so that it is on disk whatever became of the write that put it there. */
async function writeAgain(file: OpenFile, from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(COPY_BYTES, Math.max(0, to - from)));
  for (let at = from; at < to; at += buffer.length) {
    const part = buffer.subarray(0, Math.min(buffer.length, to - at));
    await readFully(file, part, at);
    await file.write([part], at);
  }
}
