/*
 * Runs one seed and says how it ended.
 */
import type { Mutant } from "./mutants/mutant.ts";
import type { Reached } from "./reached.ts";
import { Simulation } from "./simulation.ts";
import { Violation } from "./violation.ts";

export interface SeedResult {
  readonly seed: number;
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly writes: number;
  readonly operations: number;
  readonly reached: Reached;
  /** What broke; undefined when all went well. */
  readonly failure: SeedFailure | undefined;
}

export interface SeedFailure {
  /** Number of the invariant; undefined when the program itself broke. */
  readonly invariant: number | undefined;
  readonly message: string;
  readonly stack: string;
  readonly atMs: number;
}

export interface SeedOptions {
  readonly safetyMs?: number;
  readonly mutant?: Mutant;
  readonly print?: (line: string) => void;
}

export function runSeed(seed: number, options: SeedOptions = {}): SeedResult {
  const simulation = new Simulation({ seed, ...options });
  const failure = attempt(simulation);
  const { scheduler, trace, world, history, reached } = simulation;
  return {
    seed,
    traceHash: trace.hash,
    virtualMs: scheduler.nowMs,
    events: scheduler.events,
    writes: world.writes.size,
    operations: history.length,
    reached,
    failure,
  };
}

function attempt(simulation: Simulation): SeedFailure | undefined {
  try {
    simulation.run();
    return undefined;
  } catch (error) {
    const { message, stack } = error as Error;
    const invariant = error instanceof Violation ? error.invariant : undefined;
    return { invariant, message, stack: stack ?? "", atMs: simulation.scheduler.nowMs };
  }
}
