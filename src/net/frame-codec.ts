/*
 * Frames on a byte stream: `u32 length | u32 checksum | payload`, little-endian. Length 0 is a heartbeat.
 *
 * The checksum is CRC-32 over the payload, begun from the length mixed with a constant, so it covers the header too and a
 * run of zeros is no frame. TCP's own sum is 16 bits and lets through about one damaged segment in 65,536; what passes
 * here is stored and shipped on as it came, so damage must not get that far. It guards against accident, not malice: who
 * can change a connection's bytes in flight is kept out by the network (a tunnel), not by this.
 *
 * `FrameReader` takes the stream in chunks as the socket hands them over and gives back whole frames. A frame that lies
 * whole in its chunk is passed on without a copy; one that does not is gathered in a buffer of its exact size, so each
 * byte is copied at most once whatever the chunking. Keeps invariant 14: an announced length above the limit is refused
 * before anything is allocated.
 */
import { crc32 } from "node:zlib";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";

export const frameHeaderBytes = 8;

/** "COPS", seen as such in a packet dump of heartbeats. */
const CHECKSUM_BASE = 0x53504f43;
/** A gathering buffer up to this size is kept for the next frame. */
const SCRATCH_BYTES_MAX = 1024 * 1024;

export type FrameFault = "FRAME_TOO_LARGE" | "FRAME_CORRUPT";

function checksumOf(payload: Bytes): number {
  return crc32(payload, (CHECKSUM_BASE ^ payload.length) >>> 0);
}

function putU32(target: Bytes, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

function getU32(source: Bytes, at: number): number {
  // In bounds: every caller has checked that the whole header is there.
  const high = (source[at + 3] as number) << 24;
  return (high | ((source[at + 2] as number) << 16) | ((source[at + 1] as number) << 8) | (source[at] as number)) >>> 0;
}

/** Writes header and payload to `target` from `at`; there is room for `frameHeaderBytes + length`. */
export function writeFrame(target: Bytes, at: number, frame: Bytes, length: number): void {
  const start = at + frameHeaderBytes;
  frame.copy(target, start, 0, length);
  putU32(target, at, length);
  putU32(target, at + 4, checksumOf(target.subarray(start, start + length)));
}

/** The receiver of whole frames; false ends the reading (the link went down meanwhile). */
export type FrameSink = (frame: Bytes) => boolean;

export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #sink: FrameSink;
  readonly #header: Bytes = allocBytes(frameHeaderBytes);
  /** Bytes of the header that have arrived while the header is incomplete; otherwise all of them or none. */
  #headerFill = 0;
  #body: Bytes | undefined;
  #bodyFill = 0;
  #scratch: Bytes | undefined;

  constructor(frameBytesMax: number, sink: FrameSink) {
    this.#frameBytesMax = frameBytesMax;
    this.#sink = sink;
  }

  /** Takes the next bytes of the stream. After a fault the stream has no meaning any more and must be closed. */
  push(chunk: Bytes): FrameFault | undefined {
    let at = 0;
    while (at < chunk.length) {
      const next = this.#headerFill > 0 ? this.#resume(chunk, at) : this.#begin(chunk, at);
      if (typeof next !== "number") return next === "STOP" ? undefined : next;
      at = next;
    }
    return undefined;
  }

  /** At a frame's first byte: a whole frame goes straight through, a part of one is kept. */
  #begin(chunk: Bytes, at: number): number | FrameFault | "STOP" {
    if (chunk.length - at < frameHeaderBytes) return this.#gatherHeader(chunk, at);
    const length = getU32(chunk, at);
    const start = at + frameHeaderBytes;
    const end = start + length;
    if (length > this.#frameBytesMax) return "FRAME_TOO_LARGE";
    if (end > chunk.length) return this.#gatherHeader(chunk, at);
    return this.#deliver(chunk.subarray(start, end), getU32(chunk, at + 4)) ?? end;
  }

  #gatherHeader(chunk: Bytes, at: number): number | FrameFault {
    const end = Math.min(chunk.length, at + frameHeaderBytes - this.#headerFill);
    this.#headerFill += chunk.copy(this.#header, this.#headerFill, at, end);
    if (this.#headerFill < frameHeaderBytes) return end;
    const length = getU32(this.#header, 0);
    if (length > this.#frameBytesMax) return "FRAME_TOO_LARGE";
    this.#body = this.#bodyOf(length);
    this.#bodyFill = 0;
    return end;
  }

  /** In the middle of a frame whose beginning came in an earlier chunk. */
  #resume(chunk: Bytes, from: number): number | FrameFault | "STOP" {
    let at = from;
    if (this.#headerFill < frameHeaderBytes) {
      const next = this.#gatherHeader(chunk, at);
      if (typeof next !== "number") return next;
      at = next;
    }
    const body = this.#body;
    if (body === undefined) return at;
    const end = Math.min(chunk.length, at + body.length - this.#bodyFill);
    this.#bodyFill += chunk.copy(body, this.#bodyFill, at, end);
    if (this.#bodyFill < body.length) return end;
    this.#headerFill = 0;
    this.#body = undefined;
    return this.#deliver(body, getU32(this.#header, 4)) ?? end;
  }

  #bodyOf(length: number): Bytes {
    if (length > SCRATCH_BYTES_MAX) return allocBytes(length);
    if (this.#scratch === undefined || this.#scratch.length < length) {
      this.#scratch = allocBytes(Math.max(4096, 2 ** Math.ceil(Math.log2(Math.max(1, length)))));
    }
    return this.#scratch.subarray(0, length);
  }

  #deliver(frame: Bytes, checksum: number): FrameFault | "STOP" | undefined {
    if (checksumOf(frame) !== checksum) return "FRAME_CORRUPT";
    if (frame.length === 0) return undefined;
    return this.#sink(frame) ? undefined : "STOP";
  }
}
