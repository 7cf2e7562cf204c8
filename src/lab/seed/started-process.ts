/*
 * One process that the master started through ./process, and the connection to its port.
 *
 *   spawned ──its port answers──▶ connected ──end()──▶ over
 *           ──it ends, its port or its words are not as they should be──▶ over, and `onLost` tells
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { RunError } from "./errors.ts";
import type { RunErrorCode } from "./errors.ts";
import { FramingError, TextParser } from "./master-texts.ts";
import { loopback } from "./names.ts";
import type { StartStep } from "./scenario.ts";
import { TextSocket } from "./text-socket.ts";

const program = fileURLToPath(new URL("../../../process", import.meta.url));
const redialMs = 10;
const connectMsMax = 30_000;
const politeMsMax = 3_000;

export interface ProcessEvents {
  onText(from: StartedProcess, text: string): void;
  /** Called once, unless the master ended the process itself. */
  onLost(error: RunError): void;
}

export class StartedProcess {
  readonly what: string;
  readonly id: number;
  readonly isServer: boolean;
  /** Resolves when its port answers, or when it is over. */
  readonly connected: Promise<void>;
  private readonly child: ChildProcess;
  private readonly events: ProcessEvents;
  private readonly port: number;
  private connection: TextSocket | undefined;
  private over = false;

  constructor(step: StartStep, events: ProcessEvents) {
    this.isServer = step.kind === "startServer";
    this.id = step.id;
    this.port = step.port;
    this.events = events;
    const kind = this.isServer ? "server" : "client";
    this.what = `${kind} ${step.id}`;
    const words = [kind, step.id, step.group, step.partitions, step.port].map(String);
    // In a group of its own: a Ctrl-C reaches the master alone, which then ends its processes in order.
    this.child = spawn(program, words, { stdio: ["ignore", 2, 2], detached: true });
    this.child.once("error", (error) => this.lost("PROCESSENDED", `cannot be started: ${error.message}`));
    this.child.once("exit", (code, signal) => this.lost("PROCESSENDED", `ended (${signal ?? `exit code ${code}`})`));
    this.connected = this.dial(Date.now() + connectMsMax);
  }

  /** Sends a line; false when the process is not connected, and the line is lost. */
  send(line: string): boolean {
    return this.connection?.write(`${line}\n`) ?? false;
  }

  /** Ends the process. Resolves when it is gone. */
  async end(): Promise<void> {
    this.over = true;
    const { child } = this;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), politeMsMax);
    await gone;
    clearTimeout(force);
  }

  private async dial(giveUpAtMs: number): Promise<void> {
    while (!this.over) {
      const connection = await openTo(this.port);
      if (connection !== undefined) {
        this.attach(connection);
        return;
      }
      if (Date.now() >= giveUpAtMs) this.lost("TIMEOUT", `does not listen on port ${this.port}`);
      await sleep(redialMs);
    }
  }

  private attach(connection: TextSocket): void {
    this.connection = connection;
    const parser = new TextParser();
    connection.onText = (chunk) => this.take(parser, chunk);
    connection.onClosed = (why) => this.lost("PROCESSENDED", `broke its connection: ${why}`);
  }

  private take(parser: TextParser, chunk: string): void {
    if (this.over) return;
    try {
      for (const text of parser.take(chunk)) this.events.onText(this, text);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.lost("PROTOCOL", `says what the master cannot read: ${error.message}`);
    }
  }

  private lost(code: RunErrorCode, how: string): void {
    if (this.over) return;
    this.over = true;
    this.events.onLost(new RunError(code, `${this.what} ${how}`));
  }
}

/** Undefined when nothing listens there yet. */
async function openTo(port: number): Promise<TextSocket | undefined> {
  const socket = connect(port, loopback);
  const connection = new TextSocket(socket);
  const { promise, resolve } = Promise.withResolvers<TextSocket | undefined>();
  connection.onClosed = () => resolve(undefined);
  socket.once("connect", () => resolve(connection));
  return promise;
}
