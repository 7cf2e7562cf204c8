import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import { frameHeaderBytes, FrameReader } from "./frame-codec.ts";
import { FrameQueue } from "./frame-queue.ts";

function framesIn(chunks: readonly Bytes[]): string[] {
  const frames: string[] = [];
  const reader = new FrameReader(1_000_000, (frame) => frames.push(frame.latin1Slice()) > 0);
  for (const chunk of chunks) expect(reader.push(chunk)).toBeUndefined();
  return frames;
}

describe("FrameQueue", () => {
  it("hands out what was pushed, in order, in few chunks, and counts every byte until it is written", () => {
    const lengths = fc.array(fc.array(fc.integer({ min: 1, max: 150_000 }), { maxLength: 8 }), { maxLength: 6 });
    fc.assert(
      fc.property(lengths, (turns) => {
        const queue = new FrameQueue();
        for (const turn of turns) {
          const contents = turn.map((length, i) => String.fromCharCode(97 + i).repeat(length));
          for (const content of contents) queue.push(bytesOf(content), content.length);
          const bytes = turn.reduce((sum, length) => sum + length + frameHeaderBytes, 0);
          expect(queue.bytes).toBe(bytes);
          expect(framesIn(queue.take())).toEqual(contents);
          expect(queue.bytes).toBe(bytes);
          queue.done();
          expect(queue.bytes).toBe(0);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("packs a turn's small frames into one chunk", () => {
    const queue = new FrameQueue();
    for (let i = 0; i < 100; i++) queue.push(bytesOf("a small frame"), 13);
    expect(queue.take()).toHaveLength(1);
  });

  it("does not touch what is being written", () => {
    const queue = new FrameQueue();
    queue.push(bytesOf("first"), 5);
    const writing = queue.take();
    queue.push(bytesOf("second"), 6);
    expect(framesIn(writing)).toEqual(["first"]);
    queue.done();
    expect(framesIn(queue.take())).toEqual(["second"]);
  });
});
