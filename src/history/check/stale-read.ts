/*
 * Rule "stale-read": a read returns nothing older than what the reader's causal past holds of that key; a key with a
 * write in the past never reads as never written; a tombstone is a write like any other. (Invariants 1 and 5 from
 * the outside.)
 *
 * A stale read that also breaks a guarantee of its session alone is reported under that guarantee's name
 * (session-guarantees.ts): the story is shorter.
 */
import { mayBeCollected } from "./collection.ts";
import type { LoadedHistory, Operation, Write } from "./model.ts";
import { guaranteeOfRead } from "./session-guarantees.ts";
import { causalStory } from "./story.ts";
import type { ViolationList } from "./violation.ts";
import { keyName, where, writeName } from "./words.ts";

/** `newest` is the greatest write of the key in the past of `read` that beats what it returned, if there is one. */
export function checkRead(
  history: LoadedHistory,
  violations: ViolationList,
  read: Operation,
  newest: Write | undefined,
): void {
  if (newest === undefined) return;
  const got = read.write;
  if (got === undefined && mayBeCollected(history, newest)) return;
  violations.report(guaranteeOfRead(read, newest) ?? "stale-read", () => {
    const found = got === undefined ? `${keyName(newest.key)} as never written` : writeName(got);
    const message = `${where(history.header, read)} read ${found} although its past holds ${writeName(newest)}.`;
    return causalStory(history, { write: newest }, read, message);
  });
}
