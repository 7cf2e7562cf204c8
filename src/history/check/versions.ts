/*
 * The order of versions, which is the order of last-writer-wins: time, then datacenter, then partition; between versions of
 * one value, the same for the touch that set the expiry, none being below all (design, section 2; src/protocol/version.ts).
 */
import type { HistoryVersion } from "../format.ts";
import { untouched } from "./model.ts";
import type { Write } from "./model.ts";

/** Below zero where `left` loses against `right`, zero where they are one version. */
export function compareVersions(left: Write, right: Write): number {
  if (left.time !== right.time) return left.time - right.time;
  if (left.versionDatacenter !== right.versionDatacenter) return left.versionDatacenter - right.versionDatacenter;
  if (left.versionPartition !== right.versionPartition) return left.versionPartition - right.versionPartition;
  if (left.touchTime !== right.touchTime) return left.touchTime - right.touchTime;
  if (left.touchDatacenter !== right.touchDatacenter) return left.touchDatacenter - right.touchDatacenter;
  return left.touchPartition - right.touchPartition;
}

/** The greater one; a missing one is below all. */
export function newerOf(left: Write | undefined, right: Write | undefined): Write | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareVersions(left, right) < 0 ? right : left;
}

/** By what each was issued itself: a touch by its own three numbers and not by those of what it touched. */
export function compareIssued(left: Write, right: Write): number {
  const order = issuedTime(left) - issuedTime(right);
  if (order !== 0) return order;
  const byDatacenter = issuedDatacenter(left) - issuedDatacenter(right);
  return byDatacenter === 0 ? issuedPartition(left) - issuedPartition(right) : byDatacenter;
}

/** The one that was issued with the greater version; a missing one is below all. */
export function laterOf(left: Write | undefined, right: Write | undefined): Write | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareIssued(left, right) < 0 ? right : left;
}

export function isTouch(write: Write): boolean {
  return write.touchTime !== untouched;
}

/** The datacenter that issued the version. */
export function issuedDatacenter(write: Write): number {
  return isTouch(write) ? write.touchDatacenter : write.versionDatacenter;
}

function issuedTime(write: Write): number {
  return isTouch(write) ? write.touchTime : write.time;
}

function issuedPartition(write: Write): number {
  return isTouch(write) ? write.touchPartition : write.versionPartition;
}

export function hasVersion(write: Write, version: HistoryVersion): boolean {
  if (write.time !== version[0] || write.versionDatacenter !== version[1] || write.versionPartition !== version[2]) {
    return false;
  }
  if (version.length === 3) return !isTouch(write);
  return write.touchTime === version[3] && write.touchDatacenter === version[4] && write.touchPartition === version[5];
}
