/*
 * Every deadline and pause of a client, on one timer: setting, moving and taking one back cost a few map operations
 * and no timer of their own (an operation sets two of them and mostly needs neither).
 *
 * In: entries with a time, and ticks. Out: `onDue` of those whose time has come, at most a tick late. The ticking stops
 * while nothing is set, so an idle client does not wake its process.
 */
import type { Surroundings } from "./transport.ts";
import { tickMs } from "./limits.ts";

export interface Timed {
  /** The wheel's own; begins as `notSet`. */
  tick: number;
  onDue(): void;
}

export const notSet = -1;

export class TimerWheel {
  private readonly byTick = new Map<number, Set<Timed>>();
  private passedTick = 0;
  private stop: (() => void) | undefined;
  private readonly surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
  }

  set(entry: Timed, atMs: number): void {
    this.cancel(entry);
    if (this.stop === undefined) {
      this.passedTick = this.tickNow();
      this.stop = this.surroundings.every(tickMs, () => this.advance());
    }
    const tick = Math.max(Math.ceil(atMs / tickMs), this.passedTick + 1);
    let entries = this.byTick.get(tick);
    if (entries === undefined) this.byTick.set(tick, (entries = new Set()));
    entries.add(entry);
    entry.tick = tick;
  }

  cancel(entry: Timed): void {
    if (entry.tick === notSet) return;
    const entries = this.byTick.get(entry.tick);
    entries?.delete(entry);
    if (entries?.size === 0) this.byTick.delete(entry.tick);
    entry.tick = notSet;
  }

  /** Nothing set is ever due; the ticking ends. */
  close(): void {
    for (const entries of this.byTick.values()) for (const entry of entries) entry.tick = notSet;
    this.byTick.clear();
    this.rest();
  }

  private advance(): void {
    this.passedTick = this.tickNow();
    const due = [...this.byTick.keys()].filter((tick) => tick <= this.passedTick).toSorted((a, b) => a - b);
    for (const tick of due) this.fire(tick);
    if (this.byTick.size === 0) this.rest();
  }

  /** What one entry does may set or take back others, also of this tick. */
  private fire(tick: number): void {
    const entries = this.byTick.get(tick);
    if (entries === undefined) return;
    for (const entry of entries) {
      entries.delete(entry);
      entry.tick = notSet;
      entry.onDue();
    }
    if (entries.size === 0) this.byTick.delete(tick);
  }

  private rest(): void {
    this.stop?.();
    this.stop = undefined;
  }

  private tickNow(): number {
    return Math.floor(this.surroundings.nowMs() / tickMs);
  }
}
