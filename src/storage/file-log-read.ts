/*
 * Reading durable frames back from a segment, for whoever lags behind memory. The file is opened for each read, which
 * covers a megabyte or so: so no descriptor is held for any number of old segments, and truncation needs no agreement
 * with readers.
 */
import { crc32 } from "node:zlib";
import { asBytes } from "./as-bytes.ts";
import type { FilePort } from "./file-port.ts";
import { readFully, withFile } from "./file-port.ts";
import type { LogFrame, LogPosition } from "./log.ts";
import type { Segment } from "./file-log-site.ts";
import { offsetInFile } from "./file-log-site.ts";
import { FRAME_HEADER_BYTES, frameLengthAt, payloadChecksumAt } from "./file-log-format.ts";
import { LogCorruptError } from "./errors.ts";

/** One read's buffer, whatever the caller allows; a larger frame is read alone. */
const READ_BYTES_MAX = 1024 * 1024;

/**
 * Whole frames from `from` on, up to `end`: at most `maxBytes` of payload, but the first frame in any case where
 * `needsOne`. May answer fewer than would fit.
 */
export async function readFrames(
  files: FilePort,
  segment: Segment,
  from: LogPosition,
  end: LogPosition,
  maxBytes: number,
  needsOne: boolean,
): Promise<LogFrame[]> {
  return withFile(files, segment.path, "read", async (file) => {
    const wanted = Math.max(FRAME_HEADER_BYTES, Math.min(maxBytes, READ_BYTES_MAX));
    const bytes = await readBytes(Math.min(wanted + FRAME_HEADER_BYTES, end - from));
    const frames = parseFrames(segment, bytes, from, maxBytes);
    if (frames.length > 0 || !needsOne) return frames;
    const whole = await readBytes(FRAME_HEADER_BYTES + checkedLength(segment, bytes, 0, from));
    return parseFrames(segment, whole, from, Number.MAX_SAFE_INTEGER);

    async function readBytes(length: number): Promise<Buffer> {
      const buffer = Buffer.allocUnsafeSlow(length);
      const count = await readFully(file, buffer, offsetInFile(segment, from));
      return buffer.subarray(0, count);
    }
  });
}

function parseFrames(segment: Segment, bytes: Buffer, from: LogPosition, maxBytes: number): LogFrame[] {
  const frames: LogFrame[] = [];
  let offset = 0;
  let payloadBytes = 0;
  while (offset + FRAME_HEADER_BYTES <= bytes.length) {
    const position = from + offset;
    const length = checkedLength(segment, bytes, offset, position);
    const payloadStart = offset + FRAME_HEADER_BYTES;
    payloadBytes += length;
    if (payloadBytes > maxBytes || payloadStart + length > bytes.length) break;
    const payload = asBytes(bytes.subarray(payloadStart, payloadStart + length));
    if (crc32(payload) !== payloadChecksumAt(bytes, offset)) {
      throw damage(segment, position, "checksum of the payload");
    }
    offset = payloadStart + length;
    frames.push({ position, end: from + offset, payload });
  }
  return frames;
}

function checkedLength(segment: Segment, bytes: Buffer, offset: number, position: LogPosition): number {
  const length = frameLengthAt(bytes, offset, position, segment.salt);
  if (length < 0) throw damage(segment, position, "no frame begins here");
  return length;
}

function damage(segment: Segment, position: LogPosition, reason: string): LogCorruptError {
  return new LogCorruptError(segment.path, offsetInFile(segment, position), reason);
}
