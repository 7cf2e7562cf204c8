/*
 * Virtual time for tests of the client: what is scheduled runs when the time is moved to it, equal times in the order of
 * scheduling. Between two events every promise that has been settled goes on, as on the event loop.
 */
import type { Surroundings } from "../transport.ts";
import { Random } from "../../shared/random.ts";

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

/** When virtual time begins, as wall time. */
const virtualUnixMs = 1_900_000_000_000;
const stepsMax = 200_000;

export class VirtualTime implements Surroundings {
  readonly source: Random;
  private ms = 1_000;
  private ids = 0;
  /** Sorted by time. */
  private readonly due: Due[] = [];

  constructor(seed = 1) {
    this.source = new Random(seed);
  }

  nowMs(): number {
    return this.ms;
  }

  unixMs(): number {
    return virtualUnixMs + this.ms;
  }

  random(): number {
    return this.source.next() / 2 ** 32;
  }

  uniqueId(): string {
    return `client${++this.ids}`;
  }

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  after(delayMs: number, run: () => void): void {
    const atMs = this.ms + delayMs;
    let index = this.due.length;
    while (index > 0 && (this.due[index - 1] as Due).atMs > atMs) index--;
    this.due.splice(index, 0, { atMs, run });
  }

  every(periodMs: number, callback: () => void): () => void {
    let stopped = false;
    const again = (): void => {
      if (stopped) return;
      callback();
      this.after(periodMs, again);
    };
    this.after(periodMs, again);
    return () => {
      stopped = true;
    };
  }

  async run(durationMs: number): Promise<void> {
    const endMs = this.ms + durationMs;
    await turn();
    while (this.due[0] !== undefined && this.due[0].atMs <= endMs) await this.step();
    this.ms = endMs;
  }

  /** Runs until the promise is settled, and answers or throws as it does. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    await turn();
    for (let steps = 0; !settled; steps++) {
      if (steps > stepsMax || this.due.length === 0) throw new Error("this promise is never settled");
      await this.step();
    }
    return promise;
  }

  private async step(): Promise<void> {
    const next = this.due.shift() as Due;
    this.ms = next.atMs;
    next.run();
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
