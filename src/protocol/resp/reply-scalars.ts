/*
 * The values that are one line: what stands between the type byte and CRLF, read strictly. undefined: malformed.
 */
import type { ByteString } from "../../shared/bytes.ts";

const INTEGER = /^[+-]?[0-9]{1,19}$/;
const BIG_NUMBER = /^[+-]?[0-9]+$/;
const DOUBLE = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$/;
const DOUBLE_WORDS: ReadonlyMap<ByteString, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
  ["-nan", Number.NaN],
]);

/** A number where it is exact, else a bigint. */
export function parseInteger(text: ByteString): number | bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = Number(text);
  // "-0" is zero: integers have no other.
  return Number.isSafeInteger(value) ? value + 0 : parseBigNumber(text);
}

export function parseBigNumber(text: ByteString): bigint | undefined {
  if (!BIG_NUMBER.test(text)) return undefined;
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}

export function parseDouble(text: ByteString): number | undefined {
  return DOUBLE.test(text) ? Number(text) : DOUBLE_WORDS.get(text);
}

export function parseBoolean(text: ByteString): boolean | undefined {
  if (text === "t") return true;
  return text === "f" ? false : undefined;
}
