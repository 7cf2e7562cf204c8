import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Outboxes } from "./outboxes.ts";
import type { Bytes } from "../shared/bytes.ts";

const frameBytes = 1024 * 1024;

/** Writes messages of these lengths and answers the frames that they went out in. */
function framesOf(outboxes: Outboxes, lengths: readonly number[]): string[] {
  lengths.forEach((length, i) => {
    const writer = outboxes.to(7);
    for (let at = 0; at < length; at++) writer.u8(i % 251);
  });
  const frames: string[] = [];
  outboxes.flush((_peer: number, frame: Bytes, length: number) => frames.push(frame.latin1Slice(0, length)));
  return frames;
}

describe("Outboxes", () => {
  it("sends what there is for a peer as one frame", () => {
    const outboxes = new Outboxes(() => undefined);
    expect(framesOf(outboxes, [1, 2, 3]).map((frame) => frame.length)).toEqual([6]);
    expect(framesOf(outboxes, [])).toEqual([]);
  });

  it("never puts together more than a frame may hold, and never takes a message apart", () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: frameBytes / 4, max: frameBytes * 2 }));
    fc.assert(
      fc.property(fc.array(length, { maxLength: 12 }), (lengths) => {
        const frames = framesOf(new Outboxes(() => undefined), lengths);
        expect(frames.join("").length).toBe(lengths.reduce((sum, n) => sum + n, 0));
        let next = 0;
        for (const frame of frames) {
          let filled = 0;
          let messages = 0;
          while (filled < frame.length) {
            filled += lengths[next++] as number;
            messages++;
          }
          expect(filled).toBe(frame.length);
          expect(frame.length <= frameBytes || messages === 1).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("forgets what was for a peer that is gone", () => {
    const outboxes = new Outboxes(() => undefined);
    outboxes.to(7).u8(1);
    outboxes.drop(7);
    expect(framesOf(outboxes, [2])).toEqual(["\0\0"]);
  });

  it("wakes its node once for a turn", () => {
    let woken = 0;
    const outboxes = new Outboxes(() => woken++);
    framesOf(outboxes, [1, 1, 1]);
    expect(woken).toBe(1);
  });
});
