import { describe, expect, it } from "vitest";
import { InvariantError } from "../../shared/assert.ts";
import { type ByteString, byteStringOf, byteStringOfUtf8, bytesOf } from "../../shared/bytes.ts";
import { OutputPool } from "./output-pool.ts";
import { ReplyWriter, type RespVersion } from "./reply-writer.ts";

function written(version: RespVersion, write: (writer: ReplyWriter) => void): ByteString {
  const writer = new ReplyWriter(new OutputPool());
  writer.version = version;
  write(writer);
  const chunk = writer.take();
  return chunk === undefined ? "" : byteStringOf(chunk.filled());
}

const eAcute = byteStringOfUtf8("é");

/** What is written, and how it looks in RESP2 and in RESP3. */
const cases: readonly (readonly [name: string, write: (writer: ReplyWriter) => void, resp2: string, resp3: string])[] =
  [
    ["ok", (w) => w.ok(), "+OK\r\n", "+OK\r\n"],
    ["simple", (w) => w.simple("PONG"), "+PONG\r\n", "+PONG\r\n"],
    ["simple with a line break", (w) => w.simple("a\r\nb"), "+a  b\r\n", "+a  b\r\n"],
    ["error", (w) => w.error("ERR no"), "-ERR no\r\n", "-ERR no\r\n"],
    ["error that quotes bytes", (w) => w.error("ERR '\xff\n'"), "-ERR '\xff '\r\n", "-ERR '\xff '\r\n"],
    ["integer", (w) => w.integer(-42), ":-42\r\n", ":-42\r\n"],
    ["double", (w) => w.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
    ["whole double", (w) => w.double(10), "$2\r\n10\r\n", ",10\r\n"],
    ["inf", (w) => w.double(Number.POSITIVE_INFINITY), "$3\r\ninf\r\n", ",inf\r\n"],
    ["-inf", (w) => w.double(Number.NEGATIVE_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"],
    ["nan", (w) => w.double(Number.NaN), "$3\r\nnan\r\n", ",nan\r\n"],
    ["-0", (w) => w.double(-0), "$2\r\n-0\r\n", ",-0\r\n"],
    ["true", (w) => w.boolean(true), ":1\r\n", "#t\r\n"],
    ["false", (w) => w.boolean(false), ":0\r\n", "#f\r\n"],
    ["null", (w) => w.null(), "$-1\r\n", "_\r\n"],
    ["null array", (w) => w.nullArray(), "*-1\r\n", "_\r\n"],
    ["bulk", (w) => w.bulk("a\r\n\0\xff"), "$5\r\na\r\n\0\xff\r\n", "$5\r\na\r\n\0\xff\r\n"],
    ["empty bulk", (w) => w.bulk(""), "$0\r\n\r\n", "$0\r\n\r\n"],
    ["no bulk", (w) => w.bulkOrNull(undefined), "$-1\r\n", "_\r\n"],
    ["some bulk", (w) => w.bulkOrNull("x"), "$1\r\nx\r\n", "$1\r\nx\r\n"],
    ["text", (w) => w.bulkUtf8("é"), `$2\r\n${eAcute}\r\n`, `$2\r\n${eAcute}\r\n`],
    ["verbatim", (w) => w.verbatim("txt", "é!"), `$3\r\n${eAcute}!\r\n`, `=7\r\ntxt:${eAcute}!\r\n`],
    ["big number", (w) => w.bigNumber(2n ** 70n), "$22\r\n1180591620717411303424\r\n", "(1180591620717411303424\r\n"],
    ["array", (w) => w.arrayHeader(2), "*2\r\n", "*2\r\n"],
    ["map", (w) => w.mapHeader(2), "*4\r\n", "%2\r\n"],
    ["set", (w) => w.setHeader(2), "*2\r\n", "~2\r\n"],
    ["push", (w) => w.pushHeader(2), "*2\r\n", ">2\r\n"],
    ["raw", (w) => w.raw(bytesOf(":1\r\n:2\r\n"), 4), ":2\r\n", ":2\r\n"],
  ];

describe("ReplyWriter", () => {
  it.each(cases)("writes %s in both versions", (_name, write, resp2, resp3) => {
    expect(written(2, write)).toBe(resp2);
    expect(written(3, write)).toBe(resp3);
  });

  it("writes attributes in RESP3 and says that RESP2 has none", () => {
    const write = (writer: ReplyWriter): void => {
      if (writer.attributeHeader(1)) {
        writer.simple("ttl");
        writer.integer(3600);
      }
      writer.bulk("v");
    };
    expect(written(3, write)).toBe("|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n");
    expect(written(2, write)).toBe("$1\r\nv\r\n");
  });

  it("takes only safe integers for integers", () => {
    const writer = new ReplyWriter(new OutputPool());
    for (const value of [0.5, 2 ** 53, Number.NaN]) expect(() => writer.integer(value)).toThrow(InvariantError);
    expect(writer.pendingBytes).toBe(0);
  });
});
