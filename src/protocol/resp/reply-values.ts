/*
 * What a reply is to the client library. The everyday types are plain: bulk and simple strings are byte strings, numbers
 * and doubles are numbers (an integer beyond 2^53 and a big number are bigint), arrays are arrays. The rest says what it
 * is in `kind`. An error is a value like the others: it may stand inside an array, and it is the caller's to throw.
 */
import type { ByteString } from "../../shared/bytes.ts";

export type ReplyValue =
  | ByteString
  | number
  | bigint
  | boolean
  | null
  | ReplyValue[]
  | ReplyMap
  | ReplySet
  | ReplyVerbatim
  | ReplyError;

/** Pairs in the order sent. A RESP2 server sends an array instead. */
export interface ReplyMap {
  readonly kind: "map";
  readonly entries: [key: ReplyValue, value: ReplyValue][];
}

/** Members in the order sent, as sent: whether they differ is the server's affair. */
export interface ReplySet {
  readonly kind: "set";
  readonly members: ReplyValue[];
}

/** A text for people; `format` is three bytes, "txt" or "mkd". */
export interface ReplyVerbatim {
  readonly kind: "verbatim";
  readonly format: ByteString;
  readonly text: ByteString;
}

export interface ReplyError {
  readonly kind: "error";
  /** The first word: "ERR", "MOVED". */
  readonly code: ByteString;
  /** All of it, the code included, as the server worded it. */
  readonly message: ByteString;
}

export function replyError(message: ByteString): ReplyError {
  const blank = message.indexOf(" ");
  return { kind: "error", code: blank < 0 ? message : message.slice(0, blank), message };
}

/** The three bytes of the format, ":" and the text; undefined when the body is not of that shape. */
export function replyVerbatim(body: ByteString): ReplyVerbatim | undefined {
  return body[3] === ":" ? { kind: "verbatim", format: body.slice(0, 3), text: body.slice(4) } : undefined;
}

export function replyMap(keysAndValues: readonly ReplyValue[]): ReplyMap {
  const entries: [ReplyValue, ReplyValue][] = [];
  for (let i = 0; i < keysAndValues.length; i += 2) {
    entries.push([keysAndValues[i] as ReplyValue, keysAndValues[i + 1] as ReplyValue]);
  }
  return { kind: "map", entries };
}
