/*
 * A collected tombstone or expired value leaves a key that reads as never written. So a nil without a dot may stand for any
 * write that leaves nothing (a delete) or nothing for long (its value expires), if that write wins over everything the
 * reader has to know (design, 3.8). A lasting value never goes, so a nil in its place is a violation.
 *
 * The write that it stands for need not be in the reader's past, but it must have begun before the reader was answered.
 */
import type { Access, CollectibleWrites, KeyHistory, LoadedHistory, Operation, Write } from "./model.ts";
import { compareVersions } from "./versions.ts";

/**
 * May a key that has `required` in the reader's past, or in the final state, read as never written? `reader`: who saw
 * that; undefined for a final state.
 */
export function mayBeCollected(history: LoadedHistory, required: Write, reader: Operation | undefined): boolean {
  const { collectsTombstones, formatVersion } = history.header;
  if (!(collectsTombstones ?? formatVersion > 1)) return false;
  const { key } = required;
  const { writes, earliestStart, unseenStart } = (key.collectible ??= collectibleOf(history, key));
  // Finite, so that what never began is not before it.
  const end = reader === undefined ? Number.MAX_VALUE : reader.end;
  if (unseenStart <= end) return true;
  const at = firstFrom(writes, required);
  return at < writes.length && earliestStart[at]! <= end;
}

/** A read of a key as never written that may be right although the reader's past holds `newest`. */
export function isExcused(history: LoadedHistory, { write, operation }: Access, newest: Write): boolean {
  return write === undefined && mayBeCollected(history, newest, operation);
}

export function isCollectible(write: Write): boolean {
  return write.tombstone || write.expires || write.expiredLine > 0;
}

function collectibleOf(history: LoadedHistory, key: KeyHistory): CollectibleWrites {
  const writes = key.writes.filter(isCollectible).toSorted(compareVersions);
  const earliestStart: number[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  for (let at = writes.length - 1; at >= 0; at -= 1) {
    earliest = Math.min(earliest, startOf(history, writes[at]!.operation));
    earliestStart[at] = earliest;
  }
  let unseenStart = Number.POSITIVE_INFINITY;
  for (const access of key.unknown) {
    if (access.write !== undefined || !leavesNothing(access)) continue;
    unseenStart = Math.min(unseenStart, startOf(history, access.operation));
  }
  return { writes, earliestStart, unseenStart };
}

function leavesNothing(access: Access): boolean {
  return access.kind === "delete" || access.expires;
}

/** Where clocks differ, or nobody knows who wrote it, nothing is ruled out. */
function startOf(history: LoadedHistory, operation: Operation | undefined): number {
  return operation === undefined || history.header.clock !== "one" ? Number.NEGATIVE_INFINITY : operation.start;
}

/** The place of the first that is not below `required`. */
function firstFrom(writes: readonly Write[], required: Write): number {
  let low = 0;
  let high = writes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareVersions(writes[middle]!, required) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
