/*
 * One thread of execution as an all-knowing observer sees it: what it did and saw, in program order, and hence what its
 * next write depends on, by exact dots, whatever the context of the real session makes of that (stable dots left out,
 * contexts collapsed to prefixes).
 *
 * Keeps an eye on invariant 5: what a thread sees of a key never goes back, also across attach; what it found expired stays so;
 * and who has seen one part of a transaction never misses another (9, but found by the same rule).
 */
import { compareVersions, ExpiredVersion } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import type { SessionRecorder } from "../../history/recorder.ts";
import type { DotKey, WorldWrite } from "./world-write.ts";
import { describeVersion } from "./world-write.ts";
import { check } from "./violation.ts";

export interface ThreadStep {
  /** Its place in program order. */
  readonly place: number;
  /** What a read found, a condition was judged against, or an attach took over. */
  saw: readonly DotKey[];
  write: WorldWrite | undefined;
  /** `missed`: no effect that the thread knows of (refused, or of unknown outcome, or its condition failed). */
  state: "pending" | "done" | "missed";
}

/** What a token carries, besides what the real one does. */
export interface ThreadPast {
  readonly saw: readonly DotKey[];
  readonly newest: ReadonlyMap<string, Version>;
  readonly expired: ReadonlyMap<string, Version>;
}

export class Thread {
  readonly recorder: SessionRecorder;
  /** Its session is gone. */
  isOver = false;
  private readonly steps: ThreadStep[] = [];
  private readonly newest: Map<string, Version> = new Map();
  /** At which place in program order it learnt of that. */
  private readonly since: Map<string, number> = new Map();
  /** What it found expired. */
  private readonly expired: Map<string, Version> = new Map();

  constructor(recorder: SessionRecorder) {
    this.recorder = recorder;
  }

  get name(): string {
    return this.recorder.name;
  }

  begin(write: WorldWrite | undefined): ThreadStep {
    const step: ThreadStep = { place: this.steps.length, saw: [], write, state: "pending" };
    this.steps.push(step);
    if (write !== undefined) write.step = step.place;
    return step;
  }

  /** What a write at place `before` depends on: all that was seen since the last write that took effect, and that one. */
  dependencies(before: number = this.steps.length): DotKey[] {
    const dots = new Set<DotKey>();
    for (let i = before - 1; i >= 0; i--) {
      const step = this.steps[i] as ThreadStep;
      for (const dot of step.saw) dots.add(dot);
      if (step.state === "missed" || step.write === undefined) {
        this.checkAnswered(step, before);
        continue;
      }
      if (step.write.dot !== undefined) {
        dots.add(step.write.dot);
        break;
      }
      this.checkAnswered(step, before);
    }
    return [...dots];
  }

  sawOf(step: number): readonly DotKey[] {
    return this.steps[step]?.saw ?? [];
  }

  /** What single steps before that place saw, each by a read or a condition of its own; an attach takes over several. */
  sawAt(before: number): readonly DotKey[] {
    return this.steps.slice(0, before + 1).flatMap(({ saw }) => (saw.length === 1 ? saw : []));
  }

  /** A write takes effect after everything before it in its thread. */
  private checkAnswered(step: ThreadStep, before: number): void {
    if (this.isOver || before === this.steps.length) return;
    check(step.state !== "pending", 5, () => `a write of ${this.name} took effect before what its thread did earlier`);
  }

  past(): ThreadPast {
    return { saw: this.dependencies(), newest: new Map(this.newest), expired: new Map(this.expired) };
  }

  takeOver(past: ThreadPast): void {
    for (const [key, version] of past.newest) this.knows(key, version, this.steps.length);
    for (const [key, version] of past.expired) this.expired.set(key, version);
  }

  /** What it has seen last of a key, or knows to be there since it saw another part of a transaction. */
  newestOf(key: string): Version | undefined {
    return this.newest.get(key);
  }

  /** `collected` is what ended there and was collected: nothing stands for that, too. */
  read(place: number, key: string, version: Version | undefined, collected: Version | undefined): void {
    const before = this.newest.get(key);
    const found = version ?? collected;
    const goesOn = before === undefined || (found !== undefined && compareVersions(found, before) >= 0);
    check(
      goesOn,
      5,
      () =>
        `${this.name} read ${describeVersion(version)} of ${key} after ${describeVersion(before)}, which is newer: a session went back`,
    );
    if (version === undefined) return;
    this.knows(key, version, place);
    const expired = this.expired.get(key);
    if (version instanceof ExpiredVersion) this.expired.set(key, version);
    else if (expired !== undefined && compareVersions(expired, version) === 0) {
      check(
        version.deleted,
        5,
        () => `${this.name} read ${describeVersion(version)} of ${key} alive, and had found it expired`,
      );
    }
  }

  /** It has seen something of this write: from now on it finds all of it. */
  sawPartOf(place: number, write: WorldWrite): void {
    if (!write.isTransaction) return;
    for (const { key, name } of write.parts) if (name !== undefined) this.knows(key, name, place);
  }

  private knows(key: string, version: Version, place: number): void {
    const own = this.newest.get(key);
    if (own !== undefined && compareVersions(version, own) <= 0) return;
    this.newest.set(key, version);
    this.since.set(key, place);
  }

  /** What a read behind it in the pipeline saw, and was told first, may beat it. */
  wrote(place: number, key: string, version: Version): void {
    const before = this.newest.get(key);
    const isLater = (this.since.get(key) ?? 0) > place;
    check(
      before === undefined || isLater || compareVersions(version, before) >= 0,
      5,
      () =>
        `${this.name} wrote ${describeVersion(version)} of ${key}, beaten by what it had seen: ${describeVersion(before)}`,
    );
    this.knows(key, version, place);
  }
}
