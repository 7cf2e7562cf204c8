/*
 * Keys and values that are too large (shared/limits.ts) are refused by an error of their own; the connection lives on. Only
 * what is beyond the parser's limits closes it.
 */
import { keyBytesMax, valueBytesMax } from "../../shared/limits.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { KeyPositions } from "./command.ts";

export const keyTooLarge = `ERR key exceeds maximum allowed size (${keyBytesMax} bytes)`;
const valueTooLarge = `ERR string exceeds maximum allowed size (${valueBytesMax} bytes)`;

export function isKeyTooLarge(key: ByteString): boolean {
  return key.length > keyBytesMax;
}

/** The error for a command's keys and value; undefined when they fit. */
export function sizeProblem(key: ByteString, value: ByteString): ByteString | undefined {
  if (key.length > keyBytesMax) return keyTooLarge;
  return value.length > valueBytesMax ? valueTooLarge : undefined;
}

/** Whether one of the keys among the arguments is too large. */
export function isSomeKeyTooLarge(args: readonly ByteString[], { first, step }: KeyPositions): boolean {
  for (let i = first; i < args.length; i += step) if (isKeyTooLarge(args[i] as ByteString)) return true;
  return false;
}
