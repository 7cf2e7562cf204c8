/*
 * `cops up --detach`: the supervisor goes on in a session of its own, and this process returns once it says that every
 * node is ready, or why not. What it prints goes to logs/supervisor.log.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { alreadyRunning, logsDirectory } from "./dev-cluster.ts";
import { liveHolderOf } from "./process-identity.ts";
import type { CliErrorCode } from "../errors.ts";
import { CliError } from "../errors.ts";

const START_TIMEOUT_MS = 300_000;

/** What the supervisor in the background says to whoever started it, once. */
export type BackgroundMessage =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly code: CliErrorCode; readonly message: string };

/** `args` start the supervisor: this process's own program, and its arguments. Resolves with the supervisor's pid. Rejects with CliError. */
export async function detach(directory: string, args: readonly string[]): Promise<number> {
  const holder = liveHolderOf(directory);
  if (holder !== undefined) throw alreadyRunning(directory, holder.pid);
  mkdirSync(logsDirectory(directory), { recursive: true });
  const logPath = join(logsDirectory(directory), "supervisor.log");
  if (existsSync(logPath)) renameSync(logPath, `${logPath}.1`);
  const log = openSync(logPath, "a");
  const stdio = ["ignore", log, log, "ipc"] as const;
  const child = spawn(process.execPath, [...args], { detached: true, stdio: [...stdio] });
  closeSync(log);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const fail = (code: CliErrorCode, message: string): void => reject(new CliError(code, message));
  const stop = (): void => void child.kill("SIGTERM");
  const timer = setTimeout(() => {
    stop();
    fail("NODE_FAILED", `not every node was ready within ${START_TIMEOUT_MS / 1000} s; see ${logPath}`);
  }, START_TIMEOUT_MS);
  child.on("message", (message: BackgroundMessage) => {
    if (message.type === "ready") resolve(child.pid as number);
    else fail(message.code, message.message);
  });
  child.on("error", (error) => fail("NODE_FAILED", `cannot start the supervisor: ${error.message}`));
  child.on("exit", () => fail("NODE_FAILED", `the supervisor ended; see ${logPath}`));
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    if (child.connected) child.disconnect();
    child.unref();
  }
}
