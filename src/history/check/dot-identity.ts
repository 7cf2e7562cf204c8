/*
 * Rule "duplicate-dot": no dot is handed out twice. Rule "dot-mismatch", the part that needs the whole history: only the
 * parts of one transaction have a dot on several keys; a key lies in one partition (a transaction's dot comes from its
 * coordinator's, which may be another); no two writes of one key share a version (else datacenters could disagree about the
 * winner); a write takes its dot from the datacenter that it was made in; and what was written to last never expires.
 *
 * What two lines say about one dot of one key is compared where it is loaded (write-index.ts).
 */
import type { KeyHistory, LoadedHistory, Operation, Write } from "./model.ts";
import { compareVersions } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { datacenterName, deed, deedOnly, keyName, writeName } from "./words.ts";

export function reportDuplicateDot(
  violations: ViolationList,
  write: Write,
  first: Operation | undefined,
  second: Operation,
): void {
  violations.report("duplicate-dot", () => ({
    message: `Two writes were given one dot: ${writeName(write)}.`,
    cycle: [
      `session ${first?.session.name} ${first === undefined ? "" : deedOnly(first)}, line ${first?.line}`,
      `session ${second.session.name} was given the same dot for another write, line ${second.line}`,
    ],
    lines: [first?.line ?? write.firstLine, second.line],
  }));
}

/** A dot that an operation claims, seen on a key that the operation did not write: that key's write is nobody's. */
export function checkDotsOnOneWrite(history: LoadedHistory, violations: ViolationList): void {
  for (const write of history.writes) {
    const { group } = write;
    if (group?.operation === undefined || write.operation !== undefined) continue;
    group.parts.delete(write.key);
    write.group = undefined;
    write.fate = "thinAir";
    const [claimed] = group.parts.values();
    if (claimed === undefined) continue;
    reportPair(violations, `The dot of ${writeName(claimed)} names two writes.`, claimed, write);
  }
}

/** When the fates of writes are settled. */
export function checkDotIdentity(history: LoadedHistory, violations: ViolationList): void {
  for (const key of history.keys.values()) {
    checkVersionsDiffer(key, violations);
    checkOnePartition(key, violations);
  }
  for (const write of history.writes) checkMadeHere(history, violations, write);
}

function checkMadeHere(history: LoadedHistory, violations: ViolationList, write: Write): void {
  const { operation, dotDatacenter, expires, expiredLine, group } = write;
  if (operation === undefined) return;
  const isFirst = group === undefined || group.parts.values().next().value === write;
  if (operation.datacenter !== dotDatacenter && isFirst) {
    violations.report("dot-mismatch", () => ({
      message: `A write took its dot from ${datacenterName(history.header, dotDatacenter)}, where it was not made.`,
      cycle: [deed(history, operation)],
      lines: [operation.line],
    }));
  }
  if (expiredLine > 0 && !expires) {
    violations.report("dot-mismatch", () => ({
      message: `What was written to last was seen as expired: ${writeName(write)}.`,
      cycle: [deed(history, operation), `line ${expiredLine} saw it expired`],
      lines: [operation.line, expiredLine],
    }));
  }
}

function checkOnePartition(key: KeyHistory, violations: ViolationList): void {
  let first: Write | undefined;
  for (const write of key.writes) {
    if (write.operation === undefined || write.operation.kind === "transaction") continue;
    first ??= write;
    if (first.dotPartition === write.dotPartition) continue;
    reportPair(violations, `The key ${keyName(key)} lies in two partitions.`, first, write);
  }
}

function checkVersionsDiffer(key: KeyHistory, violations: ViolationList): void {
  const inOrder = key.writes.toSorted(compareVersions);
  for (let at = 1; at < inOrder.length; at += 1) {
    const [first, second] = [inOrder[at - 1]!, inOrder[at]!];
    if (compareVersions(first, second) !== 0) continue;
    reportPair(violations, `Two writes of ${keyName(key)} share one version.`, first, second);
  }
}

function reportPair(violations: ViolationList, message: string, first: Write, second: Write): void {
  violations.report("dot-mismatch", () => ({
    message,
    cycle: [first, second].map((write) => `line ${write.firstLine} names ${writeName(write)}`),
    lines: [first.firstLine, second.firstLine],
  }));
}
