/*
 * The order of versions, which is the order of last-writer-wins: time, then datacenter, then partition (design, section 2).
 */
import type { HistoryVersion } from "../format.ts";
import type { Write } from "./model.ts";

/** Below zero where `left` loses against `right`, zero where they are one version. */
export function compareVersions(left: Write, right: Write): number {
  if (left.time !== right.time) return left.time - right.time;
  if (left.versionDatacenter !== right.versionDatacenter) return left.versionDatacenter - right.versionDatacenter;
  return left.versionPartition - right.versionPartition;
}

/** The greater one; a missing one is below all. */
export function newerOf(left: Write | undefined, right: Write | undefined): Write | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareVersions(left, right) < 0 ? right : left;
}

export function hasVersion(write: Write, version: HistoryVersion): boolean {
  return write.time === version[0] && write.versionDatacenter === version[1] && write.versionPartition === version[2];
}
