/*
 * `cops up` in the foreground, as `npm start` runs it, in a process group of its own like a terminal's: Ctrl-C is a signal
 * to the whole group.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";

const launcher = fileURLToPath(new URL("../../bin/cops.js", import.meta.url));

export class ForegroundCluster {
  output = "";
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Resolves when it says that everything is ready. */
  static async start(cluster: Cluster): Promise<ForegroundCluster> {
    const args = [launcher, ...cluster.upArguments, "--data", cluster.data];
    const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const running = new ForegroundCluster(child);
    await until(() => running.output.includes("are ready") || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`cops up ended: ${running.output}`);
    return running;
  }

  /** Its exit code. */
  async pressCtrlC(): Promise<number | null> {
    const { pid } = this.child;
    if (pid === undefined) throw new Error("it was never started");
    const ended = once(this.child, "exit");
    process.kill(-pid, "SIGINT");
    await ended;
    return this.child.exitCode;
  }
}
