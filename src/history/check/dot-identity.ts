/*
 * Rule "duplicate-dot": no dot is handed out twice. Rule "dot-mismatch", the part that needs the whole history: no two
 * writes of one key share a version (else datacenters could disagree about the winner), and a write takes its dot from
 * the datacenter that it was made in.
 *
 * What two lines say about one dot is compared where it is loaded (write-index.ts).
 */
import type { KeyHistory, LoadedHistory, Operation, Write } from "./model.ts";
import { compareVersions } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { datacenterName, deed, deedOnly, keyName, writeName } from "./words.ts";

export function reportDuplicateDot(violations: ViolationList, write: Write, second: Operation): void {
  const first = write.operation;
  violations.report("duplicate-dot", () => ({
    message: `Two writes were given one dot: ${writeName(write)}.`,
    cycle: [
      `session ${first?.session.name} ${first === undefined ? "" : deedOnly(first)}, line ${first?.line}`,
      `session ${second.session.name} was given the same dot for another write, line ${second.line}`,
    ],
    lines: [first?.line ?? write.firstLine, second.line],
  }));
}

export function checkDotIdentity(history: LoadedHistory, violations: ViolationList): void {
  for (const key of history.keys.values()) checkVersionsDiffer(key, violations);
  for (const { operation, dotDatacenter } of history.writes) {
    if (operation === undefined || operation.datacenter === dotDatacenter) continue;
    violations.report("dot-mismatch", () => ({
      message: `A write took its dot from ${datacenterName(history.header, dotDatacenter)}, where it was not made.`,
      cycle: [deed(history, operation)],
      lines: [operation.line],
    }));
  }
}

function checkVersionsDiffer(key: KeyHistory, violations: ViolationList): void {
  const inOrder = key.writes.toSorted(compareVersions);
  for (let at = 1; at < inOrder.length; at += 1) {
    const [first, second] = [inOrder[at - 1]!, inOrder[at]!];
    if (compareVersions(first, second) !== 0) continue;
    violations.report("dot-mismatch", () => ({
      message: `Two writes of ${keyName(key)} share one version.`,
      cycle: [first, second].map((write) => `line ${write.firstLine} names ${writeName(write)}`),
      lines: [first.firstLine, second.firstLine],
    }));
  }
}
