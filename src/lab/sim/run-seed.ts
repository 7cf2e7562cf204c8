/*
 * Runs one seed and says how it ended.
 */
import { causalChain } from "./causal-chain.ts";
import type { Reached } from "./reached.ts";
import { Simulation } from "./simulation.ts";
import type { SimulationOptions } from "./simulation.ts";
import { Violation } from "./violation.ts";
import type { Story } from "./violation.ts";

export interface SeedResult {
  readonly seed: number;
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly writes: number;
  readonly operations: number;
  /** The operations of clients and the faults that there were, by name. */
  readonly done: readonly string[];
  readonly struck: readonly string[];
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
  /** The causal chain behind it, in words; empty where there is none. */
  readonly chain: readonly string[];
  /** The writes, threads and keys that it is about. */
  readonly names: readonly string[];
}

export type SeedOptions = Omit<SimulationOptions, "seed">;

const namesMax = 8;

export function runSeed(seed: number, options: SeedOptions = {}): SeedResult {
  const simulation = new Simulation({ seed, ...options });
  const failure = attempt(simulation);
  const { scheduler, trace, world, history, reached } = simulation;
  return {
    seed,
    traceHash: trace.hash,
    virtualMs: scheduler.nowMs,
    events: scheduler.events,
    writes: world.parts.size,
    operations: history.length,
    done: simulation.operations.done,
    struck: simulation.strikes.done,
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
    const atMs = simulation.scheduler.nowMs;
    const failure = { message, stack: stack ?? "", atMs };
    if (!(error instanceof Violation)) return { ...failure, invariant: undefined, chain: [], names: [] };
    const { invariant, story } = error;
    return { ...failure, invariant, ...(story.chain.length > 0 ? story : storyOf(simulation, message)) };
  }
}

/** For a violation that tells no story: that of the first write that it names. */
function storyOf({ world }: Simulation, message: string): Story {
  const names = [...new Set(Array.from(message.matchAll(/\b[ws]\d+\b/g), ([name]) => name))].slice(0, namesMax);
  const first = names.map((name) => world.parts.get(name)?.write).find((write) => write !== undefined);
  return { chain: first === undefined ? [] : causalChain(world, first, undefined).chain, names };
}
