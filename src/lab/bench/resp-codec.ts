/*
 * How fast the RESP codec is by itself, in one process and without sockets: what is left of a server's budget per command
 * is for everything else. Run: npm run bench -- codec
 *
 * Each case runs a warm-up, then rounds of a fixed number of commands until its time is up; the figure is the best
 * round (what the code can do; the rest is what else the machine did), the median round beside it. The "bare loop" is
 * the ceiling: it knows the lengths in advance, checks nothing, and does nothing but make the argument strings.
 */
import { performance } from "node:perf_hooks";
import { type Bytes, type ByteString, bytesOf } from "../../shared/bytes.ts";
import { OutputBuffer } from "../../protocol/resp/output-buffer.ts";
import { OutputPool } from "../../protocol/resp/output-pool.ts";
import { ReplyOutcome, ReplyParser } from "../../protocol/resp/reply-parser.ts";
import { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import { encodeRequest } from "../../protocol/resp/request-encoder.ts";
import { DEFAULT_REQUEST_LIMITS } from "../../protocol/resp/request-limits.ts";
import { RequestOutcome, RequestParser } from "../../protocol/resp/request-parser.ts";

const PIPELINE = 16;
const KEY_COUNT = 1000;
const VALUE: ByteString = "x".repeat(100);
const GET_REQUEST: readonly ByteString[] = ["GET", "key:000000000042"];

interface Case {
  readonly name: string;
  /** Runs once and returns how many commands (or replies) that were. */
  readonly run: () => number;
}

/** Keeps results alive, so that no loop is optimised away. */
const sink: { value: unknown } = { value: undefined };

function keyOf(i: number): ByteString {
  return `key:${String(i % KEY_COUNT).padStart(12, "0")}`;
}

/** One chunk per pipeline of requests, as sockets deliver them. */
function requestChunks(requestOf: (i: number) => ByteString[]): Bytes[] {
  return Array.from({ length: 64 }, (_, chunk) => {
    const output = new OutputBuffer(new OutputPool());
    for (let i = 0; i < PIPELINE; i++) encodeRequest(output, requestOf(chunk * PIPELINE + i));
    return bytesOf(output.take()?.filled().latin1Slice() ?? "");
  });
}

function parseCase(name: string, chunks: readonly Bytes[]): Case {
  const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
  const run = (): number => {
    let commands = 0;
    for (const chunk of chunks) {
      parser.feed(chunk);
      while (parser.next() === RequestOutcome.command) {
        sink.value = parser.args[1];
        commands++;
      }
    }
    return commands;
  };
  return { name, run };
}

/** The same in halves that cut each pipeline in the middle: the slow path once per chunk. */
function cutChunks(chunks: readonly Bytes[]): Bytes[] {
  return chunks.flatMap((chunk) => {
    const middle = chunk.length >> 1;
    return [chunk.subarray(0, middle), chunk.subarray(middle)];
  });
}

function bareGetCase(chunks: readonly Bytes[]): Case {
  const requestBytes = "*2\r\n$3\r\nGET\r\n$16\r\n".length + 16 + 2;
  const run = (): number => {
    let commands = 0;
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += requestBytes) {
        sink.value = chunk.latin1Slice(at + requestBytes - 18, at + requestBytes - 2);
        commands++;
      }
    }
    return commands;
  };
  return { name: "bare loop: GET key strings", run };
}

function bareSetCase(chunks: readonly Bytes[]): Case {
  const valueAt = "*3\r\n$3\r\nSET\r\n$16\r\n0123456789abcdef\r\n$100\r\n".length;
  const requestBytes = valueAt + 100 + 2;
  const run = (): number => {
    let commands = 0;
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += requestBytes) {
        sink.value = chunk.latin1Slice(at + valueAt - 24, at + valueAt - 8);
        sink.value = chunk.latin1Slice(at + valueAt, at + valueAt + 100);
        commands++;
      }
    }
    return commands;
  };
  return { name: "bare loop: SET key and value strings", run };
}

/** What `write` does, in batches of a pipeline, each taken and its chunk given back. */
function writeCase(name: string, write: (writer: ReplyWriter, i: number) => void): Case {
  const pool = new OutputPool();
  const writer = new ReplyWriter(pool);
  const run = (): number => {
    for (let batch = 0; batch < 64; batch++) {
      for (let i = 0; i < PIPELINE; i++) write(writer, i);
      const chunk = writer.take();
      sink.value = chunk?.filled();
      if (chunk !== undefined) pool.release(chunk);
    }
    return 64 * PIPELINE;
  };
  return { name, run };
}

/** The codec's whole share of a server: parse, look up in a Map, write the reply. */
function serveCase(name: string, chunks: readonly Bytes[]): Case {
  const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
  const pool = new OutputPool();
  const writer = new ReplyWriter(pool);
  const data = new Map<ByteString, ByteString>(Array.from({ length: KEY_COUNT }, (_, i) => [keyOf(i), VALUE]));
  const run = (): number => {
    let commands = 0;
    for (const chunk of chunks) {
      parser.feed(chunk);
      while (parser.next() === RequestOutcome.command) {
        const key = parser.args[1] as ByteString;
        if (parser.argCount === 2) {
          writer.bulkOrNull(data.get(key));
        } else {
          data.set(key, parser.args[2] as ByteString);
          writer.ok();
        }
        commands++;
      }
      const output = writer.take();
      sink.value = output?.filled();
      if (output !== undefined) pool.release(output);
    }
    return commands;
  };
  return { name, run };
}

function replyCase(name: string, reply: ByteString): Case {
  const parser = new ReplyParser();
  const chunk = bytesOf(reply.repeat(PIPELINE));
  const run = (): number => {
    let replies = 0;
    for (let batch = 0; batch < 64; batch++) {
      parser.feed(chunk);
      while (parser.next() === ReplyOutcome.reply) {
        sink.value = parser.value;
        replies++;
      }
    }
    return replies;
  };
  return { name, run };
}

function cases(): Case[] {
  const gets = requestChunks((i) => ["GET", keyOf(i * 7919)]);
  const sets = requestChunks((i) => ["SET", keyOf(i * 7919), VALUE]);
  return [
    bareGetCase(gets),
    parseCase("parse GET key(16)", gets),
    parseCase("parse GET key(16), chunks cut in two", cutChunks(gets)),
    bareSetCase(sets),
    parseCase("parse SET key(16) value(100)", sets),
    parseCase("parse SET key(16) value(100), chunks cut in two", cutChunks(sets)),
    parseCase(
      "parse PING",
      requestChunks(() => ["PING"]),
    ),
    writeCase("write +OK", (writer) => writer.ok()),
    writeCase("write :12345", (writer, i) => writer.integer(12_345 + i)),
    writeCase("write bulk(100)", (writer) => writer.bulk(VALUE)),
    writeCase("write null", (writer) => writer.null()),
    serveCase("parse + Map + write: GET", gets),
    serveCase("parse + Map + write: SET", sets),
    writeCase("encode request GET key(16)", (writer) => encodeRequest(writer, GET_REQUEST)),
    replyCase("parse reply +OK", "+OK\r\n"),
    replyCase("parse reply bulk(100)", `$100\r\n${VALUE}\r\n`),
  ];
}

function measure(subject: Case, seconds: number): void {
  const warmUpEnd = performance.now() + 200;
  while (performance.now() < warmUpEnd) subject.run();
  const nsPerCommand: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    let commands = 0;
    for (let i = 0; i < 20; i++) commands += subject.run();
    nsPerCommand.push(((performance.now() - start) * 1e6) / commands);
  }
  const sorted = nsPerCommand.toSorted((a, b) => a - b);
  const best = sorted[0] ?? Number.NaN;
  const median = sorted[sorted.length >> 1] ?? Number.NaN;
  const millions = (1000 / best).toFixed(2).padStart(6);
  const line = `${subject.name.padEnd(50)} ${best.toFixed(0).padStart(5)} ns ${millions} M/s   median ${median.toFixed(0)} ns\n`;
  process.stdout.write(line);
}

/** Each case of the codec alone, for `seconds`. */
export function benchRespCodec(seconds: number): void {
  for (const subject of cases()) measure(subject, seconds);
}
