/*
 * Virtual time for tests: what is scheduled runs when the clock is moved to it, equal times in the order of scheduling.
 */
const BEGIN_MS = Date.UTC(2025, 0, 1);
const STEPS_MAX = 1_000_000;

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

export class VirtualClock {
  #nowMs = BEGIN_MS;
  /** Sorted by time. */
  readonly #due: Due[] = [];

  readonly now = (): number => this.#nowMs;

  readonly schedule = (delayMs: number, run: () => void): void => {
    const atMs = this.#nowMs + delayMs;
    let index = this.#due.length;
    while (index > 0 && (this.#due[index - 1] as Due).atMs > atMs) index--;
    this.#due.splice(index, 0, { atMs, run });
  };

  /** False when nothing is scheduled any more. */
  step(): boolean {
    const next = this.#due.shift();
    if (next === undefined) return false;
    this.#nowMs = next.atMs;
    next.run();
    return true;
  }

  runFor(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    while (this.#due[0] !== undefined && this.#due[0].atMs <= endMs) this.step();
    this.#nowMs = endMs;
  }

  readonly until = async (condition: () => boolean): Promise<void> => {
    for (let steps = 0; !condition(); steps++) {
      // Promises that a callback has settled go on before the next callback, as on the event loop.
      await Promise.resolve();
      if (condition()) return;
      if (steps > STEPS_MAX || !this.step()) throw new Error(`never happened: ${condition.toString()}`);
    }
  };
}
