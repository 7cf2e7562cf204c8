/*
 * What the client has accepted and not finished with: operations, and their bytes. An attempt counts for as long as its
 * answer is owed, also when its operation has ended by its deadline, since its bytes may still lie in a socket's buffer.
 *
 * Keeps invariant 12 for the client: at the limit a new operation is refused, and the caller is told which limit.
 */
import { BackpressureError } from "./errors.ts";

export class Budget {
  operations = 0;
  bytes = 0;
  readonly #operationsMax: number;
  readonly #bytesMax: number;

  constructor(operationsMax: number, bytesMax: number) {
    this.#operationsMax = operationsMax;
    this.#bytesMax = bytesMax;
  }

  /** Why one more operation is too much; undefined when it is not. */
  refusal(bytes: number): BackpressureError | undefined {
    if (this.operations >= this.#operationsMax) return new BackpressureError("operations", this.#operationsMax);
    // A single one may be larger than the limit: it goes alone.
    if (this.bytes > 0 && this.bytes + bytes > this.#bytesMax) return new BackpressureError("bytes", this.#bytesMax);
    return undefined;
  }

  charge(bytes: number): void {
    this.operations++;
    this.bytes += bytes;
  }

  release(bytes: number): void {
    this.operations--;
    this.bytes -= bytes;
  }
}
