/*
 * A second request parser to compare the real one with: it sees the whole stream at once, as text, and is as slow and as
 * plain as can be. It shares only the splitting of inline lines, which has tests of its own.
 */
import type { Bytes, ByteString } from "../../../shared/bytes.ts";
import { splitInline } from "../inline-arguments.ts";
import type { RequestLimits } from "../request-limits.ts";
import { RequestOutcome, type RequestParser } from "../request-parser.ts";

/** What a stream comes to: commands, and perhaps a final outcome. */
export type RequestEvent = readonly ByteString[] | { readonly error: ByteString } | "http";

/** What the parser under test makes of the chunks. */
export function eventsOf(parser: RequestParser, chunks: readonly Bytes[]): RequestEvent[] {
  const events: RequestEvent[] = [];
  for (const chunk of chunks) {
    parser.feed(chunk);
    let outcome = parser.next();
    for (; outcome === RequestOutcome.command; outcome = parser.next()) events.push([...parser.args]);
    if (outcome === RequestOutcome.httpRequest) return [...events, "http"];
    if (outcome === RequestOutcome.protocolError) return [...events, { error: parser.error }];
  }
  return events;
}

/** What it should make of them, for an authenticated client. */
export function modelEventsOf(stream: ByteString, limits: RequestLimits): RequestEvent[] {
  const events: RequestEvent[] = [];
  let rest = stream;
  while (rest !== "") {
    const step = rest.startsWith("*") ? modelArray(rest, limits) : modelInline(rest, limits);
    if (step === undefined) return events;
    if (step.event !== undefined) events.push(step.event);
    if (step.event === "http" || (step.event !== undefined && "error" in step.event)) return events;
    rest = step.rest;
  }
  return events;
}

interface ModelStep {
  readonly event: RequestEvent | undefined;
  readonly rest: ByteString;
}

function failed(what: string): ModelStep {
  return { event: { error: `ERR Protocol error: ${what}` }, rest: "" };
}

/** The line before the first LF; "long" when it is over the limit, undefined when it has not ended. */
function modelLine(rest: ByteString, limits: RequestLimits): ByteString | "long" | undefined {
  const end = rest.indexOf("\n");
  if ((end < 0 ? rest.length : end) > limits.maxInlineBytes) return "long";
  return end < 0 ? undefined : rest.slice(0, end);
}

function modelInline(rest: ByteString, limits: RequestLimits): ModelStep | undefined {
  const line = modelLine(rest, limits);
  if (line === "long") return failed("too big inline request");
  if (line === undefined) return undefined;
  const args = splitInline(line);
  if (args === undefined) return failed("unbalanced quotes in request");
  const after = rest.slice(line.length + 1);
  if (args.length === 0) return { event: undefined, rest: after };
  const http = /^(post|host:)$/i.test(args[0] ?? "") || /^HTTP\/\d(\.\d)?$/.test(args.at(-1) ?? "");
  return { event: http ? "http" : args, rest: after };
}

function modelArray(stream: ByteString, limits: RequestLimits): ModelStep | undefined {
  const line = modelLine(stream, limits);
  if (line === "long") return failed("too big mbulk count string");
  if (line === undefined) return undefined;
  const count = modelNumber(line);
  if (count === undefined || count > limits.maxArguments) return failed("invalid multibulk length");
  let rest = stream.slice(line.length + 1);
  let bytes = line.length + 1;
  const args: ByteString[] = [];
  while (args.length < count) {
    if (rest === "") return undefined;
    if (!rest.startsWith("$")) return failed(`expected '$', got '${rest[0]}'`);
    const header = modelLine(rest, limits);
    if (header === "long") return failed("too big bulk count string");
    if (header === undefined) return undefined;
    const length = modelNumber(header);
    if (length === undefined || length < 0 || length > limits.maxBulkBytes) return failed("invalid bulk length");
    bytes += header.length + 1 + length + 2;
    if (bytes > limits.maxRequestBytes) return failed("too big request");
    rest = rest.slice(header.length + 1);
    if (rest.length < length + 2) return undefined;
    if (rest.slice(length, length + 2) !== "\r\n") return failed("bulk not followed by CRLF");
    args.push(rest.slice(0, length));
    rest = rest.slice(length + 2);
  }
  return { event: count > 0 ? args : undefined, rest };
}

function modelNumber(line: ByteString): number | undefined {
  const number = Number(line.slice(1, -1));
  return line === `${line[0]}${number}\r` && Number.isSafeInteger(number) ? number : undefined;
}
