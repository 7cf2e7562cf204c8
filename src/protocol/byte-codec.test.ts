import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, DecodeError } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { text, u32, u64 } from "./testing/arbitraries.ts";
import { hexOf } from "./testing/codec-laws.ts";
import { bytesOf } from "../shared/bytes.ts";

describe("ByteWriter and ByteReader", () => {
  it("carry every kind of field, from whatever capacity the writer began with", () => {
    const field = fc.oneof(
      fc.record({ kind: fc.constant("u8" as const), value: fc.nat(0xff) }),
      fc.record({ kind: fc.constant("u16" as const), value: fc.nat(0xffff) }),
      fc.record({ kind: fc.constant("u32" as const), value: u32 }),
      fc.record({ kind: fc.constant("u64" as const), value: u64 }),
      fc.record({ kind: fc.constant("text" as const), value: text }),
    );
    fc.assert(
      fc.property(fc.array(field), fc.nat(40), (fields, capacity) => {
        const writer = new ByteWriter(capacity);
        for (const { kind, value } of fields) {
          if (kind === "text") writer.text(value);
          else writer[kind](value);
        }
        const reader = new ByteReader(writer.copy());
        for (const { kind, value } of fields) expect(kind === "text" ? reader.text(20) : reader[kind]()).toBe(value);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it("write little-endian", () => {
    const writer = new ByteWriter();
    writer.u16(0x0102);
    writer.u32(0xfffefdfc);
    writer.u64(Number.MAX_SAFE_INTEGER);
    writer.text("\u0000\u00ff");
    expect(hexOf(writer.copy())).toBe("0201fcfdfeffffffffffffff1f000200000000ff");
  });

  it("fill in a length later, append raw bytes, and begin again in the same memory", () => {
    const writer = new ByteWriter(2);
    writer.u32(0);
    writer.raw(bytesOf("abcd"), 1, 3);
    writer.putU32(0, 7);
    expect(hexOf(writer.copy())).toBe("070000006263");
    const { bytes } = writer;
    writer.reset();
    expect([writer.length, writer.bytes === bytes]).toEqual([0, true]);
  });

  it("refuse an integer above 2^53 and a text longer than allowed", () => {
    expect(() => new ByteReader(bytesOf("\u0000\u0000\u0000\u0000\u0000\u0000\u0020\u0000")).u64()).toThrow(
      "above 2^53",
    );
    expect(() => new ByteReader(bytesOf("\u0003\u0000\u0000\u0000abc")).text(2)).toThrow("at most 2 are allowed");
  });

  it("never read beyond the end that they were given, though there are bytes", () => {
    const bytes = bytesOf("\u0001".repeat(32));
    for (const read of ["u8", "u16", "u32", "u64"] as const) {
      expect(() => new ByteReader(bytes, 8, 8)[read]()).toThrow(DecodeError);
    }
    expect(() => new ByteReader(bytes, 8, 14).text(100)).toThrow(DecodeError);
    expect(() => new ByteReader(bytes, 8, 14).skip(7)).toThrow(DecodeError);
    expect(() => new ByteReader(bytes, 8, 14).skip(-1)).toThrow(DecodeError);
  });
});
