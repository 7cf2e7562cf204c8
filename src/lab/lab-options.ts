/*
 * Options of the laboratory's commands (chaos, bench): `--name VALUE`, each with a default. What is wrong is said in one line
 * with the usage behind it, and the command ends with exit code 2.
 */
import { parseArgs } from "node:util";

export interface LabOptions {
  /** Words that are no options. */
  readonly words: readonly string[];
  text(name: string): string;
  /** A whole number from 0. */
  number(name: string): number;
  flag(name: string): boolean;
}

/** The command line was not understood; the message is for its author. */
export class LabUsageError extends Error {
  override readonly name = "LabUsageError";
  readonly code = "USAGE";
}

/** Defaults name the options there are: a text for one with a value, false for a flag. Throws LabUsageError. */
export function labOptions(args: readonly string[], defaults: Readonly<Record<string, string | false>>): LabOptions {
  const options: ParseOptions = {};
  for (const [name, value] of Object.entries(defaults)) {
    options[name] = value === false ? { type: "boolean", default: false } : { type: "string", default: value };
  }
  const { values, positionals } = parsed(args, options);
  const text = (name: string): string => String(values[name]);
  return {
    words: positionals,
    text,
    number: (name) => wholeNumber(name, text(name)),
    flag: (name) => values[name] === true,
  };
}

type ParseOptions = Record<string, { type: "boolean"; default: boolean } | { type: "string"; default: string }>;

function parsed(
  args: readonly string[],
  options: ParseOptions,
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new LabUsageError((error as Error).message, { cause: error });
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new LabUsageError(`--${name} is a whole number, not ${text}`);
  return Number(text);
}

/** Runs a command: its exit code, or 2 with the message and the usage where the command line was not understood. */
export async function runLabCommand(usage: string, run: (args: readonly string[]) => Promise<number>): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    return await run(args);
  } catch (error) {
    if (!(error instanceof LabUsageError)) throw error;
    process.stderr.write(`${error.message}\n${usage}\n`);
    return 2;
  }
}
