/*
 * One node of a development cluster as a child process, started again when it dies.
 *
 *   idle ──start──▶ starting ──says "ready"──▶ ready
 *   starting, ready ──exit──▶ waiting ──delay──▶ starting      (or dead, where it is not to be restarted)
 *   starting, ready, waiting ──stop──▶ stopping ──exit──▶ stopped
 *
 * A node that was ready is started again after a second, however often it is killed. One that dies before it is ready
 * waits twice as long each time, up to a bound: what is wrong with it will hardly be right a second later.
 *
 * The child has a process group of its own, so that Ctrl-C reaches the supervisor alone, which then stops all nodes in
 * order. It has an IPC channel, by which it says that it is ready and notices when the supervisor is gone.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { NodeOutput } from "./node-output.ts";
import { invariant } from "../../shared/assert.ts";

export type NodeState = "idle" | "starting" | "ready" | "waiting" | "stopping" | "stopped" | "dead";

export interface NodeSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly outputFile: string;
}

export interface RestartOptions {
  readonly restart: boolean;
  readonly restartDelayMs: number;
  readonly restartDelayMsMax: number;
}

export interface NodeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeEvents {
  /** After every change of state, pid included. */
  onChange(node: SupervisedNode): void;
  onExit(node: SupervisedNode, exit: NodeExit): void;
}

/** What a node tells its parent; see commands/server.ts. */
export interface ReadyMessage {
  readonly type: "ready";
}

export class SupervisedNode {
  readonly spec: NodeSpec;
  state: NodeState = "idle";
  pid: number | null = null;
  /** Deaths in a row before it was ready. */
  failedStarts = 0;
  restarts = 0;
  lastExit: NodeExit | undefined;
  readonly output: NodeOutput;
  readonly #options: RestartOptions;
  readonly #events: NodeEvents;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = Promise.withResolvers<void>();

  constructor(spec: NodeSpec, options: RestartOptions, events: NodeEvents) {
    this.spec = spec;
    this.output = new NodeOutput(spec.outputFile);
    this.#options = options;
    this.#events = events;
  }

  get name(): string {
    return this.spec.name;
  }

  /** How long until it is started again after its last death. */
  get restartDelayMs(): number {
    const { restartDelayMs, restartDelayMsMax } = this.#options;
    return Math.min(restartDelayMsMax, restartDelayMs * 2 ** Math.max(0, this.failedStarts - 1));
  }

  start(): void {
    invariant(this.state === "idle" || this.state === "waiting", `a node that is ${this.state} is not started`);
    const { command, args, environment } = this.spec;
    this.output.forgetTail();
    const stdio = ["ignore", "pipe", "pipe", "ipc"] as const;
    const child = spawn(command, [...args], { env: environment, stdio: [...stdio], detached: true });
    this.#child = child;
    child.stdout?.on("data", (chunk: Uint8Array) => this.output.write(chunk));
    child.stderr?.on("data", (chunk: Uint8Array) => this.output.write(chunk));
    child.on("message", (message) => this.#onMessage(message));
    // No process at all: "exit" does not follow.
    child.on("error", (error) => {
      this.output.write(Buffer.from(`${error.message}\n`));
      if (child.pid === undefined) this.#onExit({ code: null, signal: null });
    });
    child.on("exit", (code, signal) => this.#onExit({ code, signal }));
    this.#enter("starting", child.pid ?? null);
  }

  /** Asks the node to end, ends it after the timeout, and resolves when it is gone. It is not started again. */
  async stop(timeoutMs: number): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#child === undefined) {
      if (this.state !== "dead") this.#enter("stopped", null);
      return;
    }
    if (this.state !== "stopping") this.#enter("stopping", this.pid);
    this.#child.kill("SIGTERM");
    const killer = setTimeout(() => this.kill(), timeoutMs);
    await this.#stopped.promise;
    clearTimeout(killer);
  }

  /** Ends the node at once. */
  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  #onMessage(message: unknown): void {
    if (this.state !== "starting" || !isReadyMessage(message)) return;
    this.failedStarts = 0;
    this.#enter("ready", this.pid);
  }

  #onExit(exit: NodeExit): void {
    const before = this.state;
    this.#child = undefined;
    this.lastExit = exit;
    if (before === "starting" && !isOutsideKill(exit)) this.failedStarts++;
    if (before === "stopping") this.#enter("stopped", null);
    else if (this.#options.restart) this.#waitToRestart();
    else this.#enter("dead", null);
    this.#events.onExit(this, exit);
    this.#stopped.resolve();
  }

  #waitToRestart(): void {
    this.#enter("waiting", null);
    this.#timer = setTimeout(() => {
      this.restarts++;
      this.#stopped = Promise.withResolvers<void>();
      this.start();
    }, this.restartDelayMs);
  }

  #enter(state: NodeState, pid: number | null): void {
    this.state = state;
    this.pid = pid;
    this.#events.onChange(this);
  }
}

/** Somebody else killed it: its start did not fail. */
function isOutsideKill({ signal }: NodeExit): boolean {
  return signal === "SIGKILL" || signal === "SIGTERM";
}

function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === "object" && message !== null && "type" in message && message.type === "ready";
}

export function exitText({ code, signal }: NodeExit): string {
  if (signal !== null) return `killed by ${signal}`;
  return code === null ? "could not be started" : `exit code ${code}`;
}
