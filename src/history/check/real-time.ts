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
 *
 * The entries of a snapshot are bound like single reads: a snapshot is no older, key by key, than its start (invariant 9).
 * They bound what comes later only where they show a plain write: a snapshot may show a transaction as soon as that is
 * decided, while a single read waits until it is committed (design, 3.5).
 */
import { isExcused } from "./collection.ts";
import { accessesOf, isReading } from "./model.ts";
import type { Access, KeyHistory, LoadedHistory, Write } from "./model.ts";
import { compareVersions } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { deed, keyName, where } from "./words.ts";

export function checkRealTime(history: LoadedHistory, violations: ViolationList): void {
  const groups = new Map<KeyHistory, Access[][]>();
  for (const operation of history.operations) {
    for (const access of accessesOf(operation)) {
      if (isReading(operation)) checkNotFromFuture(history, violations, access);
      addToGroup(groups, access);
    }
  }
  for (const byDatacenter of groups.values()) {
    for (const group of byDatacenter) if (group !== undefined) sweep(history, violations, group);
  }
}

function checkNotFromFuture(history: LoadedHistory, violations: ViolationList, { operation, write }: Access): void {
  const writer = write?.operation;
  if (writer === undefined || writer.start <= operation.end) return;
  if (writer.datacenter !== operation.datacenter && history.header.clock !== "one") return;
  violations.report("future-read", () => ({
    message: `${where(history.header, operation)} read a write ${writer.start - operation.end} ms before it began.`,
    cycle: [
      `${deed(history, operation)}, over at ${operation.end}`,
      `${deed(history, writer)}, begun at ${writer.start}`,
    ],
    lines: [writer.line, operation.line],
  }));
}

function addToGroup(groups: Map<KeyHistory, Access[][]>, access: Access): void {
  const { key, kind, write, operation } = access;
  if (kind !== "read" && write === undefined) return;
  let byDatacenter = groups.get(key);
  if (byDatacenter === undefined) {
    byDatacenter = [];
    groups.set(key, byDatacenter);
  }
  (byDatacenter[operation.datacenter] ??= []).push(access);
}

/** All that was done to one key in one datacenter: by start, with what was over by then. */
function sweep(history: LoadedHistory, violations: ViolationList, group: Access[]): void {
  const byEnd = group.filter(bounds).toSorted((left, right) => left.operation.end - right.operation.end);
  const byStart = group.toSorted((left, right) => left.operation.start - right.operation.start);
  let over = 0;
  let newest: { readonly by: Access; readonly write: Write } | undefined;
  for (const access of byStart) {
    for (; over < byEnd.length && byEnd[over]!.operation.end < access.operation.start; over += 1) {
      const by = byEnd[over]!;
      if (by.write === undefined) continue;
      if (newest === undefined || compareVersions(by.write, newest.write) > 0) newest = { by, write: by.write };
    }
    if (newest !== undefined && contradicts(history, access, newest.write)) {
      report(history, violations, newest.by, access);
    }
  }
}

/** What begins later sees and makes no smaller version. */
function bounds({ operation, write }: Access): boolean {
  if (write === undefined) return false;
  if (operation.kind !== "snapshot") return true;
  return write.operation !== undefined && write.operation.kind !== "transaction";
}

/** `known` was seen or made in this datacenter by what was over before this began. */
function contradicts(history: LoadedHistory, access: Access, known: Write): boolean {
  if (access.write === undefined) return !isExcused(history, access, known);
  return compareVersions(access.write, known) < 0;
}

function report(history: LoadedHistory, violations: ViolationList, first: Access, second: Access): void {
  const [before, after] = [first.operation, second.operation];
  const key = new Set([second.key]);
  violations.report("real-time", () => ({
    message: `In one datacenter ${keyName(second.key)} went back: line ${after.line} began ${after.start - before.end} ms after line ${before.line} was over.`,
    cycle: [
      `${deed(history, before, key)}, over at ${before.end}`,
      `${deed(history, after, key)}, begun at ${after.start}, with a smaller version`,
    ],
    lines: [before.line, after.line],
  }));
}
