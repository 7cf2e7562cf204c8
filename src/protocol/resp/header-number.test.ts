import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../../shared/bytes.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { headerNumber } from "./header-number.ts";

describe("headerNumber", () => {
  it("reads every safe integer of up to 16 digits", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(headerNumber(`$${value}\r`)).toBe(value);
      }),
    );
  });

  it.each(["$", "$\r", "$1", "$01\r", "$-0\r", "$+1\r", "$ 1\r", "$1 \r", "$1\r\r", "$9007199254740993\r", "$1e3\r"])(
    "refuses %j",
    (line) => {
      expect(headerNumber(line)).toBeUndefined();
    },
  );
});

describe("ChunkReader.quickHeader", () => {
  it("reads what headerNumber reads, or leaves it to it", () => {
    const digits = fc.stringMatching(/^[-+ 0-9]{0,12}$/);
    fc.assert(
      fc.property(
        fc.oneof(digits, fc.nat().map(String)),
        fc.constantFrom("\r\n", "\r\nx", "\r", "\n", ""),
        (text, end) => {
          const reader = new ChunkReader();
          reader.feed(bytesOf(`*${text}${end}`));
          const value = reader.quickHeader();
          const complete = end.startsWith("\r\n");
          const expected = complete ? headerNumber(`*${text}\r`) : undefined;
          if (expected !== undefined && expected >= 0 && text.length <= 9) expect(value).toBe(expected);
          else expect(value).toBe(-1);
          expect(reader.position).toBe(value < 0 ? 0 : text.length + 3);
        },
      ),
      { numRuns: 500 },
    );
  });
});
