/*
 * Virtual time: events at moments, carried out in order; moments that are equal in the order in which they were set. The
 * whole simulation is this one queue, so a run is a function of its seed.
 */
import { invariant } from "../../shared/assert.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Scheduler {
  /** Milliseconds since the simulation began. */
  nowMs = 0;
  events = 0;
  private order = 0;
  private readonly heap: Event[] = [];

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  at(atMs: number, run: () => void): void {
    invariant(atMs >= this.nowMs, "an event lies ahead");
    const event = { atMs, order: ++this.order, run };
    const heap = this.heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = event;
  }

  /** Carries out the next event when it lies before `untilMs`; false when none does. */
  step(untilMs: number): boolean {
    const next = this.heap[0];
    if (next === undefined || next.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.removeFirst();
    this.nowMs = next.atMs;
    this.events++;
    next.run();
    return true;
  }

  private removeFirst(): void {
    const heap = this.heap;
    const last = heap.pop() as Event;
    const length = heap.length;
    if (length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[i] = heap[child] as Event;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
