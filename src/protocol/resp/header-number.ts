/*
 * The numbers in RESP header lines, as strict as Redis's string2ll: an optional minus, no plus, no leading zero, no "-0",
 * nothing around the digits. Strictness is what keeps two readers of one stream from disagreeing about where a value ends.
 */
import type { ByteString } from "../../shared/bytes.ts";

const STRICT_INTEGER = /^(?:0|-?[1-9][0-9]{0,15})$/;

/**
 * The number in `line` (a type byte, the number, CR) as a safe integer; undefined when it is none. More than 16 digits
 * are beyond any limit that we have, so they are refused with the rest.
 */
export function headerNumber(line: ByteString): number | undefined {
  if (!line.endsWith("\r")) return undefined;
  const text = line.slice(1, -1);
  if (!STRICT_INTEGER.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
