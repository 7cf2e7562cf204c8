/*
 * One thread of execution as an all-knowing observer sees it: what it did and saw, in program order, and hence what its
 * next write depends on, by exact dots, whatever the context of the real session makes of that (stable dots left out,
 * contexts collapsed to prefixes).
 *
 * Keeps an eye on invariant 5: what a thread sees of a key never goes back, also across attach.
 */
import { isPassing } from "../../core/collector.ts";
import { compareVersions } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import type { SessionRecorder } from "../../history/recorder.ts";
import type { DotKey, WorldWrite } from "./world-write.ts";
import { describeVersion } from "./world-write.ts";
import { check } from "./violation.ts";

export interface ThreadStep {
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
}

export class Thread {
  readonly recorder: SessionRecorder;
  /** Its session is gone. */
  isOver = false;
  private readonly steps: ThreadStep[] = [];
  private readonly newest: Map<string, Version> = new Map();

  constructor(recorder: SessionRecorder) {
    this.recorder = recorder;
  }

  get name(): string {
    return this.recorder.name;
  }

  begin(write: WorldWrite | undefined): ThreadStep {
    const step: ThreadStep = { saw: [], write, state: "pending" };
    this.steps.push(step);
    if (write !== undefined) write.step = this.steps.length - 1;
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
    return { saw: this.dependencies(), newest: new Map(this.newest) };
  }

  takeOver(past: ThreadPast): void {
    for (const [key, version] of past.newest) {
      const own = this.newest.get(key);
      if (own === undefined || compareVersions(version, own) > 0) this.newest.set(key, version);
    }
  }

  read(key: string, version: Version | undefined): void {
    const before = this.newest.get(key);
    // What ended and was collected is nothing: nobody needs it any more.
    const isGone = version === undefined && before !== undefined && isPassing(before);
    const goesOn = isGone || before === undefined || (version !== undefined && compareVersions(version, before) >= 0);
    check(
      goesOn,
      5,
      () =>
        `${this.name} read ${describeVersion(version)} of ${key} after ${describeVersion(before)}, which is newer: a session went back`,
    );
    if (version !== undefined) this.newest.set(key, version);
  }

  wrote(key: string, version: Version): void {
    const before = this.newest.get(key);
    check(
      before === undefined || compareVersions(version, before) >= 0,
      5,
      () =>
        `${this.name} wrote ${describeVersion(version)} of ${key}, beaten by what it had seen: ${describeVersion(before)}`,
    );
    this.newest.set(key, version);
  }
}
