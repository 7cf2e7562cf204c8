/*
 * The incremental parser of what a server sends, RESP2 and RESP3, for the client library.
 *
 *   bytes in:   feed(chunk)
 *   outcomes:   next() -> reply | push (then `value` holds it) | needMore | protocolError (then `error`)
 *
 * Call `next` until it says needMore; then the chunk is used up. Push messages may stand between any two replies; they
 * answer no command and come as an outcome of their own. Attributes are read and dropped. An error is final.
 *
 * A server is believed no more than a client: depth, elements, and the bytes of a reply are limited, counted as announced
 * and before anything is kept for them (invariant 14). The aggregates that are open are a stack here, not one of function
 * calls, so a reply may be cut anywhere.
 *
 * Left out on purpose: RESP3's streamed strings and aggregates ("$?", "*?"), which no server sends: a protocol error.
 */
import type { Bytes, ByteString } from "../../shared/bytes.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { parseBigNumber, parseBoolean, parseDouble, parseInteger } from "./reply-scalars.ts";
import { type ReplyValue, replyError, replyMap, replyVerbatim } from "./reply-values.ts";
import {
  TYPE_ARRAY,
  TYPE_ATTRIBUTE,
  TYPE_BIG_NUMBER,
  TYPE_BOOLEAN,
  TYPE_BULK,
  TYPE_BULK_ERROR,
  TYPE_DOUBLE,
  TYPE_ERROR,
  TYPE_INTEGER,
  TYPE_MAP,
  TYPE_NULL,
  TYPE_PUSH,
  TYPE_SET,
  TYPE_SIMPLE_STRING,
  TYPE_VERBATIM,
} from "./wire-bytes.ts";

export const ReplyOutcome = { needMore: 0, reply: 1, push: 2, protocolError: 3 } as const;
export type ReplyOutcome = (typeof ReplyOutcome)[keyof typeof ReplyOutcome];

/** What a server may send in one reply; beyond it the outcome is protocolError. */
export interface ReplyLimits {
  /** The longest bulk string. */
  readonly maxBulkBytes: number;
  /** The longest line: simple strings, errors, numbers. */
  readonly maxLineBytes: number;
  /** How deep aggregates may stand in one another. */
  readonly maxDepth: number;
  /** Elements of all aggregates of one reply together; a pair counts as two. */
  readonly maxElements: number;
  /** All of one reply on the wire. */
  readonly maxReplyBytes: number;
}

export const DEFAULT_REPLY_LIMITS: ReplyLimits = {
  // Just below Redis's 512 MiB: V8's strings end at 2^29 - 24 characters.
  maxBulkBytes: 512 * 1024 * 1024 - 1024,
  maxLineBytes: 64 * 1024,
  maxDepth: 32,
  maxElements: 16 * 1024 * 1024,
  maxReplyBytes: 1024 * 1024 * 1024,
};

/** Inside the parser: a step was taken and the next one can be. */
const STEP_TAKEN = -1;
type Step = ReplyOutcome | typeof STEP_TAKEN;

/** No body is being read. */
const NO_LENGTH = -1;

interface OpenAggregate {
  readonly type: number;
  readonly elements: number;
  readonly items: ReplyValue[];
}

export class ReplyParser {
  /** The reply or push message of the last outcome. A push message is an array. */
  value: ReplyValue = null;
  /** After protocolError: what was wrong, for people. */
  error = "";

  readonly #limits: ReplyLimits;
  readonly #reader = new ChunkReader();
  readonly #open: OpenAggregate[] = [];
  /** The final outcome; STEP_TAKEN as long as there is none. */
  #ended: Step = STEP_TAKEN;
  #bodyType = 0;
  #bodyLength = NO_LENGTH;
  /** Of the reply at hand: what was announced so far. */
  #replyBytes = 0;
  #elements = 0;

  constructor(limits: ReplyLimits = DEFAULT_REPLY_LIMITS) {
    this.#limits = limits;
  }

  /** The next bytes; only after needMore. They may not change until `next` says needMore. */
  feed(chunk: Bytes): void {
    if (this.#ended === STEP_TAKEN) this.#reader.feed(chunk);
  }

  next(): ReplyOutcome {
    let step = this.#ended;
    while (step === STEP_TAKEN) step = this.#bodyLength === NO_LENGTH ? this.#readHeader() : this.#readBody();
    if (step === ReplyOutcome.needMore) this.#reader.release();
    return step;
  }

  #readHeader(): Step {
    const reader = this.#reader;
    const type = reader.firstByte();
    if (type < 0) return ReplyOutcome.needMore;
    if (isNumbered(type)) {
      const start = reader.position;
      const value = reader.quickHeader();
      if (value >= 0) return this.#countBytes(reader.position - start) ?? this.#takeNumbered(type, value);
    }
    const line = reader.readLine(this.#limits.maxLineBytes);
    if ((line?.length ?? reader.heldBytes) > this.#limits.maxLineBytes) return this.#fail("line too long");
    if (line === undefined) return ReplyOutcome.needMore;
    if (!line.endsWith("\r")) return this.#fail("line not ended by CRLF");
    return this.#countBytes(line.length + 1) ?? this.#takeLine(type, line.slice(1, -1));
  }

  #takeLine(type: number, text: ByteString): Step {
    switch (type) {
      case TYPE_SIMPLE_STRING:
        return this.#complete(text);
      case TYPE_ERROR:
        return this.#complete(replyError(text));
      case TYPE_INTEGER:
        return this.#completeOrFail(parseInteger(text), "integer");
      case TYPE_DOUBLE:
        return this.#completeOrFail(parseDouble(text), "double");
      case TYPE_BOOLEAN:
        return this.#completeOrFail(parseBoolean(text), "boolean");
      case TYPE_BIG_NUMBER:
        return this.#completeOrFail(parseBigNumber(text), "big number");
      case TYPE_NULL:
        return text === "" ? this.#complete(null) : this.#fail("malformed null");
      default:
        return this.#takeLengthLine(type, text);
    }
  }

  #takeLengthLine(type: number, text: ByteString): Step {
    if (!isNumbered(type)) return this.#fail(`unknown type byte ${type}`);
    if (text === "-1" && (type === TYPE_BULK || type === TYPE_ARRAY)) return this.#complete(null);
    const length = parseInteger(text);
    if (typeof length !== "number" || length < 0) return this.#fail("malformed length");
    return this.#takeNumbered(type, length);
  }

  /** A header whose line is a whole number from 0. */
  #takeNumbered(type: number, value: number): Step {
    switch (type) {
      case TYPE_INTEGER:
        return this.#complete(value);
      case TYPE_BULK:
      case TYPE_VERBATIM:
      case TYPE_BULK_ERROR:
        return this.#expectBody(type, value);
      default:
        return this.#openAggregate(type, value);
    }
  }

  #expectBody(type: number, length: number): Step {
    if (length > this.#limits.maxBulkBytes) return this.#fail("bulk too long");
    this.#bodyType = type;
    this.#bodyLength = length;
    return this.#countBytes(length + 2) ?? STEP_TAKEN;
  }

  #readBody(): Step {
    const body = this.#reader.readBody(this.#bodyLength);
    if (body === undefined) {
      return this.#reader.unterminated ? this.#fail("bulk not followed by CRLF") : ReplyOutcome.needMore;
    }
    this.#bodyLength = NO_LENGTH;
    if (this.#bodyType === TYPE_BULK) return this.#complete(body);
    if (this.#bodyType === TYPE_BULK_ERROR) return this.#complete(replyError(body));
    return this.#completeOrFail(replyVerbatim(body), "verbatim string");
  }

  #openAggregate(type: number, length: number): Step {
    const elements = type === TYPE_MAP || type === TYPE_ATTRIBUTE ? 2 * length : length;
    this.#elements += elements;
    if (this.#elements > this.#limits.maxElements) return this.#fail("too many elements");
    if (this.#open.length >= this.#limits.maxDepth) return this.#fail("nested too deep");
    if (type === TYPE_PUSH && this.#open.length > 0) return this.#fail("push message inside a reply");
    const aggregate: OpenAggregate = { type, elements, items: [] };
    if (elements === 0) return this.#close(aggregate);
    this.#open.push(aggregate);
    return STEP_TAKEN;
  }

  /** A value is there whole: it goes into the innermost open aggregate, or is the reply. */
  #complete(value: ReplyValue): Step {
    const innermost = this.#open.at(-1);
    if (innermost === undefined) return this.#deliver(value, ReplyOutcome.reply);
    innermost.items.push(value);
    if (innermost.items.length < innermost.elements) return STEP_TAKEN;
    this.#open.pop();
    return this.#close(innermost);
  }

  #close(aggregate: OpenAggregate): Step {
    switch (aggregate.type) {
      case TYPE_ATTRIBUTE:
        return STEP_TAKEN;
      case TYPE_PUSH:
        return this.#deliver(aggregate.items, ReplyOutcome.push);
      case TYPE_MAP:
        return this.#complete(replyMap(aggregate.items));
      case TYPE_SET:
        return this.#complete({ kind: "set", members: aggregate.items });
      default:
        return this.#complete(aggregate.items);
    }
  }

  #completeOrFail(value: ReplyValue | undefined, what: string): Step {
    return value === undefined ? this.#fail(`malformed ${what}`) : this.#complete(value);
  }

  #deliver(value: ReplyValue, outcome: ReplyOutcome): Step {
    this.value = value;
    this.#replyBytes = 0;
    this.#elements = 0;
    return outcome;
  }

  /** Counts towards the reply's size; the failure if it is too much. */
  #countBytes(bytes: number): Step | undefined {
    this.#replyBytes += bytes;
    return this.#replyBytes > this.#limits.maxReplyBytes ? this.#fail("reply too long") : undefined;
  }

  #fail(what: string): Step {
    this.error = `malformed reply: ${what}`;
    this.#ended = ReplyOutcome.protocolError;
    this.#open.length = 0;
    this.value = null;
    this.#reader.discard();
    return this.#ended;
  }
}

/** Types whose header carries a length or count, and integers. */
function isNumbered(type: number): boolean {
  switch (type) {
    case TYPE_BULK:
    case TYPE_INTEGER:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_SET:
    case TYPE_PUSH:
    case TYPE_ATTRIBUTE:
    case TYPE_VERBATIM:
    case TYPE_BULK_ERROR:
      return true;
    default:
      return false;
  }
}
