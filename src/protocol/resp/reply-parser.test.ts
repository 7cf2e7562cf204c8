import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError } from "../../shared/assert.ts";
import { type Bytes, type ByteString, bytesOf } from "../../shared/bytes.ts";
import { Random } from "../../shared/random.ts";
import { OutputPool } from "./output-pool.ts";
import { DEFAULT_REPLY_LIMITS, type ReplyLimits, ReplyOutcome, ReplyParser } from "./reply-parser.ts";
import type { ReplyValue } from "./reply-values.ts";
import { ReplyWriter } from "./reply-writer.ts";
import { cutAtRandom, everyCut, whole } from "./testing/cuts.ts";

type ReplyEvent = { readonly reply: ReplyValue } | { readonly push: ReplyValue } | { readonly error: string };

function eventsOf(parser: ReplyParser, chunks: readonly Bytes[]): ReplyEvent[] {
  const events: ReplyEvent[] = [];
  for (const chunk of chunks) {
    parser.feed(chunk);
    for (let outcome = parser.next(); outcome !== ReplyOutcome.needMore; outcome = parser.next()) {
      if (outcome === ReplyOutcome.protocolError) return [...events, { error: parser.error }];
      events.push(outcome === ReplyOutcome.push ? { push: parser.value } : { reply: parser.value });
    }
  }
  return events;
}

const noCommand = "ERR unknown command 'asdf'";

/** Replies that a stream comes to; among them the examples of Redis's documentation of RESP and of the RESP3 paper. */
const cases: readonly (readonly [stream: ByteString, replies: ReplyValue[]])[] = [
  ["+OK\r\n", ["OK"]],
  ["+\r\n", [""]],
  [`-${noCommand}\r\n`, [{ kind: "error", code: "ERR", message: noCommand }]],
  ["-LOADING\r\n", [{ kind: "error", code: "LOADING", message: "LOADING" }]],
  [":0\r\n:1000\r\n:-7\r\n:+5\r\n", [0, 1000, -7, 5]],
  [":9007199254740991\r\n:9223372036854775807\r\n", [Number.MAX_SAFE_INTEGER, 9_223_372_036_854_775_807n]],
  [":-0\r\n", [0]],
  ["$5\r\nhello\r\n", ["hello"]],
  ["$0\r\n\r\n", [""]],
  ["$-1\r\n*-1\r\n_\r\n", [null, null, null]],
  ["$4\r\n\r\n\0\xff\r\n", ["\r\n\0\xff"]],
  ["*0\r\n", [[]]],
  ["*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n", [["hello", "world"]]],
  ["*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n$5\r\nhello\r\n", [[1, 2, 3, 4, "hello"]]],
  [
    "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n",
    [
      [
        [1, 2, 3],
        ["Hello", { kind: "error", code: "World", message: "World" }],
      ],
    ],
  ],
  ["*3\r\n$5\r\nhello\r\n$-1\r\n$5\r\nworld\r\n", [["hello", null, "world"]]],
  ["*2\r\n*0\r\n*1\r\n*0\r\n", [[[], [[]]]]],
  ["#t\r\n#f\r\n", [true, false]],
  [",1.23\r\n,10\r\n,-1.5e-3\r\n,1E2\r\n", [1.23, 10, -0.0015, 100]],
  [",inf\r\n,-inf\r\n,nan\r\n", [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]],
  [
    "(3492890328409238509324850943850943825024385\r\n(-12\r\n",
    [3_492_890_328_409_238_509_324_850_943_850_943_825_024_385n, -12n],
  ],
  ["!21\r\nSYNTAX invalid syntax\r\n", [{ kind: "error", code: "SYNTAX", message: "SYNTAX invalid syntax" }]],
  ["=15\r\ntxt:Some string\r\n", [{ kind: "verbatim", format: "txt", text: "Some string" }]],
  [
    "%2\r\n+first\r\n:1\r\n+second\r\n:2\r\n",
    [
      {
        kind: "map",
        entries: [
          ["first", 1],
          ["second", 2],
        ],
      },
    ],
  ],
  [
    "%0\r\n~0\r\n",
    [
      { kind: "map", entries: [] },
      { kind: "set", members: [] },
    ],
  ],
  [
    "~5\r\n+orange\r\n+apple\r\n#t\r\n:100\r\n:999\r\n",
    [{ kind: "set", members: ["orange", "apple", true, 100, 999] }],
  ],
  [
    "|1\r\n+key-popularity\r\n%2\r\n$1\r\na\r\n,0.1923\r\n$1\r\nb\r\n,0.0012\r\n*2\r\n:2039123\r\n:9543892\r\n",
    [[2_039_123, 9_543_892]],
  ],
  ["*3\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n", [[1, 2, 3]]],
  ["|0\r\n+OK\r\n", ["OK"]],
  [
    "*2\r\n%1\r\n~1\r\n:1\r\n*1\r\n_\r\n:2\r\n",
    [[{ kind: "map", entries: [[{ kind: "set", members: [1] }, [null]]] }, 2]],
  ],
];

const smallLimits: ReplyLimits = {
  maxBulkBytes: 40,
  maxLineBytes: 32,
  maxDepth: 3,
  maxElements: 12,
  maxReplyBytes: 200,
};

const malformed: readonly (readonly [stream: ByteString, what: string])[] = [
  ["x\r\n", "unknown type byte 120"],
  ["\r\n", "unknown type byte 13"],
  ["+OK\n", "line not ended by CRLF"],
  [`+${"x".repeat(32)}`, "line too long"],
  [`+${"x".repeat(31)}\r\n`, "line too long"],
  [":\r\n", "malformed integer"],
  [":1.5\r\n", "malformed integer"],
  [":12345678901234567890\r\n", "malformed integer"],
  [",\r\n", "malformed double"],
  [",1e\r\n", "malformed double"],
  [",Infinity\r\n", "malformed double"],
  ["(1.0\r\n", "malformed big number"],
  ["#x\r\n", "malformed boolean"],
  ["_x\r\n", "malformed null"],
  ["$x\r\n", "malformed length"],
  ["$-2\r\n", "malformed length"],
  ["$?\r\n", "malformed length"],
  ["*?\r\n", "malformed length"],
  ["%-1\r\n", "malformed length"],
  ["$9223372036854775807\r\n", "malformed length"],
  ["$41\r\n", "bulk too long"],
  ["$1\r\nabc", "bulk not followed by CRLF"],
  ["=2\r\nab\r\n", "malformed verbatim string"],
  ["*13\r\n", "too many elements"],
  ["%7\r\n", "too many elements"],
  ["*6\r\n*7\r\n", "too many elements"],
  ["*1\r\n*1\r\n*1\r\n*1\r\n", "nested too deep"],
  ["*1\r\n>1\r\n", "push message inside a reply"],
  [`*9\r\n${`$40\r\n${"v".repeat(40)}\r\n`.repeat(9)}`, "reply too long"],
  ["|0\r\n".repeat(60), "reply too long"],
];

describe("ReplyParser", () => {
  it.each(cases)("reads %j, however it is cut", (stream, replies) => {
    const expected = replies.map((reply) => ({ reply }));
    for (const chunks of everyCut(stream, new Random(stream.length))) {
      expect(eventsOf(new ReplyParser(), chunks)).toEqual(expected);
    }
  });

  it.each(malformed)("refuses %j: %s", (stream, what) => {
    for (const chunks of everyCut(`+OK\r\n${stream}`, new Random(stream.length))) {
      const expected = [{ reply: "OK" }, { error: `malformed reply: ${what}` }];
      expect(eventsOf(new ReplyParser(smallLimits), chunks)).toEqual(expected);
    }
  });

  it("tells push messages from replies", () => {
    const stream = "+a\r\n>3\r\n+message\r\n+channel\r\n*1\r\n:1\r\n$1\r\nb\r\n>0\r\n";
    const expected = [{ reply: "a" }, { push: ["message", "channel", [1]] }, { reply: "b" }, { push: [] }];
    for (const chunks of everyCut(stream, new Random(1))) {
      expect(eventsOf(new ReplyParser(), chunks)).toEqual(expected);
    }
  });

  it("counts each reply and push message for itself", () => {
    const stream = `*10\r\n${":1\r\n".repeat(10)}>2\r\n:1\r\n$40\r\n${"v".repeat(40)}\r\n`.repeat(10);
    const events = eventsOf(new ReplyParser(smallLimits), whole(stream));
    expect(events).toHaveLength(20);
    expect(events.filter((event) => "error" in event)).toEqual([]);
  });

  it("goes on saying that the stream was malformed", () => {
    const parser = new ReplyParser();
    parser.feed(bytesOf("x\r\n+OK\r\n"));
    for (let i = 0; i < 3; i++) {
      expect(parser.next()).toBe(ReplyOutcome.protocolError);
      parser.feed(bytesOf("+OK\r\n"));
    }
  });

  it("reads back what the reply writer wrote in RESP3", () => {
    fc.assert(
      fc.property(fc.array(anyReply, { maxLength: 5 }), fc.integer(), (replies, seed) => {
        const stream = write(replies);
        const expected = replies.map((reply) => ({ reply }));
        for (const chunks of [whole(stream), cutAtRandom(stream, new Random(seed), 9)]) {
          expect(eventsOf(new ReplyParser(), chunks)).toEqual(expected);
        }
      }),
    );
  });

  it("makes the same of any bytes however they are cut, and keeps within its limits", () => {
    const fragment = fc.oneof(
      fc.constantFrom(
        "*2\r\n",
        "*0\r\n",
        "%1\r\n",
        "~2\r\n",
        "|1\r\n",
        ">1\r\n",
        "$3\r\n",
        "abc\r\n",
        "+x\r\n",
        "_\r\n",
      ),
      fc.constantFrom(
        "*",
        "$",
        "\r",
        "\n",
        "1",
        "-",
        "0",
        ",1.5\r\n",
        "#t\r\n",
        "(12\r\n",
        "=5\r\ntxt:a\r\n",
        ":1\r\n",
      ),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
    );
    const streams = fc.array(fragment, { maxLength: 30 }).map((fragments) => fragments.join(""));
    fc.assert(
      fc.property(streams, fc.integer(), (stream, seed) => {
        const expected = eventsOf(new ReplyParser(smallLimits), whole(stream));
        const random = new Random(seed);
        for (const pieceBytesMax of [1, 2, 9]) {
          const chunks = cutAtRandom(stream, random, pieceBytesMax);
          expect(eventsOf(new ReplyParser(smallLimits), chunks)).toEqual(expected);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("keeps no memory for what was only announced", () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(eventsOf(new ReplyParser(), [bytesOf("*16000000\r\n$500000000\r\nabc")])).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it("puts a value of many chunks together", () => {
    const value = "0123456789abcdef".repeat(64 * 1024);
    const chunks = cutAtRandom(`$${value.length}\r\n${value}\r\n+OK\r\n`, new Random(1), 3000);
    expect(eventsOf(new ReplyParser(), chunks)).toEqual([{ reply: value }, { reply: "OK" }]);
  });

  it("refuses to be fed over a chunk that is not used up", () => {
    const parser = new ReplyParser(DEFAULT_REPLY_LIMITS);
    parser.feed(bytesOf("+OK\r\n"));
    expect(() => parser.feed(bytesOf("+OK\r\n"))).toThrow(InvariantError);
  });
});

const bytes = fc.uint8Array({ maxLength: 50 }).map((array) => String.fromCharCode(...array));
const text = fc.stringMatching(/^[a-z ]{0,20}$/);

/** Any value that the writer can write and the parser tells from the others, nested up to the default depth. */
const { reply: anyReply } = fc.letrec<{ reply: ReplyValue }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(bytes, fc.maxSafeInteger(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie("reply"), { maxLength: 5 }),
    fc
      .array(fc.tuple(tie("reply"), tie("reply")), { maxLength: 4 })
      .map((entries) => ({ kind: "map" as const, entries })),
    fc.array(tie("reply"), { maxLength: 4 }).map((members) => ({ kind: "set" as const, members })),
    text.map((message) => ({ kind: "error" as const, code: message.split(" ", 1)[0] ?? "", message })),
    text.map((line) => ({ kind: "verbatim" as const, format: "txt", text: line })),
    fc.bigInt(),
  ),
}));

function write(replies: readonly ReplyValue[]): ByteString {
  const writer = new ReplyWriter(new OutputPool());
  writer.version = 3;
  for (const reply of replies) writeReply(writer, reply);
  let stream = "";
  for (let chunk = writer.take(); chunk !== undefined; chunk = writer.take()) stream += chunk.filled().latin1Slice();
  return stream;
}

function writeReply(writer: ReplyWriter, reply: ReplyValue): void {
  if (reply === null) writer.null();
  else if (typeof reply === "string") writer.bulk(reply);
  else if (typeof reply === "boolean") writer.boolean(reply);
  else if (typeof reply === "bigint") writer.bigNumber(reply);
  else if (typeof reply !== "number") writeCompound(writer, reply);
  else if (Number.isSafeInteger(reply) && !Object.is(reply, -0)) writer.integer(reply);
  else writer.double(reply);
}

function writeCompound(
  writer: ReplyWriter,
  reply: Exclude<ReplyValue, string | number | bigint | boolean | null>,
): void {
  if (Array.isArray(reply)) {
    writer.arrayHeader(reply.length);
    for (const element of reply) writeReply(writer, element);
  } else if (reply.kind === "map") {
    writer.mapHeader(reply.entries.length);
    for (const element of reply.entries.flat(1)) writeReply(writer, element);
  } else if (reply.kind === "set") {
    writer.setHeader(reply.members.length);
    for (const element of reply.members) writeReply(writer, element);
  } else if (reply.kind === "error") writer.error(reply.message);
  else writer.verbatim("txt", reply.text);
}
