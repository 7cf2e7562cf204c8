import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { byteStringOf, bytesOf } from "../shared/bytes.ts";

describe("base64url", () => {
  it("writes what Node.js writes, and reads it back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        const text = buffer.toString("base64url");
        expect(encodeBase64url(bytesOf(buffer.toString("latin1")))).toBe(text);
        const decoded = decodeBase64url(text);
        expect(decoded === undefined ? undefined : byteStringOf(decoded)).toBe(buffer.toString("latin1"));
      }),
    );
  });

  it.each(["A", "AAAAA", "AB", "AAB", "A=", "AA==", "A+", "A/", "A\u00e9", "A\u20ac", "AA A"])(
    "refuses %j, which no run of bytes is written as",
    (text) => {
      expect(decodeBase64url(text)).toBeUndefined();
    },
  );
});
