/*
 * Keys and values that are too large (shared/limits.ts) are refused by an error of their own; the connection lives on. Only
 * what is beyond the parser's limits closes it. A command over many keys is one transaction, which has bounds of its own.
 */
import { keyBytesMax, transactionBytesMax, transactionKeysMax, valueBytesMax } from "../../shared/limits.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { KeyPositions } from "./command.ts";

export const keyTooLarge = `ERR key exceeds maximum allowed size (${keyBytesMax} bytes)`;
export const tooManyKeys = `ERR too many keys: a transaction has at most ${transactionKeysMax}`;
const transactionTooLarge = `ERR transaction exceeds maximum allowed size (${transactionBytesMax} bytes of keys and values)`;
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
function isSomeKeyTooLarge(args: readonly ByteString[], { first, step }: KeyPositions): boolean {
  for (let i = first; i < args.length; i += step) if (isKeyTooLarge(args[i] as ByteString)) return true;
  return false;
}

/** The error for the keys of a command that is one transaction; undefined when they fit. */
export function keysProblem(args: readonly ByteString[], positions: KeyPositions): ByteString | undefined {
  if (isSomeKeyTooLarge(args, positions)) return keyTooLarge;
  return (args.length - positions.first) / positions.step > transactionKeysMax ? tooManyKeys : undefined;
}

/** The error for the writes of a transaction; undefined when they fit. One write alone is none. */
export function transactionProblem(count: number, bytes: number): ByteString | undefined {
  if (count > transactionKeysMax) return tooManyKeys;
  return count > 1 && bytes > transactionBytesMax ? transactionTooLarge : undefined;
}
