import { describe, expect, it } from "vitest";
import { type ByteString, bytesOf } from "../../shared/bytes.ts";
import { CommandNames } from "./command-names.ts";

describe("CommandNames", () => {
  const lookup = (names: CommandNames, name: ByteString): ByteString =>
    names.lookup(bytesOf(`<${name}>`), 1, 1 + name.length);

  it("gives the name as sent, also where two names fall on one slot", () => {
    const names = new CommandNames();
    const sent = [
      "GET",
      "get",
      "Get",
      "",
      "x",
      "\xff\0",
      "COPS.SESSION",
      "n".repeat(24),
      "n".repeat(25),
      "n".repeat(99),
    ];
    // More names than slots, and twice, so that slots are taken over and taken back.
    for (let i = 0; i < 1000; i++) sent.push(`name${i}`);
    for (const name of [...sent, ...sent]) expect(lookup(names, name)).toBe(name);
  });
});
