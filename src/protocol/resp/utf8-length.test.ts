import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOfUtf8 } from "../../shared/bytes.ts";
import { utf8Length } from "./utf8-length.ts";

describe("utf8Length", () => {
  it("is the length of the encoded text, lone surrogates included", () => {
    const units = fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 }));
    const anyUnits = fc.array(units).map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(fc.oneof(anyUnits, fc.string({ unit: "binary" })), (text) => {
        expect(utf8Length(text)).toBe(bytesOfUtf8(text).length);
      }),
    );
  });
});
