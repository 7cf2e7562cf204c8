/*
 * The arguments of MSET and MSETNX: keys with their values. Of a key that is named twice the last value counts.
 */
import type { Condition, WriteRequest } from "../../protocol/messages/forward.ts";
import { effectAssign } from "../../protocol/version.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { wrongArity } from "./command.ts";
import type { KeyPositions } from "./command.ts";
import { sizeProblem, transactionProblem } from "./size-limits.ts";

export const everySecondKey: KeyPositions = { first: 1, last: -1, step: 2 };

export type KeyValuePairs = ReadonlyMap<ByteString, ByteString>;

/** A text is the error to answer. */
export function pairsOf(args: readonly ByteString[], command: ByteString): KeyValuePairs | ByteString {
  if (args.length % 2 === 0) return wrongArity(command);
  const pairs = new Map<ByteString, ByteString>();
  for (let i = 1; i < args.length; i += 2) {
    const key = args[i] as ByteString;
    const value = args[i + 1] as ByteString;
    const problem = sizeProblem(key, value);
    if (problem !== undefined) return problem;
    pairs.set(key, value);
  }
  let bytes = 0;
  for (const [key, value] of pairs) bytes += key.length + value.length;
  return transactionProblem(pairs.size, bytes) ?? pairs;
}

export function writesOf(pairs: KeyValuePairs, condition: Condition): WriteRequest[] {
  const writes: WriteRequest[] = [];
  for (const [key, value] of pairs) {
    writes.push({ effect: effectAssign, key, value, expiry: 0, condition, wantOld: false, request: undefined });
  }
  return writes;
}
