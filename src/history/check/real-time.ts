/*
 * Rule "real-time": inside one datacenter single-key operations are linearizable (invariant 8), so real time agrees with
 * version order: an operation that begins after another one was over sees or makes no smaller version, and a write makes
 * a greater one. Rule "future-read": no read is over before the write that it saw began.
 *
 * Version order is total, and "over before it began" is an interval order; together they have a circle only if two
 * operations contradict each other directly. So comparing each operation with the greatest version among those over
 * before it is not only necessary but enough. Replicated writes are open intervals: they may arrive at any time after
 * they began, so they bound nothing here until somebody reads them. So are writes of unknown outcome.
 *
 * Equal times count as overlapping: clocks have a resolution.
 */
import { mayBeCollected } from "./collection.ts";
import type { KeyHistory, LoadedHistory, Operation, Write } from "./model.ts";
import { compareVersions } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { deed, keyName, where } from "./words.ts";

export function checkRealTime(history: LoadedHistory, violations: ViolationList): void {
  for (const operation of history.operations) checkNotFromFuture(history, violations, operation);
  const groups = new Map<KeyHistory, Operation[][]>();
  for (const operation of history.operations) addToGroup(groups, operation);
  for (const byDatacenter of groups.values()) {
    for (const group of byDatacenter) if (group !== undefined) sweep(history, violations, group);
  }
}

function checkNotFromFuture(history: LoadedHistory, violations: ViolationList, read: Operation): void {
  const writer = read.kind === "read" ? read.write?.operation : undefined;
  if (writer === undefined || writer.start <= read.end) return;
  if (writer.datacenter !== read.datacenter && history.header.clock !== "one") return;
  violations.report("future-read", () => ({
    message: `${where(history.header, read)} read a write ${writer.start - read.end} ms before it began.`,
    cycle: [`${deed(history, read)}, over at ${read.end}`, `${deed(history, writer)}, begun at ${writer.start}`],
    lines: [writer.line, read.line],
  }));
}

function addToGroup(groups: Map<KeyHistory, Operation[][]>, operation: Operation): void {
  const { key, datacenter } = operation;
  if (key === undefined || (operation.kind !== "read" && operation.write === undefined)) return;
  let byDatacenter = groups.get(key);
  if (byDatacenter === undefined) {
    byDatacenter = [];
    groups.set(key, byDatacenter);
  }
  (byDatacenter[datacenter] ??= []).push(operation);
}

/** All operations on one key in one datacenter: by start, with those that were over by then. */
function sweep(history: LoadedHistory, violations: ViolationList, group: Operation[]): void {
  const byEnd = group.toSorted((left, right) => left.end - right.end);
  const byStart = group.toSorted((left, right) => left.start - right.start);
  let over = 0;
  let newest: { readonly by: Operation; readonly write: Write } | undefined;
  for (const operation of byStart) {
    for (; over < byEnd.length && byEnd[over]!.end < operation.start; over += 1) {
      const by = byEnd[over]!;
      if (by.write === undefined) continue;
      if (newest === undefined || compareVersions(by.write, newest.write) > 0) newest = { by, write: by.write };
    }
    if (newest !== undefined && contradicts(history, operation, newest.write)) {
      report(history, violations, newest.by, operation);
    }
  }
}

/** `known` was seen or made in this datacenter by an operation that was over before `operation` began. */
function contradicts(history: LoadedHistory, operation: Operation, known: Write): boolean {
  if (operation.write === undefined) return !mayBeCollected(history, known);
  return compareVersions(operation.write, known) < 0;
}

function report(history: LoadedHistory, violations: ViolationList, first: Operation, second: Operation): void {
  violations.report("real-time", () => ({
    message: `In one datacenter ${keyName(second.key!)} went back: line ${second.line} began ${second.start - first.end} ms after line ${first.line} was over.`,
    cycle: [
      `${deed(history, first)}, over at ${first.end}`,
      `${deed(history, second)}, begun at ${second.start}, with a smaller version`,
    ],
    lines: [first.line, second.line],
  }));
}
