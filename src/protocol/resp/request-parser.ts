/*
 * The incremental parser of what clients send: commands as RESP arrays of bulk strings, or as inline lines.
 *
 *   bytes in:    feed(chunk)
 *   outcomes:    next() -> command (then `args` holds it) | needMore | protocolError (then `error`) | httpRequest
 *
 *   between commands --"*n"--> header of argument i --"$len"--> body of argument i --> ... --> command
 *          \--line--> inline command
 *
 * Call `next` until it says needMore; then the chunk is used up. An error or an HTTP request is final: the stream has no
 * meaning from there on, and `next` goes on saying so. Outcomes do not depend on how the bytes were cut into chunks.
 *
 * Nothing is allocated but the argument strings; `args` is one array, overwritten by the next command. Memory is bounded
 * by the limits and by what was received, never by what was announced (invariant 14).
 *
 * Where we are stricter than Redis: an argument has to be followed by CRLF, a header line has to end in CRLF, and a line
 * over the limit is refused also when it arrives at once.
 */
import { type Bytes, type ByteString } from "../../shared/bytes.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { CommandNames } from "./command-names.ts";
import { headerNumber } from "./header-number.ts";
import { splitInline } from "./inline-arguments.ts";
import { type RequestLimits, UNAUTHENTICATED_ARGUMENTS_MAX, UNAUTHENTICATED_BULK_BYTES_MAX } from "./request-limits.ts";
import { CR, LF, TYPE_ARRAY, TYPE_BULK } from "./wire-bytes.ts";

export const RequestOutcome = { needMore: 0, command: 1, protocolError: 2, httpRequest: 3 } as const;
export type RequestOutcome = (typeof RequestOutcome)[keyof typeof RequestOutcome];

/** Inside the parser: a step was taken and the next one can be. */
const STEP_TAKEN = -1;
type Step = RequestOutcome | typeof STEP_TAKEN;

/** No header was read yet for the argument at hand. */
const NO_LENGTH = -1;
/** After a command of more bytes than this, `args` is emptied, so that idle connections hold little. */
const KEPT_REQUEST_BYTES_MAX = 1024;

const HTTP_VERSION = /^HTTP\/\d(?:\.\d)?$/;

export class RequestParser {
  /** The command of the last `command` outcome: `args[0]` is its name as sent. Valid until the next call of `next`. */
  readonly args: ByteString[] = [];
  /** Always `args.length` after a command. */
  argCount = 0;
  /** After protocolError: the reply for the client, without the leading "-" and without CRLF. */
  error: ByteString = "";
  /** While false, the small limits of unauthenticated clients hold. Takes effect with the next header that is read. */
  authenticated: boolean;

  readonly #limits: Readonly<RequestLimits>;
  readonly #names: CommandNames;
  readonly #reader = new ChunkReader();
  /** The final outcome; STEP_TAKEN as long as there is none. */
  #ended: Step = STEP_TAKEN;
  /** Arguments announced for the command at hand; 0 between commands. */
  #argsExpected = 0;
  #bulkLength = NO_LENGTH;
  /** Bytes of the command at hand up to the header that was last read, its body included. */
  #requestBytes = 0;

  /** `limits` is read at each check, so a change takes effect at once. `names` is best shared by a server's parsers. */
  constructor(limits: Readonly<RequestLimits>, authenticated: boolean, names: CommandNames = new CommandNames()) {
    this.#limits = limits;
    this.#names = names;
    this.authenticated = authenticated;
  }

  /** The next bytes; only after needMore. They may not change until `next` says needMore or `retain` was called. */
  feed(chunk: Bytes): void {
    if (this.#ended === STEP_TAKEN) this.#reader.feed(chunk);
  }

  /** To be called when `next` is not called to the end and the chunk's memory will be reused: copies what is unread. */
  retain(): void {
    this.#reader.retain();
  }

  /** Bytes that are kept for commands not yet handed out: what Redis calls the query buffer. */
  get pendingBytes(): number {
    const awaited = this.#bulkLength === NO_LENGTH ? 0 : this.#bulkLength + 2;
    const begun = this.#argsExpected > 0 ? this.#requestBytes - awaited : 0;
    return begun + this.#reader.heldBytes + this.#reader.unreadBytes;
  }

  next(): RequestOutcome {
    let step = this.#ended;
    while (step === STEP_TAKEN) step = this.#argsExpected > 0 ? this.#readArguments() : this.#beginRequest();
    if (step === RequestOutcome.needMore) {
      this.#reader.release();
      if (this.#argsExpected === 0) this.#dropLargeArguments();
    }
    return step;
  }

  #beginRequest(): Step {
    const reader = this.#reader;
    const first = reader.firstByte();
    if (first < 0) return RequestOutcome.needMore;
    this.argCount = 0;
    this.#dropLargeArguments();
    if (first !== TYPE_ARRAY) return this.#readInline();
    const start = reader.position;
    const count = reader.quickHeader();
    if (count < 0) return this.#readCountLine();
    return this.#expectArguments(count, reader.position - start);
  }

  #readCountLine(): Step {
    const lengthMax = this.#limits.maxInlineBytes;
    const line = this.#reader.readLine(lengthMax);
    if ((line?.length ?? this.#reader.heldBytes) > lengthMax) return this.#fail("too big mbulk count string");
    if (line === undefined) return RequestOutcome.needMore;
    const count = headerNumber(line);
    if (count === undefined) return this.#fail("invalid multibulk length");
    return this.#expectArguments(count, line.length + 1);
  }

  #expectArguments(count: number, headerBytes: number): Step {
    if (count > this.#limits.maxArguments) return this.#fail("invalid multibulk length");
    if (count > UNAUTHENTICATED_ARGUMENTS_MAX && !this.authenticated) {
      return this.#fail("unauthenticated multibulk length");
    }
    // "*0" and "*-1" are no commands, and as in Redis no errors either.
    this.#argsExpected = Math.max(count, 0);
    this.#requestBytes = headerBytes;
    return STEP_TAKEN;
  }

  #readArguments(): Step {
    while (this.argCount < this.#argsExpected) {
      if (this.#bulkLength === NO_LENGTH) {
        const step = this.#readBulkHeader();
        if (step !== STEP_TAKEN) return step;
      }
      const argument = this.#readArgument(this.#bulkLength);
      if (argument === undefined) {
        return this.#reader.unterminated ? this.#fail("bulk not followed by CRLF") : RequestOutcome.needMore;
      }
      this.args[this.argCount] = argument;
      this.argCount++;
      this.#bulkLength = NO_LENGTH;
    }
    this.#argsExpected = 0;
    return this.#finishCommand();
  }

  #readArgument(length: number): ByteString | undefined {
    const reader = this.#reader;
    if (this.argCount > 0 || reader.heldBytes > 0) return reader.readBody(length);
    const stop = reader.position + length;
    const whole = stop + 2 <= reader.end && reader.chunk[stop] === CR && reader.chunk[stop + 1] === LF;
    if (!whole) return reader.readBody(length);
    const name = this.#names.lookup(reader.chunk, reader.position, stop);
    reader.position = stop + 2;
    return name;
  }

  #readBulkHeader(): Step {
    const reader = this.#reader;
    const first = reader.firstByte();
    if (first < 0) return RequestOutcome.needMore;
    if (first !== TYPE_BULK) return this.#fail(`expected '$', got '${String.fromCharCode(first)}'`);
    const start = reader.position;
    const length = reader.quickHeader();
    if (length < 0) return this.#readLengthLine();
    return this.#expectBulk(length, reader.position - start);
  }

  #readLengthLine(): Step {
    const lengthMax = this.#limits.maxInlineBytes;
    const line = this.#reader.readLine(lengthMax);
    if ((line?.length ?? this.#reader.heldBytes) > lengthMax) return this.#fail("too big bulk count string");
    if (line === undefined) return RequestOutcome.needMore;
    const length = headerNumber(line);
    if (length === undefined || length < 0) return this.#fail("invalid bulk length");
    return this.#expectBulk(length, line.length + 1);
  }

  #expectBulk(length: number, headerBytes: number): Step {
    if (length > this.#limits.maxBulkBytes) return this.#fail("invalid bulk length");
    if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !this.authenticated) {
      return this.#fail("unauthenticated bulk length");
    }
    this.#requestBytes += headerBytes + length + 2;
    if (this.#requestBytes > this.#limits.maxRequestBytes) return this.#fail("too big request");
    this.#bulkLength = length;
    return STEP_TAKEN;
  }

  #readInline(): Step {
    const lengthMax = this.#limits.maxInlineBytes;
    const line = this.#reader.readLine(lengthMax);
    if ((line?.length ?? this.#reader.heldBytes) > lengthMax) return this.#fail("too big inline request");
    if (line === undefined) return RequestOutcome.needMore;
    const args = splitInline(line);
    if (args === undefined) return this.#fail("unbalanced quotes in request");
    if (args.length === 0) return STEP_TAKEN;
    if (looksLikeHttp(args)) return this.#end(RequestOutcome.httpRequest);
    for (const [i, argument] of args.entries()) this.args[i] = argument;
    this.argCount = args.length;
    this.#requestBytes = line.length + 1;
    return this.#finishCommand();
  }

  #finishCommand(): Step {
    while (this.args.length > this.argCount) this.args.pop();
    return RequestOutcome.command;
  }

  /** Lets go of what a large command left in `args`. */
  #dropLargeArguments(): void {
    if (this.#requestBytes <= KEPT_REQUEST_BYTES_MAX) return;
    this.args.length = 0;
    this.#requestBytes = 0;
  }

  #fail(what: ByteString): Step {
    this.error = `ERR Protocol error: ${what}`;
    return this.#end(RequestOutcome.protocolError);
  }

  #end(outcome: RequestOutcome): Step {
    this.#ended = outcome;
    this.args.length = 0;
    this.argCount = 0;
    this.#reader.discard();
    return outcome;
  }
}

/** A browser or script that was pointed at this port: its headers must never run as commands. */
function looksLikeHttp(args: readonly ByteString[]): boolean {
  const name = (args[0] as ByteString).toLowerCase();
  return name === "post" || name === "host:" || HTTP_VERSION.test(args.at(-1) as ByteString);
}
