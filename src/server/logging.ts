/*
 * The node's log for people and machines: one JSON object a line on standard output, or one readable line where that is a
 * terminal. Every line names the node and its datacenter.
 *
 * What must never be in a log is taken out by name (passwords, secrets, tokens, authorization headers); values and keys of
 * users are not logged in the first place.
 */
import pino from "pino";
import type { Logger } from "pino";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  readonly node: string;
  readonly datacenter: string;
  /** Where lines go; standard output unless told. */
  readonly output?: LogOutput;
}

/** Takes one whole line at a time. */
export interface LogOutput {
  readonly isTTY?: boolean | undefined;
  write(line: string): unknown;
}

const secretNames = ["password", "secret", "token", "authorization", "cookie"];
const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export function createLogger({ level, node, datacenter, output }: LogOptions): Logger {
  const target = output ?? standardOutput();
  return pino(
    {
      level,
      base: { node, datacenter },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: "[not logged]" },
    },
    target.isTTY === true ? { write: (line) => void target.write(readable(line)) } : target,
  );
}

/** Straight to the file descriptor: what was logged before a crash is out. */
function standardOutput(): LogOutput {
  return process.stdout.isTTY ? process.stdout : pino.destination({ dest: 1, sync: true });
}

const wideLevels: Readonly<Record<string, string>> = { info: "info ", warn: "warn " };

/** One line for a terminal: `12:34:56.789 warn  east-0  the link went down  peer=257 why=...` */
function readable(json: string): string {
  const { level, time, node, datacenter, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const stack = (err as { stack?: string } | undefined)?.stack;
  const words = Object.entries(fields).map(([name, value]) => `${name}=${inText(value)}`);
  const clock = inText(time).slice(11, 23);
  const level5 = wideLevels[inText(level)] ?? inText(level);
  const head = `${clock} ${level5} ${inText(datacenter)}/${inText(node)}  ${inText(msg)}`;
  const line = words.length === 0 ? head : `${head}  ${words.join(" ")}`;
  return stack === undefined ? `${line}\n` : `${line}\n${stack.replaceAll(/^/gm, "    ")}\n`;
}

function inText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
