/*
 * The four session guarantees (Terry et al., 1994), as names for causal violations that one session's own steps explain:
 *
 * - read-your-writes: the session wrote something newer itself;
 * - monotonic-reads: an earlier read of the session saw something newer;
 * - monotonic-writes: a write got a smaller version than an earlier write of the key by the same session;
 * - writes-follow-reads: a write got a smaller version than a write of the key that its session had seen.
 *
 * Causal consistency implies all four, so no violation is found here that the replay has not found; this only says which
 * of them it is.
 */
import { accessesOf, isReading } from "./model.ts";
import type { Access, Operation, Write } from "./model.ts";
import { compareVersions } from "./versions.ts";
import type { Rule } from "./violation.ts";

/** A stale read is named after the session's own reads only if they are at most this far back. */
const operationsBackMax = 10_000;

/** `newest` is in the past of `read` and beats what it returned. */
export function guaranteeOfRead(read: Access, newest: Write): Rule | undefined {
  if (isOwnWrite(read.operation, newest)) return "read-your-writes";
  return hasReadNewer(read) ? "monotonic-reads" : undefined;
}

/** `newest` is a write of the same key in the past of `write`, and has the greater version. */
export function guaranteeOfWrite(write: Operation, newest: Write): Rule {
  return isOwnWrite(write, newest) ? "monotonic-writes" : "writes-follow-reads";
}

function isOwnWrite(operation: Operation, write: Write): boolean {
  return write.fate === "acknowledged" && write.operation?.session === operation.session;
}

function hasReadNewer({ operation, key, write }: Access): boolean {
  const { operations } = operation.session;
  for (let at = operation.position - 1; at >= Math.max(0, operation.position - operationsBackMax); at -= 1) {
    const earlier = operations[at]!;
    if (!isReading(earlier)) continue;
    for (const access of accessesOf(earlier)) {
      if (access.key !== key || access.write === undefined) continue;
      if (write === undefined || compareVersions(access.write, write) > 0) return true;
    }
  }
  return false;
}
