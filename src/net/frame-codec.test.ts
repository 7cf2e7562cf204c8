import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocBytes, bytesOf } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import { frameHeaderBytes, FrameReader, writeFrame } from "./frame-codec.ts";
import type { FrameFault } from "./frame-codec.ts";

const FRAME_BYTES_MAX = 10_000;

function streamOf(frames: readonly string[]): Bytes {
  const total = frames.reduce((sum, frame) => sum + frameHeaderBytes + frame.length, 0);
  const stream = allocBytes(total);
  let at = 0;
  for (const frame of frames) {
    writeFrame(stream, at, bytesOf(frame), frame.length);
    at += frameHeaderBytes + frame.length;
  }
  return stream;
}

/** Cuts the stream after each of these numbers of bytes, over and over. */
function readInChunks(stream: Bytes, sizes: readonly number[]): { frames: string[]; fault: FrameFault | undefined } {
  const frames: string[] = [];
  const reader = new FrameReader(FRAME_BYTES_MAX, (frame) => frames.push(frame.latin1Slice()) > 0);
  let at = 0;
  for (let i = 0; at < stream.length; i++) {
    const end = Math.min(stream.length, at + (sizes[i % sizes.length] as number));
    const fault = reader.push(stream.subarray(at, end));
    if (fault !== undefined) return { frames, fault };
    at = end;
  }
  return { frames, fault: undefined };
}

describe("FrameReader", () => {
  it("gives back the frames, however the stream is cut; heartbeats are not frames", () => {
    const frame = fc.oneof(
      fc.constant(""),
      fc.string({ unit: "binary-ascii", maxLength: 20 }),
      fc.integer({ min: 1, max: FRAME_BYTES_MAX }).map((length) => "x".repeat(length)),
    );
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20_000 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), sizes, (frames, cuts) => {
        const read = readInChunks(streamOf(frames), cuts);
        expect(read).toEqual({ frames: frames.filter((content) => content !== ""), fault: undefined });
      }),
      { numRuns: 300 },
    );
  });

  it("gives back the frames byte by byte", () => {
    const frames = ["a", "bc", "d".repeat(300), "\0\u00ff"];
    expect(readInChunks(streamOf(frames), [1])).toEqual({ frames, fault: undefined });
  });

  it("refuses a length above the limit before anything of the frame has come", () => {
    const stream = streamOf(["x".repeat(FRAME_BYTES_MAX + 1)]);
    for (const size of [1, 5, 8, stream.length]) {
      expect(readInChunks(stream, [size])).toEqual({ frames: [], fault: "FRAME_TOO_LARGE" });
    }
  });

  it("notices any changed bit of header or payload, and delivers nothing that was changed", () => {
    const frames = ["first", "second one"];
    const good = streamOf(frames);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = allocBytes(good.length);
      good.copy(bad);
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
      const read = readInChunks(bad, [7]);
      expect(read.frames.length).toBeLessThan(2);
      expect(frames.slice(0, read.frames.length)).toEqual(read.frames);
    }
  });

  it("takes a run of zeros for damage", () => {
    expect(readInChunks(bytesOf("\0".repeat(64)), [64]).fault).toBe("FRAME_CORRUPT");
  });

  it("never throws on rubbish, and delivers none of it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (rubbish, size) => {
        const stream = allocBytes(rubbish.length);
        stream.set(rubbish);
        expect(readInChunks(stream, [size]).frames).toEqual([]);
      }),
    );
  });

  it("stops as soon as its receiver says so", () => {
    const seen: string[] = [];
    const reader = new FrameReader(FRAME_BYTES_MAX, (frame) => seen.push(frame.latin1Slice()) < 2);
    expect(reader.push(streamOf(["a", "b", "c"]))).toBeUndefined();
    expect(seen).toEqual(["a", "b"]);
  });
});
