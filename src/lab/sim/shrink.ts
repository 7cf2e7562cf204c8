/*
 * Makes a failing seed smaller, as long as the same invariant fails: it ends sooner, has fewer kinds of faults, fewer clients.
 * What is left out leaves the rest as it was, since each fault, link, disk and client has its own random stream. Greedy, within
 * a number of runs.
 */
import { faultKinds } from "./fault-kinds.ts";
import { runSeed } from "./run-seed.ts";
import type { SeedFailure, SeedOptions, SeedResult } from "./run-seed.ts";

const runsMax = 80;
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
    this.endSooner();
    for (const kind of faultKinds) {
      const { faults } = this.options;
      if (faults?.includes(kind) === true) this.attempt({ faults: faults.filter((other) => other !== kind) });
    }
    this.dropClients();
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

  private dropClients(): void {
    for (let size = Math.ceil(clientsMax / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      const clients = this.options.clients ?? [];
      for (let at = 0; at < clients.length; at += size) {
        const gone = clients.slice(at, at + size);
        const left = (this.options.clients ?? []).filter((client) => !gone.includes(client));
        if (left.length > 0) this.attempt({ clients: left });
      }
    }
  }

  private attempt(change: Partial<SeedOptions>): boolean {
    if (this.runs >= runsMax) return false;
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
