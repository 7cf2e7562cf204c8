/*
 * The pause before the next attempt: doubles from the least to the most, each time with a jitter of up to half, so that
 * nodes that lost the same peer at the same moment do not come back in step. Holds no timer.
 */
export class Backoff {
  readonly #delayMsMin: number;
  readonly #delayMsMax: number;
  readonly #random: () => number;
  #delayMs: number;

  constructor(delayMsMin: number, delayMsMax: number, random: () => number) {
    this.#delayMsMin = delayMsMin;
    this.#delayMsMax = delayMsMax;
    this.#random = random;
    this.#delayMs = delayMsMin;
  }

  /** The next pause; `retryable` false (nothing will change by itself) goes straight to the longest. */
  next(retryable: boolean): number {
    const delayMs = retryable ? this.#delayMs : this.#delayMsMax;
    this.#delayMs = Math.min(this.#delayMsMax, delayMs * 2);
    return delayMs * (0.5 + 0.5 * this.#random());
  }

  reset(): void {
    this.#delayMs = this.#delayMsMin;
  }
}
