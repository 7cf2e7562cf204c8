/*
 * Rule "stale-read": a read returns nothing older than what the reader's causal past holds of that key; a key with a
 * write in the past never reads as never written, unless what wins may have been collected; a tombstone is a write like any
 * other, and so is a value that has expired. (Invariants 1 and 5 from the outside.)
 *
 * A stale read that also breaks a guarantee of its session alone is reported under that guarantee's name
 * (session-guarantees.ts, fractured-read.ts): the story is shorter.
 */
import { hasReadAnotherPart } from "./fractured-read.ts";
import type { Access, LoadedHistory, Write } from "./model.ts";
import { guaranteeOfRead } from "./session-guarantees.ts";
import { causalStory } from "./story.ts";
import type { Rule, ViolationList } from "./violation.ts";
import { foundInWords, where, writeName } from "./words.ts";

/** `newest` is the greatest write of the key in the past of `read` that beats what it returned, and was not collected. */
export function reportStaleRead(history: LoadedHistory, violations: ViolationList, read: Access, newest: Write): void {
  violations.report(ruleOf(read, newest), () => {
    const by = where(history.header, read.operation);
    const message = `${by} read ${foundInWords(read)} although its past holds ${writeName(newest)}.`;
    return causalStory(history, { write: newest }, read, message);
  });
}

function ruleOf(read: Access, newest: Write): Rule {
  const guarantee = guaranteeOfRead(read, newest);
  if (guarantee !== undefined) return guarantee;
  return hasReadAnotherPart(read.operation, newest) ? "fractured-read" : "stale-read";
}
