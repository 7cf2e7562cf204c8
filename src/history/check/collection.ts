/*
 * A collected tombstone leaves a key that reads as never written. Where the header says that tombstones are collected, a
 * nil without a dot therefore stands for any tombstone that wins over everything the reader has to know (design, 3.8).
 */
import type { LoadedHistory, Write } from "./model.ts";
import { compareVersions } from "./versions.ts";

/** May a key that has `required` in the reader's past, or in the final state, read as never written? */
export function mayBeCollected(history: LoadedHistory, required: Write): boolean {
  if (history.header.collectsTombstones !== true) return false;
  const { key } = required;
  if (key.writes.some((write) => write.tombstone && compareVersions(write, required) >= 0)) return true;
  // A delete of unknown outcome that nobody saw may have won and been collected before anybody looked.
  return key.unknown.some((operation) => operation.kind === "delete" && operation.write === undefined);
}
