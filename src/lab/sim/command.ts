/*
 * The command line of the simulator.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { LabUsageError } from "../lab-options.ts";
import { faultKinds, parseFaultKinds } from "./fault-kinds.ts";
import { mutants } from "./mutants/all.ts";
import { parseNames } from "./name-list.ts";
import type { SeedOptions } from "./run-seed.ts";

export interface Command {
  readonly from: number;
  readonly to: number;
  readonly shrink: boolean;
  /** What to say again, beside the seed, to run the same. */
  readonly words: string;
  readonly options: SeedOptions;
}

/** Drawn seeds are short enough to be said aloud. */
const seedsDrawnMax = 1_000_000_000;

export const usage = `usage: npm run sim -- [--seed N | --seeds FROM..TO] [options]

Runs a cluster on virtual time, with faults, and judges every step and every answer. Without a seed it draws one.

  --seed N             one seed; --seeds FROM..TO: all of them, one after the other
  --seconds S          virtual seconds under faults, 20 where nothing is said; --hours H: the same in hours
  --faults LIST        none, or some of ${faultKinds.join(",")}
  --trace              a transcript that a person can follow
  --shrink             makes a schedule that fails as small as possible
  --mutant NAME        breaks a rule of the protocol first (npm run mutants names them)
  --clients LIST       with these clients alone, e.g. 0,3
  --strikes LIST       with these faults alone, e.g. crash.1-3,tear.2 (a shrunk schedule prints them)
  --operations LIST    with these operations alone, client.thought.number, e.g. 0.3.1-4,2.7.1

Exit codes: 0 every seed went well, 1 some did not, 2 the command line was not understood.`;

const flags = {
  seed: { type: "string" },
  seeds: { type: "string" },
  seconds: { type: "string" },
  hours: { type: "string" },
  faults: { type: "string" },
  clients: { type: "string" },
  strikes: { type: "string" },
  operations: { type: "string" },
  mutant: { type: "string" },
  trace: { type: "boolean" },
  shrink: { type: "boolean" },
} as const;

type Values = Partial<Record<string, string | boolean>>;

function flagsOf(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: flags }).values;
  } catch (error) {
    throw new LabUsageError((error as Error).message, { cause: error });
  }
}

/** The seeds from and to; a drawn one where none is named. */
function seedsOf({ seed, seeds }: Values): readonly [number, number] {
  if (seed !== undefined && seeds !== undefined) throw new LabUsageError("--seed or --seeds, not both");
  if (seed === undefined && seeds === undefined) {
    const drawn = randomInt(seedsDrawnMax);
    return [drawn, drawn];
  }
  if (seed !== undefined) {
    if (!/^\d{1,15}$/.test(String(seed))) throw new LabUsageError(`--seed is a whole number, not ${String(seed)}`);
    return [Number(seed), Number(seed)];
  }
  const range = /^(\d{1,15})\.\.(\d{1,15})$/.exec(String(seeds));
  if (range === null || Number(range[1]) > Number(range[2])) {
    throw new LabUsageError(`--seeds is FROM..TO such as 1..200, not ${String(seeds)}`);
  }
  return [Number(range[1]), Number(range[2])];
}

/** Of a flag that has a value: what it says, undefined where it is not there; throws what would be right. */
function listOf<T>(
  text: string | boolean | undefined,
  parse: (text: string) => T | undefined,
  right: string,
): T | undefined {
  if (text === undefined) return undefined;
  const parsed = parse(String(text));
  if (parsed === undefined) throw new LabUsageError(`${right}; not ${String(text)}`);
  return parsed;
}

function clientsOf(text: string): number[] | undefined {
  return /^\d{1,4}(,\d{1,4})*$/.test(text) ? text.split(",").map(Number) : undefined;
}

/** Throws LabUsageError. */
export function parseCommand(args: readonly string[]): Command {
  const values = flagsOf(args);
  const [from, to] = seedsOf(values);
  const mutant = listOf(values["mutant"], (name) => mutants[name], `mutants: ${Object.keys(mutants).join(", ")}`);
  const faults = listOf(values["faults"], parseFaultKinds, `--faults: none, or some of ${faultKinds.join(",")}`);
  const strikes = listOf(values["strikes"], parseNames, "--strikes: none, or a list such as crash.1-3,tear.2");
  const clients = listOf(values["clients"], clientsOf, "--clients: a list of numbers such as 0,3");
  const operations = listOf(
    values["operations"],
    parseNames,
    "--operations: none, or a list of client.thought.number such as 0.3.1-4,2.7.1",
  );
  const safetyMs = Number(values["seconds"] ?? Number(values["hours"]) * 3_600) * 1_000;
  const isTimed = values["seconds"] !== undefined || values["hours"] !== undefined;
  if (isTimed && !(safetyMs > 0)) throw new LabUsageError("--seconds and --hours are numbers above 0");
  const options: SeedOptions = {
    ...(mutant === undefined ? {} : { mutant }),
    ...(faults === undefined ? {} : { faults }),
    ...(clients === undefined ? {} : { clients }),
    ...(strikes === undefined ? {} : { strikes }),
    ...(operations === undefined ? {} : { operations }),
    ...(isTimed ? { safetyMs } : {}),
    ...(values["trace"] === true ? { print: (line: string) => console.log(line) } : {}),
  };
  const words = mutant === undefined ? "" : ` --mutant ${String(values["mutant"])}`;
  return { from, to, shrink: values["shrink"] === true, words, options };
}
