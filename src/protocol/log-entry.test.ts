import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, DecodeError } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { beginEntry, decodeHole, encodeHole, EntryCursor, endEntry, entryHeaderBytes, entryHole } from "./log-entry.ts";
import { u64 } from "./testing/arbitraries.ts";
import { hexOf } from "./testing/codec-laws.ts";
import type { Bytes } from "../shared/bytes.ts";

const entry = fc.record({
  kind: fc.nat(255),
  partition: fc.nat(0xffff),
  index: u64,
  visible: u64,
  body: fc.uint8Array({ maxLength: 20 }),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

function frameOf(entries: readonly Entry[]): Bytes {
  const writer = new ByteWriter(1);
  for (const { kind, partition, index, visible, body } of entries) {
    const at = beginEntry(writer, kind, partition, index, visible);
    for (const byte of body) writer.u8(byte);
    endEntry(writer, at);
  }
  return writer.copy();
}

describe("a frame of log entries", () => {
  it("is walked entry by entry, whatever a body's reader left unread", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.nat(3), (entries, read) => {
        const cursor = new EntryCursor();
        const frame = frameOf(entries);
        cursor.over(frame, 0, frame.length);
        for (const { kind, partition, index, visible, body } of entries) {
          expect(cursor.next()).toBe(true);
          expect([cursor.kind, cursor.partition, cursor.index, cursor.visible]).toEqual([
            kind,
            partition,
            index,
            visible,
          ]);
          expect(cursor.body.remaining).toBe(body.length);
          for (let i = 0; i < Math.min(read, body.length); i++) expect(cursor.body.u8()).toBe(body[i]);
        }
        expect(cursor.next()).toBe(false);
      }),
    );
  });

  it("has this format", () => {
    const frame = frameOf([{ kind: 3, partition: 258, index: 4, visible: 5, body: new Uint8Array([9]) }]);
    expect(hexOf(frame)).toBe("140000000302010400000000000000050000000000000009");
    expect(frame.length).toBe(entryHeaderBytes + 1);
  });

  it("cut short, or with a length too small for a header, is refused", () => {
    const frame = frameOf([{ kind: 1, partition: 2, index: 3, visible: 4, body: new Uint8Array([1, 2]) }]);
    for (let length = 1; length < frame.length; length++) {
      expect(() => new EntryCursor().over(frame, 0, length).next()).toThrow(DecodeError);
    }
    frame[0] = entryHeaderBytes - 5;
    expect(() => new EntryCursor().over(frame, 0, frame.length).next()).toThrow("too short");
  });
});

describe("a hole", () => {
  it("that is impossible is refused", () => {
    for (const hole of [
      { datacenter: 0, from: 0, to: 5 },
      { datacenter: 0, from: 6, to: 5 },
    ]) {
      const writer = new ByteWriter();
      encodeHole(writer, hole);
      expect(() => decodeHole(new ByteReader(writer.copy()))).toThrow("impossible hole");
    }
    expect(entryHole).toBe(3);
  });
});
