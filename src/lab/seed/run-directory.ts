/*
 * Which processes the tools of this clone have started: a file each, named by its process id, in a directory of the clone's
 * own. A process id alone says little, since the system gives it out again; with the time of its start it names one process
 * for good. So ./stopall ends what was started here and nothing else.
 *
 * A process writes its own file and removes it when it ends; what a kill -9 leaves behind, ./stopall clears away.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** COPS_SEED_RUN_DIR keeps runs of one clone apart: ./stopall ends those of its own directory only. */
const directory =
  process.env["COPS_SEED_RUN_DIR"] ??
  fileURLToPath(new URL("../../../node_modules/.cache/cops-seed/run", import.meta.url));

export interface StartedProcess {
  readonly pid: number;
  readonly startedAt: string;
  /** For people: `master`, `server 1001`. */
  readonly what: string;
}

/** Makes this process known to ./stopall until it ends. */
export function registerThisProcess(what: string): void {
  const { pid } = process;
  const startedAt = startOf(pid);
  if (startedAt === undefined) return;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = fileOf(pid);
  // Renamed into place, so that nobody reads half of it.
  writeFileSync(`${path}.new`, JSON.stringify({ pid, startedAt, what }));
  renameSync(`${path}.new`, path);
  process.on("exit", () => forget(pid));
}

export function forget(pid: number): void {
  rmSync(fileOf(pid), { force: true });
}

/** The processes that still run; files of others are removed. */
export function runningProcesses(): StartedProcess[] {
  const running: StartedProcess[] = [];
  for (const name of filesHere()) {
    const path = join(directory, name);
    const started = parse(readIfThere(path));
    if (started !== undefined && isRunning(started)) running.push(started);
    else if (!name.endsWith(".new")) rmSync(path, { force: true });
  }
  return running;
}

export function isRunning({ pid, startedAt }: StartedProcess): boolean {
  return startOf(pid) === startedAt;
}

function fileOf(pid: number): string {
  return join(directory, `${pid}.json`);
}

function filesHere(): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function parse(text: string): StartedProcess | undefined {
  const match = /^\{"pid":(\d+),"startedAt":"([^"]+)","what":"([^"]*)"\}$/.exec(text);
  if (match === null) return undefined;
  return { pid: Number(match[1]), startedAt: match[2] as string, what: match[3] as string };
}

/** When a process started, in words that no other process ever shares with its id; undefined when it does not run. */
function startOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === "") return process.platform === "linux" ? undefined : startByPs(pid);
  // The name in parentheses may hold anything; the fields after it are fixed, the state first, the start the twentieth.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : `${readIfThere("/proc/sys/kernel/random/boot_id").trim()} ${fields[19]}`;
}

function startByPs(pid: number): string | undefined {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch (error) {
    // ps answers with 1 when there is no such process.
    if ((error as { status?: number }).status === 1) return undefined;
    throw error;
  }
}
