/*
 * `cops down`: stops the development cluster of a directory, wherever it was started, and waits until it has stopped.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { dataOption } from "../command-options.ts";
import type { ClusterFile } from "../dev/cluster-file.ts";
import { readClusterFile, withPid, writeClusterFile } from "../dev/cluster-file.ts";
import type { Holder } from "../dev/process-identity.ts";
import { isAlive, liveHolderOf, startTimeOf } from "../dev/process-identity.ts";
import { CliError } from "../errors.ts";
import { printLine } from "../output.ts";

/** The supervisor gives each node 15 seconds before it ends it. */
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

export function addDownCommand(program: Command): void {
  program
    .command("down")
    .description("stop the development cluster of a data directory")
    .addOption(dataOption())
    .action(({ data }: { readonly data: string }) => runDown(data));
}

async function runDown(directory: string): Promise<void> {
  // Only what `cops up` made: other directories have locks too.
  const file = readClusterFile(directory);
  const { cluster } = file;
  const holder = liveHolderOf(directory);
  if (holder === undefined) {
    forgetGonePids(directory, file);
    printLine(`cluster ${cluster} on ${directory} does not run`);
    return;
  }
  signal(holder);
  const untilMs = performance.now() + STOP_TIMEOUT_MS;
  while (isAlive(holder)) {
    if (performance.now() > untilMs) {
      const words = `process ${holder.pid} has not stopped cluster ${cluster} within ${STOP_TIMEOUT_MS / 1000} s`;
      throw new CliError("STOP_TIMEOUT", words);
    }
    await sleep(POLL_MS);
  }
  printLine(`cluster ${cluster} stopped; the data stay in ${directory}`);
}

/** A supervisor that was killed could not say that its nodes are gone. */
function forgetGonePids(directory: string, file: ClusterFile): void {
  const nodes = file.datacenters.flatMap((datacenter) => datacenter.nodes);
  const gone = nodes.filter(({ pid }) => pid !== null && startTimeOf(pid) === undefined);
  if (gone.length === 0) return;
  const rest = gone.reduce((next, { name }) => withPid(next, name, null), file);
  writeClusterFile(directory, rest);
}

function signal({ pid }: Holder): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
