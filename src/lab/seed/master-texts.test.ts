import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameText, FramingError, TextParser } from "./master-texts.ts";

const byteText = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

describe("LENGTH-TEXT", () => {
  it("brings back texts that came cut anywhere", () => {
    fc.assert(
      fc.property(fc.array(byteText), fc.array(fc.nat({ max: 40 })), (texts, cuts) => {
        let stream = texts.map(frameText).join("");
        const parser = new TextParser();
        const got: string[] = [];
        for (const cut of cuts) {
          got.push(...parser.take(stream.slice(0, cut)));
          stream = stream.slice(cut);
        }
        expect([...got, ...parser.take(stream)]).toEqual(texts);
      }),
    );
  });

  it("brings back texts byte by byte, with line ends between them", () => {
    const parser = new TextParser();
    const stream = `${frameText("putResult success")}\r\n${frameText("")}\n\n${frameText("getResult 1-2 a-b\n")}`;
    expect(Array.from(stream).flatMap((byte) => parser.take(byte))).toEqual([
      "putResult success",
      "",
      "getResult 1-2 a-b\n",
    ]);
  });

  it.each(["-text", "x", "12x-", " 3-abc", "123456789", "99999999-"])("refuses %j", (stream) => {
    expect(() => new TextParser().take(stream)).toThrow(FramingError);
    const slowly = new TextParser();
    expect(() => Array.from(stream).map((byte) => slowly.take(byte))).toThrow(FramingError);
  });
});
