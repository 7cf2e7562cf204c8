/*
 * The program behind ./stopall: ends every process that ./master and ./process of this clone have started, and nothing
 * else. Masters go first, so that they do not take the end of their processes for a failure.
 *
 * Exit codes: 0 nothing of the kind runs any more, 1 something would not end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { forget, isRunning, runningProcesses } from "../run-directory.ts";
import type { StartedProcess } from "../run-directory.ts";

const politeMsMax = 5_000;
const forcedMsMax = 2_000;
const checkMs = 20;

function signal({ pid }: StartedProcess, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone in the meantime: as wanted.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function end(processes: readonly StartedProcess[], name: "SIGTERM" | "SIGKILL", msMax: number): Promise<void> {
  const running = processes.filter(isRunning);
  for (const one of running) signal(one, name);
  const giveUpAtMs = Date.now() + msMax;
  while (running.some(isRunning) && Date.now() < giveUpAtMs) await sleep(checkMs);
}

const found = runningProcesses();
const masters = found.filter(({ what }) => what === "master");
await end(masters, "SIGTERM", politeMsMax);
await end(found, "SIGTERM", politeMsMax);
await end(found, "SIGKILL", forcedMsMax);
const left = found.filter(isRunning);
for (const one of found) if (!left.includes(one)) forget(one.pid);
for (const { what, pid } of left) process.stderr.write(`stopall: ${what} (process ${pid}) does not end\n`);
process.stdout.write(`ended ${found.length - left.length} processes\n`);
process.exitCode = left.length === 0 ? 0 : 1;
