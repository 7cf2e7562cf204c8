/*
 * Version order agrees with causal order. On one key it must, or last-writer-wins would show an effect beaten by its
 * cause (rules "monotonic-writes" and "writes-follow-reads"). Across keys the protocol promises it too: a head's clock
 * passes the session's time floor before it issues a version, so a write's version exceeds everything its session has
 * seen (rule "version-order"; design, 3.2 and 3.4). A touch is judged across keys by what was issued for it, not by the
 * version that it is on.
 */
import type { Access, LoadedHistory, Write } from "./model.ts";
import { guaranteeOfWrite } from "./session-guarantees.ts";
import { causalStory } from "./story.ts";
import { compareIssued } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { writeName } from "./words.ts";

type MadeAccess = Access & { readonly write: Write };

/** `newest`: the greatest write of the key in the past of this one, which beats it. */
export function checkWrittenKey(
  history: LoadedHistory,
  violations: ViolationList,
  access: MadeAccess,
  newest: Write,
): void {
  const rule = guaranteeOfWrite(access.operation, newest);
  violations.report(rule, () => tooSmall(history, access, newest));
}

/** `newest`: what was issued with the greatest version of all in the past of this write. */
export function checkWrite(
  history: LoadedHistory,
  violations: ViolationList,
  access: MadeAccess,
  newest: Write | undefined,
): void {
  if (newest === undefined || compareIssued(access.write, newest) > 0) return;
  violations.report("version-order", () => tooSmall(history, access, newest));
}

function tooSmall(history: LoadedHistory, access: MadeAccess, cause: Write): ReturnType<typeof causalStory> {
  const message = `${writeName(access.write)} follows from ${writeName(cause)} and has no greater version.`;
  return causalStory(history, { write: cause }, access, message, "with its own reads");
}
