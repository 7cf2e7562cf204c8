/*
 * Who waits for which dot. A waiter is told once for each registration, when the dot (or, for a prefix, every seq up to
 * it) is in.
 *
 * In: registrations; "this seq is in, the watermark is now there". Out: `dotHolds` on each waiter.
 *
 * Telling that one dot is in costs the same however many wait for others: hundreds of thousands may, at the end of a cut.
 */
import type { Origin } from "../protocol/version.ts";

export interface DotWaiter {
  dotHolds(origin: Origin, seq: number, prefix: boolean): void;
}

/** Those who wait for one dot, in the order in which they came: mostly one, which then needs no set. */
type Waiting = DotWaiter | Set<DotWaiter>;

interface OriginWaiters {
  readonly dots: Map<number, Waiting>;
  readonly prefixes: Map<number, Waiting>;
}

export class DotWaiters {
  private readonly origins = new Map<Origin, OriginWaiters>();
  /** Registrations that are waiting. */
  size = 0;

  /** False when this waiter was registered for this dot already; `first` in the answer's place says nobody else waits. */
  register(origin: Origin, seq: number, prefix: boolean, waiter: DotWaiter): "first" | "another" | "repeated" {
    let waiters = this.origins.get(origin);
    if (waiters === undefined) this.origins.set(origin, (waiters = { dots: new Map(), prefixes: new Map() }));
    const table = prefix ? waiters.prefixes : waiters.dots;
    const waiting = table.get(seq);
    if (waiting === undefined) {
      table.set(seq, waiter);
      this.size++;
      return "first";
    }
    if (isAmong(waiting, waiter)) return "repeated";
    if (waiting instanceof Set) waiting.add(waiter);
    else table.set(seq, new Set([waiting, waiter]));
    this.size++;
    return "another";
  }

  /** Exactly this dot is in. */
  dotIsIn(origin: Origin, seq: number): void {
    const waiters = this.origins.get(origin);
    if (waiters === undefined) return;
    this.release(origin, waiters.dots, seq, false);
    this.forgetIfEmpty(origin, waiters);
  }

  /** Every seq from `from` to `to` is in. */
  rangeIsIn(origin: Origin, from: number, to: number): void {
    const waiters = this.origins.get(origin);
    if (waiters === undefined) return;
    for (const seq of waiters.dots.keys()) {
      if (seq >= from && seq <= to) this.release(origin, waiters.dots, seq, false);
    }
    this.forgetIfEmpty(origin, waiters);
  }

  /** Every seq up to `watermark` is in, and who waits for one of these dots was told before. */
  prefixIsIn(origin: Origin, watermark: number): void {
    const waiters = this.origins.get(origin);
    if (waiters === undefined || waiters.prefixes.size === 0) return;
    this.releaseUpTo(origin, waiters.prefixes, watermark, true);
    this.forgetIfEmpty(origin, waiters);
  }

  /** Every seq up to `watermark` is in, which also answers for the dots up to there. Linear. */
  everythingIsIn(origin: Origin, watermark: number): void {
    const waiters = this.origins.get(origin);
    if (waiters === undefined) return;
    this.releaseUpTo(origin, waiters.dots, watermark, false);
    this.releaseUpTo(origin, waiters.prefixes, watermark, true);
    this.forgetIfEmpty(origin, waiters);
  }

  /** Answers whether nobody waits for this dot now, and this one did. */
  remove(origin: Origin, seq: number, prefix: boolean, waiter: DotWaiter): boolean {
    const waiters = this.origins.get(origin);
    if (waiters === undefined) return false;
    const table = prefix ? waiters.prefixes : waiters.dots;
    const waiting = table.get(seq);
    if (waiting === undefined || !isAmong(waiting, waiter)) return false;
    this.size--;
    if (waiting instanceof Set) waiting.delete(waiter);
    const isLast = !(waiting instanceof Set) || waiting.size === 0;
    if (isLast) table.delete(seq);
    this.forgetIfEmpty(origin, waiters);
    return isLast;
  }

  /** Drops every registration of a waiter. Linear: for a peer that went away. */
  removeAll(waiter: DotWaiter): void {
    const found: [Origin, number, boolean][] = [];
    for (const [origin, { dots, prefixes }] of this.origins) {
      for (const [seq, waiting] of dots) if (isAmong(waiting, waiter)) found.push([origin, seq, false]);
      for (const [seq, waiting] of prefixes) if (isAmong(waiting, waiter)) found.push([origin, seq, true]);
    }
    for (const [origin, seq, prefix] of found) this.remove(origin, seq, prefix, waiter);
  }

  /** Calls `visit` for every dot that somebody waits for. */
  forEachDot(visit: (origin: Origin, seq: number, prefix: boolean) => void): void {
    for (const [origin, { dots, prefixes }] of this.origins) {
      for (const seq of dots.keys()) visit(origin, seq, false);
      for (const seq of prefixes.keys()) visit(origin, seq, true);
    }
  }

  private releaseUpTo(origin: Origin, table: Map<number, Waiting>, watermark: number, prefix: boolean): void {
    if (table.size === 0) return;
    const due: number[] = [];
    for (const seq of table.keys()) if (seq <= watermark) due.push(seq);
    due.sort((a, b) => a - b);
    for (const seq of due) this.release(origin, table, seq, prefix);
  }

  private release(origin: Origin, table: Map<number, Waiting>, seq: number, prefix: boolean): void {
    const waiting = table.get(seq);
    if (waiting === undefined) return;
    table.delete(seq);
    this.size -= waiting instanceof Set ? waiting.size : 1;
    if (!(waiting instanceof Set)) waiting.dotHolds(origin, seq, prefix);
    else for (const waiter of waiting) waiter.dotHolds(origin, seq, prefix);
  }

  private forgetIfEmpty(origin: Origin, waiters: OriginWaiters): void {
    if (waiters.dots.size === 0 && waiters.prefixes.size === 0 && this.origins.get(origin) === waiters) {
      this.origins.delete(origin);
    }
  }
}

function isAmong(waiting: Waiting, waiter: DotWaiter): boolean {
  return waiting instanceof Set ? waiting.has(waiter) : waiting === waiter;
}
