import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError } from "../../shared/assert.ts";
import { type Bytes, type ByteString, allocBytes, bytesOf } from "../../shared/bytes.ts";
import { Random } from "../../shared/random.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { OutputPool } from "./output-pool.ts";
import { encodeRequest } from "./request-encoder.ts";
import { DEFAULT_REQUEST_LIMITS, type RequestLimits } from "./request-limits.ts";
import { RequestOutcome, RequestParser } from "./request-parser.ts";
import { cutAtRandom, everyCut, whole } from "./testing/cuts.ts";
import { eventsOf, modelEventsOf, type RequestEvent } from "./testing/request-model.ts";

const smallLimits: RequestLimits = { maxBulkBytes: 40, maxArguments: 12, maxInlineBytes: 32, maxRequestBytes: 150 };

function protocolError(what: string): RequestEvent {
  return { error: `ERR Protocol error: ${what}` };
}

const longBulk = "v".repeat(40);

/** Streams under `smallLimits`, and what they come to. */
const cases: readonly (readonly [stream: ByteString, events: RequestEvent[]])[] = [
  // Arrays of bulk strings.
  ["*1\r\n$4\r\nPING\r\n", [["PING"]]],
  ["*2\r\n$3\r\nGET\r\n$0\r\n\r\n", [["GET", ""]]],
  ["*2\r\n$3\r\nGET\r\n$4\r\n\r\n\0\xff\r\n", [["GET", "\r\n\0\xff"]]],
  ["*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n", [["a"], ["b"]]],
  ["*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n*1\r\n$4\r\nPING\r\n", [["set", "k", "v"], ["PING"]]],
  [`*2\r\n$3\r\nGET\r\n$40\r\n${longBulk}\r\n`, [["GET", longBulk]]],
  ["*2\r\n$3\r\nGET\r\n$1\r\nk", []],
  [`*12\r\n${"$1\r\na\r\n".repeat(12)}`, [Array.from({ length: 12 }, () => "a")]],
  // Empty and null arrays are no commands and no errors.
  ["*0\r\n*1\r\n$1\r\na\r\n", [["a"]]],
  ["*-1\r\n*-10\r\n*1\r\n$1\r\na\r\n", [["a"]]],
  // Inline commands; empty lines are ignored.
  ["PING\r\n", [["PING"]]],
  ["PING\n", [["PING"]]],
  ["\r\n\n  \r\nPING\r\n\r\n", [["PING"]]],
  ["set  key 'a b'\r\n", [["set", "key", "a b"]]],
  ['set key "\\x00\\n\\"x"\r\n', [["set", "key", '\0\n"x']]],
  ["PING\r\n*1\r\n$1\r\na\r\nPING\r\n", [["PING"], ["a"], ["PING"]]],
  ["get x$5\r\n", [["get", "x$5"]]],
  // Errors, in Redis's words. What came before them was a command.
  ["PING\r\n*x\r\n", [["PING"], protocolError("invalid multibulk length")]],
  ["*\r\n", [protocolError("invalid multibulk length")]],
  ["*13\r\n", [protocolError("invalid multibulk length")]],
  ["*03\r\n", [protocolError("invalid multibulk length")]],
  ["*+3\r\n", [protocolError("invalid multibulk length")]],
  ["*-0\r\n", [protocolError("invalid multibulk length")]],
  ["* 3\r\n", [protocolError("invalid multibulk length")]],
  ["*3\n", [protocolError("invalid multibulk length")]],
  ["*1\r\r\n", [protocolError("invalid multibulk length")]],
  ["*99999999999999999999\r\n", [protocolError("invalid multibulk length")]],
  ["*1\r\n:1\r\n", [protocolError("expected '$', got ':'")]],
  ["*1\r\nx", [protocolError("expected '$', got 'x'")]],
  ["*1\r\n$\r\n", [protocolError("invalid bulk length")]],
  ["*1\r\n$-1\r\n", [protocolError("invalid bulk length")]],
  ["*1\r\n$abc\r\n", [protocolError("invalid bulk length")]],
  ["*1\r\n$41\r\n", [protocolError("invalid bulk length")]],
  ["*1\r\n$4294967296\r\n", [protocolError("invalid bulk length")]],
  ["*1\r\n$1 \r\n", [protocolError("invalid bulk length")]],
  ["*1\r\n$1\r\nabc\r\n", [protocolError("bulk not followed by CRLF")]],
  ["*2\r\n$1\r\na\r\n$1\r\nb\n\n", [protocolError("bulk not followed by CRLF")]],
  ["get 'x\r\n", [protocolError("unbalanced quotes in request")]],
  ["x".repeat(33), [protocolError("too big inline request")]],
  [`${"x".repeat(33)}\n`, [protocolError("too big inline request")]],
  [`${"x".repeat(32)}\n`, [["x".repeat(32)]]],
  [`*${"1".repeat(32)}`, [protocolError("too big mbulk count string")]],
  [`*1\r\n$${"1".repeat(32)}`, [protocolError("too big bulk count string")]],
  [`*4\r\n${`$40\r\n${longBulk}\r\n`.repeat(4)}`, [protocolError("too big request")]],
  // HTTP.
  ["POST / HTTP/1.1\r\n", ["http"]],
  ["post x\r\n", ["http"]],
  ["Host: localhost\r\nset a b\r\n", ["http"]],
  ["PING\r\nGET / HTTP/1.1\r\nset a b\r\n", [["PING"], "http"]],
  ["GET / HTTP/1.0\n", ["http"]],
  ["PRI * HTTP/2.0\r\n", ["http"]],
  ["*2\r\n$3\r\nGET\r\n$8\r\nHTTP/1.1\r\n", [["GET", "HTTP/1.1"]]],
];

describe("RequestParser", () => {
  it.each(cases)("makes of %j what it should, however it is cut", (stream, events) => {
    for (const chunks of everyCut(stream, new Random(stream.length))) {
      expect(eventsOf(new RequestParser(smallLimits, true), chunks)).toEqual(events);
    }
    expect(modelEventsOf(stream, smallLimits)).toEqual(events);
  });

  it("agrees with the plain model on any mixture of protocol bytes", () => {
    const fragment = fc.oneof(
      fc.constantFrom("*1\r\n", "*2\r\n", "*0\r\n", "$3\r\n", "$0\r\n", "$40\r\n", "\r\n", "abc\r\n", "PING\r\n", "'"),
      fc.constantFrom("*", "$", "\r", "\n", "1", "-1", "0", " ", '"', "\\x4", "HTTP/1.1", "POST ", "\0", "\xff"),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 45 }),
    );
    const streams = fc.array(fragment, { maxLength: 30 }).map((fragments) => fragments.join(""));
    fc.assert(
      fc.property(streams, fc.integer(), (stream, seed) => {
        const expected = modelEventsOf(stream, smallLimits);
        const random = new Random(seed);
        for (const chunks of [whole(stream), cutAtRandom(stream, random, 1), cutAtRandom(stream, random, 9)]) {
          expect(eventsOf(new RequestParser(smallLimits, true), chunks)).toEqual(expected);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("gives back the commands that were encoded", () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => String.fromCharCode(...array));
    const commands = fc.array(fc.array(bytes, { minLength: 1, maxLength: 20 }), { maxLength: 10 });
    fc.assert(
      fc.property(commands, fc.integer(), fc.integer({ min: 1, max: 500 }), (sent, seed, pieceBytesMax) => {
        const stream = encode(sent);
        for (const chunks of [whole(stream), cutAtRandom(stream, new Random(seed), pieceBytesMax)]) {
          expect(eventsOf(new RequestParser(DEFAULT_REQUEST_LIMITS, true), chunks)).toEqual(sent);
        }
      }),
    );
  });

  it("puts a value of many chunks together", () => {
    const value = "0123456789abcdef".repeat(64 * 1024);
    const chunks = cutAtRandom(encode([["SET", "k", value], ["PING"]]), new Random(1), 3000);
    const events = eventsOf(new RequestParser(DEFAULT_REQUEST_LIMITS, true), chunks);
    expect(events).toEqual([["SET", "k", value], ["PING"]]);
  });

  it("keeps no memory for what was only announced", () => {
    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
    const before = process.memoryUsage().arrayBuffers;
    expect(eventsOf(parser, [bytesOf("*1000000\r\n$500000000\r\nabc")])).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
    expect(parser.pendingBytes).toBeLessThan(100);
  });

  it.each(["x", "*1", "*1\r\n$1", "'", "*12\r\n$40\r\n", "$1\r\n", "\0"])(
    "stays within its limits when fed %j and then bytes without end",
    (beginning) => {
      for (const filler of ["x", "1", "\r", " ", "\xff", "$1\r\nx\r\n"]) {
        const parser = new RequestParser(smallLimits, true);
        parser.feed(bytesOf(beginning));
        for (let i = 0; i < 200; i++) {
          while (parser.next() === RequestOutcome.command) expect(parser.argCount).toBeLessThanOrEqual(12);
          expect(parser.pendingBytes).toBeLessThanOrEqual(smallLimits.maxRequestBytes);
          parser.feed(bytesOf(filler));
        }
      }
    },
  );

  it("goes on saying how the stream ended", () => {
    const parser = new RequestParser(smallLimits, true);
    parser.feed(bytesOf("*x\r\n*1\r\n$4\r\nPING\r\n"));
    for (let i = 0; i < 3; i++) {
      expect(parser.next()).toBe(RequestOutcome.protocolError);
      parser.feed(bytesOf("PING\r\n"));
    }
    expect(parser.error).toBe("ERR Protocol error: invalid multibulk length");
    expect(parser.pendingBytes).toBe(0);
  });

  it("holds clients that are not authenticated to small commands, and no longer once they are", () => {
    const parse = (stream: ByteString): RequestEvent[] =>
      eventsOf(new RequestParser(DEFAULT_REQUEST_LIMITS, false), whole(stream));
    expect(parse("*11\r\n")).toEqual([protocolError("unauthenticated multibulk length")]);
    expect(parse("*1\r\n$16385\r\n")).toEqual([protocolError("unauthenticated bulk length")]);
    const atLimit = Array.from({ length: 10 }, () => "x".repeat(16_384));
    expect(parse(encode([atLimit]))).toEqual([atLimit]);

    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, false);
    const long = Array.from({ length: 11 }, () => "x");
    parser.feed(bytesOf(encode([["AUTH", "secret"], long])));
    expect(parser.next()).toBe(RequestOutcome.command);
    parser.authenticated = true;
    expect(parser.next()).toBe(RequestOutcome.command);
    expect(parser.args).toEqual(long);
  });

  it("obeys limits that change while it runs", () => {
    const limits = { ...smallLimits };
    const parser = new RequestParser(limits, true);
    parser.feed(bytesOf("*1\r\n$5\r\nhello\r\n*1\r\n$5\r\nhello\r\n"));
    expect(parser.next()).toBe(RequestOutcome.command);
    limits.maxBulkBytes = 4;
    expect(parser.next()).toBe(RequestOutcome.protocolError);
  });

  it("shares one array among commands, as long as the command has arguments", () => {
    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
    const args = parser.args;
    parser.feed(bytesOf(encode([["a", "b", "c"], ["d"], ["e", "f"]])));
    for (const expected of [["a", "b", "c"], ["d"], ["e", "f"]]) {
      expect(parser.next()).toBe(RequestOutcome.command);
      expect(parser.args).toBe(args);
      expect(args).toEqual(expected);
      expect(parser.argCount).toBe(expected.length);
    }
  });

  it("lets go of a large command's arguments before it waits", () => {
    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
    parser.feed(bytesOf(encode([["SET", "k", "v".repeat(100_000)]])));
    expect(parser.next()).toBe(RequestOutcome.command);
    expect(parser.next()).toBe(RequestOutcome.needMore);
    expect(parser.args).toEqual([]);
  });

  it("retains what is unread, so that the chunk's memory may be reused", () => {
    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
    const chunk = bytesOf(
      encode([
        ["GET", "first"],
        ["GET", "second"],
      ]),
    );
    parser.feed(chunk);
    expect(parser.next()).toBe(RequestOutcome.command);
    parser.retain();
    chunk.fill(0);
    expect(parser.pendingBytes).toBe(encode([["GET", "second"]]).length);
    expect(parser.next()).toBe(RequestOutcome.command);
    expect(parser.args).toEqual(["GET", "second"]);
  });

  it("counts what it keeps for an unfinished command", () => {
    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
    const stream = encode([["SET", "key", "value"]]);
    for (let i = 0; i < stream.length - 1; i++) {
      parser.feed(bytesOf(stream.charAt(i)));
      expect(parser.next()).toBe(RequestOutcome.needMore);
      expect(parser.pendingBytes).toBe(i + 1);
    }
  });

  it("refuses to be fed over a chunk that is not used up", () => {
    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
    parser.feed(bytesOf("PING\r\n"));
    expect(() => parser.feed(allocBytes(1))).toThrow(InvariantError);
  });
});

function encode(commands: readonly (readonly ByteString[])[]): ByteString {
  const output = new OutputBuffer(new OutputPool());
  for (const args of commands) encodeRequest(output, args);
  const taken: Bytes[] = [];
  for (let chunk = output.take(); chunk !== undefined; chunk = output.take()) taken.push(chunk.filled());
  return taken.map((bytes) => bytes.latin1Slice()).join("");
}
