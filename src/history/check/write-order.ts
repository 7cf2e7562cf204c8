/*
 * Version order agrees with causal order. On one key it must, or last-writer-wins would show an effect beaten by its
 * cause (rules "monotonic-writes" and "writes-follow-reads"). Across keys the protocol promises it too: a head's clock
 * passes the session's time floor before it issues a version, so a write's version exceeds everything its session has
 * seen (rule "version-order"; design, 3.2 and 3.4).
 */
import type { LoadedHistory, Operation, Write } from "./model.ts";
import { guaranteeOfWrite } from "./session-guarantees.ts";
import { causalStory } from "./story.ts";
import { compareVersions } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { writeName } from "./words.ts";

/** What of a past a write has to exceed. */
export interface WriteBounds {
  /** The greatest write of the same key in its past that beats it, if there is one. */
  readonly sameKey: Write | undefined;
  /** The greatest write of any key in its past. */
  readonly anyKey: Write | undefined;
}

export function checkWrite(
  history: LoadedHistory,
  violations: ViolationList,
  operation: Operation,
  write: Write,
  { sameKey, anyKey }: WriteBounds,
): void {
  if (sameKey !== undefined) {
    violations.report(guaranteeOfWrite(operation, sameKey), () => tooSmall(history, operation, write, sameKey));
  } else if (anyKey !== undefined && compareVersions(write, anyKey) <= 0) {
    violations.report("version-order", () => tooSmall(history, operation, write, anyKey));
  }
}

function tooSmall(
  history: LoadedHistory,
  operation: Operation,
  write: Write,
  cause: Write,
): ReturnType<typeof causalStory> {
  const message = `${writeName(write)} follows from ${writeName(cause)} and has no greater version.`;
  return causalStory(history, { write: cause }, operation, message);
}
