/*
 * Where a file log lives and how it is laid out: what recovery, preallocation and reading share. Fixed at open.
 */
import type { FilePort } from "./file-port.ts";
import type { LogPosition } from "./log.ts";
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentFileName } from "./file-log-format.ts";

/** Large enough that rolling is rare, small enough that what one laggard pins is. */
export const SEGMENT_BYTES_DEFAULT: number = 32 * 1024 * 1024;
/** What one append may carry; a frame beyond a segment's size gets a segment of its own size. */
export const FRAME_BYTES_MAX_DEFAULT: number = 128 * 1024 * 1024;
/** Room that the log leaves on the disk, so that checkpoints and acknowledgements go on when it is full. */
export const RESERVE_BYTES_DEFAULT: number = 64 * 1024 * 1024;

export interface LogSite {
  readonly files: FilePort;
  readonly directory: string;
  /** See identityHash. */
  readonly identity: string;
  readonly segmentBytes: number;
  readonly frameBytesMax: number;
  readonly reserveBytes: number;
  readonly newSalt: () => number;
}

/** A segment with a header; the log's own book-keeping, replaced and never changed. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly base: LogPosition;
  readonly salt: number;
  /** Size of the file. */
  readonly fileBytes: number;
}

export function segmentPath(site: LogSite, number: number): string {
  return `${site.directory}/${segmentFileName(number)}`;
}

/** Where in its segment's file a log position is. */
export function offsetInFile(segment: Segment, position: LogPosition): number {
  return SEGMENT_HEADER_BYTES + (position - segment.base);
}

export function positionOfOffset(segment: Segment, offset: number): LogPosition {
  return segment.base + (offset - SEGMENT_HEADER_BYTES);
}

/** The size of a file that holds a frame of `payloadBytes` at least. */
export function fileBytesFor(site: LogSite, payloadBytes: number): number {
  return Math.max(site.segmentBytes, SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES + payloadBytes);
}
