/*
 * Processes by their number: ended for certain, and looked for.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const killedAfterMs = 10_000;

/** A zombie has ended: only its parent has not asked yet. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}

/** SIGKILL for all of them, with nothing in between; resolves when none runs. */
export async function killAndWait(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, "SIGKILL");
  await gone(pids);
}

async function gone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + killedAfterMs;
  while (pids.some(isRunning)) {
    if (performance.now() > deadline) throw new Error(`still running: ${pids.filter(isRunning).join(", ")}`);
    await sleep(20);
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Every process that has this text among its arguments, this one left out. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandLineOf(pid).includes(text));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
