/*
 * Keys and values as callers have them, text or bytes, and as they travel: byte strings. Text is UTF-8.
 */
import { InvalidArgumentError } from "./errors.ts";
import type { ByteString } from "../shared/bytes.ts";
import { byteStringOfUtf8 } from "../shared/bytes.ts";

/** Text goes as UTF-8. */
export type BytesLike = string | Uint8Array;

const ascii = /^[\0-\x7f]*$/;

export function toByteString(value: BytesLike, argument: string, bytesMax: number): ByteString {
  const bytes = encode(value, argument);
  if (bytes.length > bytesMax) {
    throw new InvalidArgumentError(argument, `${bytes.length} bytes, at most ${bytesMax} are allowed`);
  }
  return bytes;
}

function encode(value: BytesLike, argument: string): ByteString {
  // ASCII is its own byte string: no copy for nearly every key.
  if (typeof value === "string") return ascii.test(value) ? value : byteStringOfUtf8(value);
  if (!(value instanceof Uint8Array)) throw new InvalidArgumentError(argument, "neither a string nor a Uint8Array");
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
}

/** Bytes that are no UTF-8 become U+FFFD. */
export function textOf(bytes: ByteString): string {
  return ascii.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}

export function bytesOf(bytes: ByteString): Uint8Array {
  return Buffer.from(bytes, "latin1");
}
