/*
 * Rule "snapshot-cut": a snapshot is a causal cut. What one of its entries follows from is in the snapshot too: no entry is
 * older than what the causal past of another entry holds of its key (invariant 9).
 * Where the other entry is a part of the same transaction as what is missing, it is a "fractured-read".
 *
 * What the session had seen before it read the snapshot is judged as for any read (stale-read.ts).
 */
import { isExcused } from "./collection.ts";
import { partOfSameTransaction } from "./fractured-read.ts";
import type { Access, LoadedHistory, Write } from "./model.ts";
import { causalStory } from "./story.ts";
import { compareVersions, newerOf } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { foundInWords, where, writeName } from "./words.ts";

/**
 * The past of all entries together holds something newer than what `entry` shows, and the session's own does not.
 * `newestFor`: the greatest write in the past of another entry's write that beats what this one shows, if there is one.
 */
export function checkSnapshotEntry(
  history: LoadedHistory,
  violations: ViolationList,
  entry: Access,
  newestFor: (other: Write) => Write | undefined,
): void {
  const { operation, key } = entry;
  let newest: Write | undefined;
  let part: Write | undefined;
  for (const { write } of operation.parts) {
    if (write === undefined || write === entry.write) continue;
    newest = newerOf(newest, newestFor(write));
    const sibling = partOfSameTransaction(write, key);
    if (sibling !== undefined && beats(sibling, entry.write)) part = newerOf(part, sibling);
  }
  const missing = part ?? newest;
  if (newest === undefined || missing === undefined) return;
  if (isExcused(history, entry, newest)) return;
  violations.report(part === undefined ? "snapshot-cut" : "fractured-read", () => {
    const why = part === undefined ? "what else it shows follows from" : "another part of the same transaction is with";
    const message = `${where(history.header, operation)} read ${foundInWords(entry)} in a snapshot, where ${why} ${writeName(missing)}.`;
    return causalStory(history, { write: missing }, entry, message, "with its own reads");
  });
}

function beats(write: Write, seen: Write | undefined): boolean {
  return seen === undefined || compareVersions(write, seen) > 0;
}
