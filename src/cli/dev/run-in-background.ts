/*
 * The supervisor of a detached cluster: whoever started it (detach.ts) waits for one word, that it works or why not.
 */
import type { BackgroundMessage } from "./detach.ts";
import type { RunClusterOptions } from "./run-cluster.ts";
import { runCluster } from "./run-cluster.ts";
import { CliError } from "../errors.ts";

export async function runInBackground(options: RunClusterOptions): Promise<void> {
  try {
    await runCluster({ ...options, onReady: () => tellStarter({ type: "ready" }) });
  } catch (error) {
    const code = error instanceof CliError ? error.code : "NODE_FAILED";
    tellStarter({ type: "failed", code, message: (error as Error).message });
    throw error;
  }
}

function tellStarter(message: BackgroundMessage): void {
  // It may have gone away in the meantime, which is no reason to stop.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
