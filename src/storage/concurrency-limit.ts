/*
 * A bounded number of asynchronous jobs at a time, with a bounded queue behind them.
 *
 * Node's thread pool has few threads and serves strictly in order; the log's synced append must always find one. So
 * every kind of storage job that may come in numbers takes a slot here first (design, section 3.11: file syncs never
 * queue behind reads in the thread pool).
 */
import { StorageBusyError } from "./errors.ts";

export class ConcurrencyLimit {
  readonly #what: string;
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `what` names the jobs, in the plural, for the error. */
  constructor(what: string, runningMax: number, waitingMax: number) {
    this.#what = what;
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs the job when there is a slot, first come first served; rejects with StorageBusyError when too many wait. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    await this.#take();
    try {
      return await job();
    } finally {
      this.#release();
    }
  }

  /** Runs the job while nothing else runs: takes every slot, ahead of what waits. */
  async runAlone<T>(job: () => Promise<T>): Promise<T> {
    const slots: Promise<void>[] = [];
    for (let slot = 0; slot < this.#runningMax; slot++) slots.push(this.#takeFirst());
    await Promise.all(slots);
    try {
      return await job();
    } finally {
      for (let slot = 0; slot < this.#runningMax; slot++) this.#release();
    }
  }

  #take(): Promise<void> {
    if (this.#running < this.#runningMax) {
      this.#running++;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#waitingMax) {
      return Promise.reject(new StorageBusyError(this.#what, this.#waitingMax));
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Not bounded by the queue's limit: at most one caller, with as many requests as there are slots. */
  #takeFirst(): Promise<void> {
    if (this.#running < this.#runningMax) {
      this.#running++;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.unshift(resolve);
    });
  }

  /** A slot goes straight to the first that waits, so that nobody overtakes. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
