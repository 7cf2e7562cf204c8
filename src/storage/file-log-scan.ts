/*
 * Walking the frames of one segment file, in bounded memory: which frames are whole, where the first bad one is, and
 * whether a valid header stands anywhere behind it.
 *
 * A caller of the Log port keeps one append under way, so a crash can tear the last frame only. A valid frame header
 * behind a bad frame therefore proves damage, not a crash. The search looks at every byte offset, because frames are
 * not aligned; the salt in the checksum keeps stored values from posing as frames.
 */
import { crc32 } from "node:zlib";
import type { OpenFile } from "./file-port.ts";
import type { LogPosition } from "./log.ts";
import type { Segment } from "./file-log-site.ts";
import { offsetInFile, positionOfOffset } from "./file-log-site.ts";
import { readFully } from "./file-port.ts";
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, frameLengthAt, payloadChecksumAt } from "./file-log-format.ts";

const WINDOW_BYTES = 1024 * 1024;

export interface ScannedFrames {
  /** Where the last whole frame ends. */
  readonly end: LogPosition;
  /** Where the last whole frame begins; undefined where there is none. */
  readonly lastFrame: LogPosition | undefined;
}

/** A sliding window over a file, so that small frames cost no read each. */
class FileWindow {
  readonly #file: OpenFile;
  readonly #buffer: Buffer;
  #start = 0;
  #length = 0;

  constructor(file: OpenFile, fileBytes: number) {
    this.#file = file;
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, fileBytes));
  }

  /** The bytes [offset, offset + length), fewer at the end of the file; length is at most the window's. */
  async view(offset: number, length: number): Promise<Buffer> {
    if (offset < this.#start || offset + length > this.#start + this.#length) {
      this.#length = await readFully(this.#file, this.#buffer, offset);
      this.#start = offset;
    }
    const from = offset - this.#start;
    return this.#buffer.subarray(from, Math.min(this.#length, from + length));
  }

  /** crc32 of [offset, offset + length); undefined where the file ends before. */
  async checksum(offset: number, length: number): Promise<number | undefined> {
    let sum = 0;
    let done = 0;
    while (done < length) {
      const part = await this.view(offset + done, Math.min(this.#buffer.length, length - done));
      if (part.length === 0) return undefined;
      sum = crc32(part, sum);
      done += part.length;
    }
    return sum;
  }
}

/** Verifies frame after frame until one is not whole or `stopAt` is reached. */
export async function scanFrames(file: OpenFile, segment: Segment, stopAt: LogPosition): Promise<ScannedFrames> {
  const window = new FileWindow(file, segment.fileBytes);
  let end = segment.base;
  let lastFrame: LogPosition | undefined;
  while (end < stopAt) {
    const offset = offsetInFile(segment, end);
    const header = await window.view(offset, FRAME_HEADER_BYTES);
    const length = frameLengthAt(header, 0, end, segment.salt);
    if (length < 0 || offset + FRAME_HEADER_BYTES + length > segment.fileBytes) break;
    const expected = payloadChecksumAt(header, 0);
    if ((await window.checksum(offset + FRAME_HEADER_BYTES, length)) !== expected) break;
    lastFrame = end;
    end += FRAME_HEADER_BYTES + length;
  }
  return { end, lastFrame };
}

/** The offset of a valid frame header in [from, to), for the position where it stands; undefined where there is none. */
export async function findFrameHeader(
  file: OpenFile,
  segment: Segment,
  from: number,
  to: number,
): Promise<number | undefined> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, segment.fileBytes));
  const step = buffer.length - FRAME_HEADER_BYTES;
  for (let at = Math.max(from, SEGMENT_HEADER_BYTES); at < to; at += step) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, segment.fileBytes - at));
    const bytes = wanted.subarray(0, await readFully(file, wanted, at));
    const found = headerWithin(bytes, segment, at, Math.min(step, to - at));
    if (found !== undefined) return found;
  }
  return undefined;
}

function headerWithin(bytes: Buffer, segment: Segment, at: number, candidates: number): number | undefined {
  const base = positionOfOffset(segment, at);
  for (let index = 0; index < candidates; index++) {
    // The position's lowest byte tells all but one offset in 256 apart before anything is computed.
    if (bytes[index + 8] !== (base + index) % 256) continue;
    if (frameLengthAt(bytes, index, base + index, segment.salt) >= 0) return at + index;
  }
  return undefined;
}
