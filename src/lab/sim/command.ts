/*
 * The command line of the simulator.
 */
import { parseArgs } from "node:util";
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

const usage =
  "usage: --seed N | --seeds FROM..TO [--seconds S | --hours H] [--faults LIST] [--clients LIST] [--strikes LIST] [--operations LIST] [--mutant NAME] [--trace] [--shrink]";

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

/** Answers what is wrong with it, where something is. */
export function parseCommand(args: readonly string[]): Command | string {
  const { values } = parseArgs({ args: [...args], options: flags });
  const range = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds ?? values.seed ?? "");
  if (range === null) return usage;
  const mutant = values.mutant === undefined ? undefined : mutants[values.mutant];
  if (values.mutant !== undefined && mutant === undefined) return `mutants: ${Object.keys(mutants).join(", ")}`;
  const faults = values.faults === undefined ? undefined : parseFaultKinds(values.faults);
  if (values.faults !== undefined && faults === undefined) return `faults: none, or some of ${faultKinds.join(",")}`;
  const strikes = values.strikes === undefined ? undefined : parseNames(values.strikes);
  if (values.strikes !== undefined && strikes === undefined) return "strikes: none, or a list such as crash.1-3,tear.2";
  const operations = values.operations === undefined ? undefined : parseNames(values.operations);
  if (values.operations !== undefined && operations === undefined) {
    return "operations: none, or a list of client.thought.number such as 0.3.1-4,2.7.1";
  }
  const safetyMs = Number(values.seconds ?? Number(values.hours) * 3_600) * 1_000;
  const isTimed = values.seconds !== undefined || values.hours !== undefined;
  if (isTimed && !(safetyMs > 0)) return usage;
  const from = Number(range[1]);
  const options: SeedOptions = {
    ...(mutant === undefined ? {} : { mutant }),
    ...(faults === undefined ? {} : { faults }),
    ...(values.clients === undefined ? {} : { clients: values.clients.split(",").map(Number) }),
    ...(strikes === undefined ? {} : { strikes }),
    ...(operations === undefined ? {} : { operations }),
    ...(isTimed ? { safetyMs } : {}),
    ...(values.trace === true ? { print: (line: string) => console.log(line) } : {}),
  };
  const words = values.mutant === undefined ? "" : ` --mutant ${values.mutant}`;
  return { from, to: Number(range[2] ?? from), shrink: values.shrink === true, words, options };
}
