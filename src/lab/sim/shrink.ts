/*
 * Makes a failing seed smaller, as long as the same invariant fails: it ends sooner, has fewer kinds of faults and fewer clients;
 * then single faults and single operations of clients go. What is left out leaves the rest as it was, since each fault, link,
 * disk, client and operation has its own random stream. Greedy, within a number of runs.
 */
import { faultKinds } from "./fault-kinds.ts";
import { minimize } from "./minimize.ts";
import { runSeed } from "./run-seed.ts";
import type { SeedFailure, SeedOptions, SeedResult } from "./run-seed.ts";

const runsMax = 600;
/** Of these, for what is coarse. */
const coarseRunsMax = 80;
/** As many as a plan may have. */
const clientsMax = 11;

export interface Shrunk {
  readonly options: SeedOptions;
  readonly result: SeedResult;
  readonly runs: number;
}

export class Shrinker {
  private options: SeedOptions;
  private result: SeedResult;
  private runs = 0;
  private runsLeft = 0;
  private readonly seed: number;
  private readonly failure: SeedFailure;

  /** `result` is how the seed failed with `options`. */
  constructor(result: SeedResult, options: SeedOptions) {
    const { seed, failure } = result;
    if (failure === undefined) throw new TypeError(`seed ${seed} went well: there is nothing to shrink`);
    this.seed = seed;
    this.failure = failure;
    this.result = result;
    this.options = {
      ...options,
      faults: options.faults ?? faultKinds,
      clients: options.clients ?? firstNumbers(clientsMax),
    };
  }

  shrink(): Shrunk {
    this.runsLeft = coarseRunsMax;
    this.endSooner();
    minimize(this.options.faults ?? [], (faults) => this.attempt({ faults }));
    minimize(this.options.clients ?? [], (clients) => clients.length > 0 && this.attempt({ clients }));
    this.endSooner();
    this.runsLeft = runsMax - coarseRunsMax;
    minimize(this.result.struck, (strikes) => this.attempt({ strikes }));
    minimize(this.result.done, (operations) => this.attempt({ operations }));
    // Now that little happens, less of the rest may do.
    minimize(this.result.struck, (strikes) => this.attempt({ strikes }));
    minimize(this.options.faults ?? [], (faults) => this.attempt({ faults }));
    minimize(this.options.clients ?? [], (clients) => clients.length > 0 && this.attempt({ clients }));
    this.endSooner();
    return { options: this.options, result: this.result, runs: this.runs };
  }

  /** Nothing before the failure changes when the faults end right after it; what fails after their end may need fewer. */
  private endSooner(): void {
    const failedMs = this.result.failure?.atMs ?? 0;
    const safetyMs = this.options.safetyMs ?? Number.POSITIVE_INFINITY;
    if (failedMs + 1 < safetyMs && this.attempt({ safetyMs: Math.ceil(failedMs) + 1 })) return;
    let ms = Math.min(safetyMs, failedMs) / 2;
    while (ms > 10 && this.attempt({ safetyMs: Math.ceil(ms) })) ms /= 2;
  }

  private attempt(change: Partial<SeedOptions>): boolean {
    if (this.runsLeft === 0) return false;
    this.runsLeft--;
    this.runs++;
    const options = { ...this.options, ...change };
    const result = runSeed(this.seed, options);
    if (result.failure === undefined || !this.isSame(result.failure)) return false;
    this.options = options;
    this.result = result;
    return true;
  }

  private isSame({ invariant, message }: SeedFailure): boolean {
    if (invariant !== undefined || this.failure.invariant !== undefined) return invariant === this.failure.invariant;
    return message === this.failure.message;
  }
}

function firstNumbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
