import { describe, expect, it } from "vitest";
import { Password } from "./password.ts";
import { byteStringOfUtf8 } from "../../shared/bytes.ts";

describe("a password", () => {
  it("accepts itself in UTF-8 and nothing else", () => {
    const password = new Password("pässword");
    expect(password.accepts(byteStringOfUtf8("pässword"))).toBe(true);
    for (const guess of ["", "pässword", "password", byteStringOfUtf8("pässword "), byteStringOfUtf8("pässwor")]) {
      expect(password.accepts(guess)).toBe(false);
    }
  });
});
