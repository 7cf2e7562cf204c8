/*
 * What a key has shown in one datacenter, at every time, and what was promised of it there.
 *
 * A version is shown from its visible time until that of a greater one. So those count of which no greater one became visible as
 * early: among them versions and visible times rise together. A transaction that commits late, below what is there already,
 * takes its place among them.
 *
 *   4  nothing becomes visible at or below a time up to which it was promised that nothing more would
 */
import { compareVersions } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import { check } from "./violation.ts";
import type { Story } from "./violation.ts";
import { describeVersion } from "./world-write.ts";

/** Runs of hours: only so many are remembered. */
const shownMax = 20_000;

export class KeyHistory {
  /** By visible time, and by version too. */
  private shown: Version[] = [];
  /** Nothing more becomes visible at or below this time; who said so, in words. */
  private promised = 0;
  private promise = "";

  promiseThrough(time: number, by: string): void {
    if (time <= this.promised) return;
    this.promised = time;
    this.promise = by;
  }

  add(version: Version, story: () => Story): void {
    check(
      version.visible > this.promised,
      4,
      () => `${describeVersion(version)} became visible at ${version.visible}: ${this.promise}`,
      story,
    );
    const { shown } = this;
    let at = this.countUpTo(version.visible);
    const before = shown[at - 1];
    if (before !== undefined && compareVersions(before, version) >= 0) return;
    let beaten = 0;
    while (at + beaten < shown.length && compareVersions(shown[at + beaten] as Version, version) < 0) beaten++;
    if (before?.visible === version.visible) {
      at--;
      beaten++;
    }
    shown.splice(at, beaten, version);
    if (shown.length > shownMax) this.shown = shown.slice(shownMax / 2);
  }

  at(time: number): Version | undefined {
    return this.shown[this.countUpTo(time) - 1];
  }

  private countUpTo(time: number): number {
    let low = 0;
    let high = this.shown.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.shown[middle] as Version).visible <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
