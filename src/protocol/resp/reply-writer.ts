/*
 * Writes replies in the protocol that the connection speaks: RESP2, or RESP3 after HELLO 3. Commands say what they mean
 * (a map, a double, null); what RESP2 cannot say is written as Redis does for RESP2 clients: maps and sets as flat arrays,
 * booleans as 1 and 0, doubles, big numbers and verbatim strings as bulk strings.
 *
 * An aggregate is its header and then exactly as many replies as the header says; nothing here counts them.
 *
 * Texts that are ByteString are bytes as they are; `bulkUtf8` encodes. Left out on purpose: RESP3's bulk errors and
 * streamed values, which no Redis server sends.
 */
import { invariant } from "../../shared/assert.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { OutputBuffer } from "./output-buffer.ts";
import {
  TYPE_ARRAY,
  TYPE_ATTRIBUTE,
  TYPE_BIG_NUMBER,
  TYPE_BULK,
  TYPE_DOUBLE,
  TYPE_ERROR,
  TYPE_INTEGER,
  TYPE_MAP,
  TYPE_PUSH,
  TYPE_SET,
  TYPE_SIMPLE_STRING,
  TYPE_VERBATIM,
} from "./wire-bytes.ts";
import { utf8Length } from "./utf8-length.ts";

export type RespVersion = 2 | 3;

export class ReplyWriter extends OutputBuffer {
  /** What the client asked for with HELLO. Changes how the next reply is written. */
  version: RespVersion = 2;

  ok(): void {
    this.rawString("+OK\r\n");
  }

  /** A status. CR and LF in it become blanks. */
  simple(text: ByteString): void {
    this.line(TYPE_SIMPLE_STRING, text);
  }

  /** An error; its first word is its code ("ERR", "WRONGTYPE"). CR and LF in it become blanks. */
  error(text: ByteString): void {
    this.line(TYPE_ERROR, text);
  }

  /** A safe integer. */
  integer(value: number): void {
    invariant(Number.isSafeInteger(value), "an integer reply is a safe integer");
    this.header(TYPE_INTEGER, value);
  }

  double(value: number): void {
    const text = doubleText(value);
    if (this.version === 3) this.line(TYPE_DOUBLE, text);
    else this.bulk(text);
  }

  boolean(value: boolean): void {
    if (this.version === 3) this.rawString(value ? "#t\r\n" : "#f\r\n");
    else this.rawString(value ? ":1\r\n" : ":0\r\n");
  }

  /** No value. */
  null(): void {
    this.rawString(this.version === 3 ? "_\r\n" : "$-1\r\n");
  }

  /** No array: what a command answers that otherwise answers an array. */
  nullArray(): void {
    this.rawString(this.version === 3 ? "_\r\n" : "*-1\r\n");
  }

  /** A bulk string, or null for undefined: the answer of a read. */
  bulkOrNull(value: ByteString | undefined): void {
    if (value === undefined) this.null();
    else this.bulk(value);
  }

  /** A text as a bulk string in UTF-8. */
  bulkUtf8(text: string): void {
    const length = utf8Length(text);
    this.header(TYPE_BULK, length);
    this.utf8Body(text, length);
  }

  /** A text for people, in UTF-8, with a format of three characters: "txt" or "mkd". */
  verbatim(format: "txt" | "mkd", text: string): void {
    if (this.version === 2) {
      this.bulkUtf8(text);
      return;
    }
    const length = utf8Length(text);
    this.header(TYPE_VERBATIM, length + format.length + 1);
    this.rawString(format);
    this.rawString(":");
    this.utf8Body(text, length);
  }

  bigNumber(value: bigint): void {
    if (this.version === 3) this.line(TYPE_BIG_NUMBER, String(value));
    else this.bulk(String(value));
  }

  /** `length` replies follow. */
  arrayHeader(length: number): void {
    this.header(TYPE_ARRAY, length);
  }

  /** `pairs` times a key and a value follow. */
  mapHeader(pairs: number): void {
    if (this.version === 3) this.header(TYPE_MAP, pairs);
    else this.header(TYPE_ARRAY, 2 * pairs);
  }

  setHeader(length: number): void {
    this.header(this.version === 3 ? TYPE_SET : TYPE_ARRAY, length);
  }

  /** An out-of-band message of `length` elements, the first of which names its kind; not inside another reply. */
  pushHeader(length: number): void {
    this.header(this.version === 3 ? TYPE_PUSH : TYPE_ARRAY, length);
  }

  /**
   * Facts about the reply that comes next: `pairs` times a key and a value, then the reply itself. False in RESP2, which
   * has no attributes: nothing was written, and the pairs must not be written either.
   */
  attributeHeader(pairs: number): boolean {
    if (this.version === 2) return false;
    this.header(TYPE_ATTRIBUTE, pairs);
    return true;
  }
}

/** The shortest decimal that reads back as the same double, in the spelling of RESP3. */
function doubleText(value: number): ByteString {
  if (Number.isNaN(value)) return "nan";
  if (value === Number.POSITIVE_INFINITY) return "inf";
  if (value === Number.NEGATIVE_INFINITY) return "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
