/*
 * The servers that are compared, each as a process of its own: started, found ready, weighed by the CPU time that the
 * kernel accounts to it, and ended.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const readyWithinMs = 15_000;
const endWithinMs = 10_000;
/** Linux accounts processes in hundredths of a second. */
const ticksPerSecond = 100;

export interface Target {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
}

export class RunningTarget {
  readonly target: Target;
  private readonly child: ChildProcess;
  private output = "";

  private constructor(target: Target, child: ChildProcess) {
    this.target = target;
    this.child = child;
    const collect = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-4096);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
  }

  static async start(target: Target): Promise<RunningTarget> {
    const child = spawn(target.command, target.args, { stdio: ["ignore", "pipe", "pipe"] });
    const running = new RunningTarget(target, child);
    const deadline = Date.now() + readyWithinMs;
    while (!(await accepts(target.port))) {
      if (Date.now() > deadline || child.exitCode !== null) {
        child.kill("SIGKILL");
        throw new Error(`${target.name} did not get ready on port ${target.port}:\n${running.output}`);
      }
      await sleep(50);
    }
    return running;
  }

  /** CPU time of the process so far, user and system, all threads, in microseconds. */
  cpuUs(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond;
  }

  /** How it ended, if it has, and the last that it printed. */
  get lastWords(): string {
    const { exitCode, signalCode } = this.child;
    return `${this.target.name}: ${exitCode ?? signalCode ?? "runs"}\n${this.output}`;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), endWithinMs);
    await ended;
    clearTimeout(timer);
  }
}

/** Whether a PING gets an answer of any kind. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on("error", () => end(false));
    socket.on("connect", () => socket.write("*1\r\n$4\r\nPING\r\n"));
    socket.on("data", () => end(true));
  });
}
