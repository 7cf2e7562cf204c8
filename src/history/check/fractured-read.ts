/*
 * Rule "fractured-read": a transaction is seen whole or not at all (invariant 9). Who has seen one of its parts, in the same
 * snapshot or by an earlier read of the session, sees no less of the keys of the others.
 *
 * The replay finds every such read, since a transaction is one write in everybody's past; this only tells it from a stale
 * read that came about in another way.
 */
import { accessesOf, isReading } from "./model.ts";
import type { KeyHistory, Operation, Write } from "./model.ts";

/** A stale read is named after the session's own reads only if they are at most this far back. */
const operationsBackMax = 10_000;

/** The part on `key` of the transaction that `write` is a part of. */
export function partOfSameTransaction(write: Write, key: KeyHistory): Write | undefined {
  return write.key === key ? undefined : write.group?.parts.get(key);
}

/** The session has read another part of the transaction that made `missing`. */
export function hasReadAnotherPart(read: Operation, { group }: Write): boolean {
  if (group === undefined) return false;
  const { operations } = read.session;
  for (let at = read.position - 1; at >= Math.max(0, read.position - operationsBackMax); at -= 1) {
    const earlier = operations[at]!;
    if (!isReading(earlier)) continue;
    if (accessesOf(earlier).some(({ write }) => write?.group === group)) return true;
  }
  return false;
}
