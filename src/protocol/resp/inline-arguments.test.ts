import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitInline } from "./inline-arguments.ts";

const cases: readonly (readonly [line: string, args: string[] | undefined])[] = [
  ["", []],
  [" \t \r", []],
  ["get key\r", ["get", "key"]],
  ["  get \t key  ", ["get", "key"]],
  ['"a b" c', ["a b", "c"]],
  ['""', [""]],
  ["'' x", ["", "x"]],
  ["'a\\'b'", ["a'b"]],
  ["'a\\nb'", ["a\\nb"]],
  ['"\\n\\r\\t\\b\\a\\"\\\\"', ['\n\r\t\b\x07"\\']],
  ['"\\x00\\xfF\\x4"', ["\0\xffx4"]],
  ['"\\q\\\'"', ["q'"]],
  ['pre"fix ed" x', ["prefix ed", "x"]],
  ["pre'fix ed' x", ["prefix ed", "x"]],
  ["a\\nb", ["a\\nb"]],
  ["a\vb\f c", ["a\vb\f", "c"]],
  ["a\0b", ["a", "b"]],
  ['"it\'s"', ["it's"]],
  // Unbalanced: never closed, or something stuck to the closing quote.
  ['"a', undefined],
  ["'a", undefined],
  ["a'", undefined],
  ['"a"b', undefined],
  ["'a'b", undefined],
  ['""""', undefined],
  ['"a\\"', undefined],
  ['"a\\', undefined],
];

describe("splitInline", () => {
  it.each(cases)("splits %j as Redis does", (line, args) => {
    expect(splitInline(line)).toEqual(args);
  });

  it("gives back whatever was quoted", () => {
    const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => String.fromCharCode(...array));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (args) => {
        const quoted = args.map((argument) => `"${argument.replaceAll(/[^]/g, hexEscape)}"`).join(" ");
        expect(splitInline(quoted)).toEqual(args);
      }),
    );
  });
});

function hexEscape(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
