import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, textOf, toByteString } from "./byte-text.ts";
import { InvalidArgumentError } from "./errors.ts";

describe("byte strings of the client", () => {
  it("give back every text and all bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.uint8Array(), (text, bytes) => {
        expect(textOf(toByteString(text, "key", 1_000_000))).toBe(text);
        expect(toByteString(text, "key", 1_000_000)).toBe(Buffer.from(text, "utf8").toString("latin1"));
        expect(Buffer.from(bytesOf(toByteString(bytes, "key", 1_000_000)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("take a part of a larger buffer as that part", () => {
    const whole = Buffer.from("abcdef");
    expect(toByteString(whole.subarray(2, 4), "key", 10)).toBe("cd");
  });

  it("count bytes and not characters against the limit", () => {
    expect(toByteString("é", "key", 2)).toHaveLength(2);
    expect(() => toByteString("éé", "key", 3)).toThrow(InvalidArgumentError);
    expect(() => toByteString(5 as unknown as string, "key", 3)).toThrow("neither a string nor a Uint8Array");
  });
});
