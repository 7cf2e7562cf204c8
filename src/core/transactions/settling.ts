/*
 * Who waits for a prepared write to be settled on a key (design, 3.5, 3.6): readers, up to a time; writers that are judged, or
 * that queue behind one that was, until it is gone.
 *
 *   wait(record, time) ──nothing prepared at or below it, or fenced beyond it──▶ told
 *                      ──settleMsMax──▶ told that it took too long: the coordinator cannot be reached
 *
 * Each prepared write's transaction knows up to which time its coordinator has said "not decided by then" (`fencedTo`).
 *
 * Bounded by who may wait: operations of sessions and of peers, which have bounds of their own.
 */
import type { KeyRecord } from "../key-record.ts";
import type { PreparedWrite } from "../prepared-write.ts";
import { settleMsMax } from "../../shared/limits.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";

export interface SettleWaiter {
  /** What was waited for is so; look again. */
  settled(record: KeyRecord): void;
  waitedTooLong(record: KeyRecord): void;
}

interface Waiting {
  readonly time: HybridTime;
  readonly waiter: SettleWaiter;
  readonly deadlineMs: number;
}

export class Settling {
  private readonly waiting = new Map<KeyRecord, Waiting[]>();
  /** By transaction: it is not decided at or below this time. */
  private readonly fences = new Map<string, HybridTime>();
  /** Asks the coordinator of a prepared write whether it is decided by a time. */
  ask: (prepared: PreparedWrite, time: HybridTime) => void = () => undefined;
  private readonly now: () => number;

  /** `now` is the time of timers, in ms. */
  constructor(now: () => number) {
    this.now = now;
  }

  get count(): number {
    let count = 0;
    for (const waiting of this.waiting.values()) count += waiting.length;
    return count;
  }

  /** Since when the first of them waits; undefined when none does. */
  get oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (const waiting of this.waiting.values()) {
      for (const { deadlineMs } of waiting) oldest = Math.min(oldest ?? deadlineMs, deadlineMs);
    }
    return oldest === undefined ? undefined : oldest - settleMsMax;
  }

  /** Whether nothing that is prepared on a record can still become visible at or below a time. */
  isSettled(record: KeyRecord, time: HybridTime): boolean {
    if (record.prepared === undefined) return true;
    return record.prepared.every((prepared) => prepared.time > time || this.fencedTo(prepared) >= time);
  }

  /** `waiter` is told once, later. */
  wait(record: KeyRecord, time: HybridTime, waiter: SettleWaiter): void {
    const waiting = { time, waiter, deadlineMs: this.now() + settleMsMax };
    const others = this.waiting.get(record);
    if (others === undefined) this.waiting.set(record, [waiting]);
    else others.push(waiting);
    record.pins++;
    this.askFor(record, time);
  }

  /** A transaction's coordinator will not decide at or below `time`. */
  fenced(transaction: string, records: readonly KeyRecord[], time: HybridTime): void {
    if (time <= (this.fences.get(transaction) ?? 0)) return;
    this.fences.set(transaction, time);
    for (const record of records) this.look(record);
  }

  /** A transaction is over here. */
  over(transaction: string, records: readonly KeyRecord[]): void {
    this.fences.delete(transaction);
    for (const record of records) this.look(record);
  }

  /** Asks again, and gives up on what takes too long. */
  tick(timerMs: number): void {
    if (this.waiting.size === 0) return;
    for (const [record, waiting] of this.waiting) {
      const late = waiting.filter(({ deadlineMs }) => deadlineMs <= timerMs);
      for (const one of late) this.end(record, one);
      for (const { waiter } of late) waiter.waitedTooLong(record);
    }
  }

  /** What is still waited for, for questions that are asked again. */
  askAgain(): void {
    for (const [record, waiting] of this.waiting) {
      this.askFor(record, Math.max(...waiting.map(({ time }) => (time === Number.POSITIVE_INFINITY ? 0 : time))));
    }
  }

  private look(record: KeyRecord): void {
    const waiting = this.waiting.get(record);
    if (waiting === undefined) return;
    const due = waiting.filter(({ time }) => this.isOver(record, time));
    for (const one of due) this.end(record, one);
    for (const { waiter } of due) waiter.settled(record);
  }

  /** Who waits for a key to be free looks again whenever something left it. */
  private isOver(record: KeyRecord, time: HybridTime): boolean {
    return time === Number.POSITIVE_INFINITY || this.isSettled(record, time);
  }

  private end(record: KeyRecord, one: Waiting): void {
    const others = (this.waiting.get(record) ?? []).filter((other) => other !== one);
    record.pins--;
    if (others.length === 0) this.waiting.delete(record);
    else this.waiting.set(record, others);
  }

  private fencedTo(prepared: PreparedWrite): HybridTime {
    return this.fences.get(prepared.transaction) ?? 0;
  }

  private askFor(record: KeyRecord, time: HybridTime): void {
    if (time === Number.POSITIVE_INFINITY) return;
    for (const prepared of record.prepared ?? []) {
      if (prepared.time <= time && this.fencedTo(prepared) < time) this.ask(prepared, time);
    }
  }
}

/** A writer's time: until nothing is prepared any more that it has to wait for. */
export const untilFree: HybridTime = Number.POSITIVE_INFINITY;
