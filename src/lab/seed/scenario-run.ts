/*
 * Runs the steps of a scenario, as the master does: starts processes, passes operations to clients and waits for their
 * answers, routes what servers send one another, prints what clients got.
 *
 *   before anything   every port that the scenario needs is free
 *   startServer/-Client  spawned at once; the first other step that needs them waits until all are connected
 *   put, get          one line to the client, one answer back, within `answerMsMax`
 *   block, unblock    the router holds messages back, or lets them go (router.ts)
 *
 * The first thing that goes wrong (a process ends, an answer does not come, an interrupt) ends the run with a RunError that
 * names the step; every process is ended in any case. No wait is without a bound.
 */
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ListenError, RunError } from "./errors.ts";
import { listenOn } from "./listen.ts";
import { localPortOf, wholeNumber } from "./names.ts";
import { quoted } from "./note.ts";
import type { Note } from "./note.ts";
import { Router } from "./router.ts";
import type { GetStep, PutStep, StartStep, Step } from "./scenario.ts";
import { StartedProcess } from "./started-process.ts";

const answerMsMax = 30_000;
/** Processes of an earlier run that lost their master go on for some seconds. */
const portFreeMsMax = 3_000;
const portCheckMs = 50;

export interface RunOutput {
  /** A line of results. */
  readonly print: (line: string) => void;
  readonly note: Note;
}

interface Awaited {
  readonly client: number;
  readonly resolve: (text: string) => void;
}

export class ScenarioRun {
  private readonly output: RunOutput;
  private readonly servers = new Map<number, StartedProcess>();
  private readonly clients = new Map<number, StartedProcess>();
  private readonly router: Router;
  private readonly trouble = new AbortController();
  private awaited: Awaited | undefined;

  constructor(output: RunOutput) {
    this.output = output;
    this.router = new Router((server, message) => this.servers.get(server)?.send(message), output.note);
  }

  /** Rejects with RunError or ListenError; whatever happens, no process is left. */
  async run(steps: readonly Step[]): Promise<void> {
    try {
      for (const port of portsOf(steps)) await this.orTrouble(untilFree(port));
      for (const step of steps) await this.carryOut(step);
    } finally {
      // Clients first: the end of a server that hosts a session would be a failure to them.
      await endAll(this.clients);
      await endAll(this.servers);
    }
  }

  /** Ends the run: `run` rejects. */
  interrupt(error: RunError): void {
    this.trouble.abort(error);
  }

  private async carryOut(step: Step): Promise<void> {
    try {
      this.trouble.signal.throwIfAborted();
      await this.orTrouble(this.perform(step));
    } catch (error) {
      if (!(error instanceof RunError) || error.code === "INTERRUPTED") throw error;
      throw new RunError(error.code, `line ${step.line}: ${error.message}`, error);
    }
  }

  private async perform(step: Step): Promise<void> {
    switch (step.kind) {
      case "startServer":
      case "startClient":
        this.start(step);
        return;
      case "block":
        this.router.block(step.putId, step.server);
        return;
      case "unblock":
        this.router.unblock(step.putId, step.server);
        return;
      case "sleep":
        await this.allConnected();
        await sleep(step.ms, undefined, { signal: this.trouble.signal });
        return;
      case "put":
      case "get":
        await this.allConnected();
        await this.operate(step);
    }
  }

  private start(step: StartStep): void {
    const started = new StartedProcess(step, {
      onText: (from, text) => this.take(from, text),
      onLost: (error) => this.trouble.abort(error),
    });
    (started.isServer ? this.servers : this.clients).set(step.id, started);
  }

  private async allConnected(): Promise<void> {
    await Promise.all(this.processes().map((one) => one.connected));
  }

  private async operate(step: PutStep | GetStep): Promise<void> {
    const { client } = step;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.awaited = { client, resolve };
    const line = step.kind === "put" ? `put ${step.key} ${step.value} ${step.putId}` : `get ${step.key}`;
    this.clients.get(client)?.send(line);
    const answer = await within(answerMsMax, promise, `client ${client} does not answer`);
    const expected = step.kind === "put" ? "putResult success" : `getResult ${step.key} `;
    if (!answer.startsWith(expected)) {
      throw new RunError("OPERATIONFAILED", `client ${client} could not ${step.kind}: ${quoted(answer)}`);
    }
    if (step.kind === "get") this.output.print(answer.slice("getResult ".length));
  }

  private take(from: StartedProcess, text: string): void {
    if (from.isServer) {
      this.route(from, text);
    } else if (this.awaited?.client === from.id) {
      this.awaited.resolve(text);
      this.awaited = undefined;
    } else {
      this.output.note(`ignored what ${from.what} says without being asked: ${quoted(text)}`);
    }
  }

  private route(from: StartedProcess, text: string): void {
    const [word, , dest, putId, ...message] = text.split(/\s+/);
    const server = wholeNumber(dest);
    if (word !== "route" || server === undefined || putId === undefined || message.length === 0) {
      this.output.note(`ignored what ${from.what} says: ${quoted(text)}`);
    } else {
      this.router.route(putId, server, message.join(" "));
    }
  }

  private processes(): StartedProcess[] {
    return [...this.servers.values(), ...this.clients.values()];
  }

  /** What `work` comes to, or the trouble that comes before. */
  private orTrouble<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.trouble;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    signal.addEventListener("abort", give);
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
    return promise;
  }
}

async function endAll(processes: ReadonlyMap<number, StartedProcess>): Promise<void> {
  await Promise.all(Array.from(processes.values(), (one) => one.end()));
}

async function within<T>(ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new RunError("TIMEOUT", `${otherwise} within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function portsOf(steps: readonly Step[]): number[] {
  return steps.flatMap((step) => {
    if (step.kind === "startServer") return [step.port, localPortOf(step.id)];
    return step.kind === "startClient" ? [step.port] : [];
  });
}

async function untilFree(port: number): Promise<void> {
  const giveUpAtMs = Date.now() + portFreeMsMax;
  for (;;) {
    const server = createServer();
    try {
      await listenOn(server, port);
      await new Promise((resolve) => {
        server.close(resolve);
      });
      return;
    } catch (error) {
      if (!(error instanceof ListenError) || Date.now() >= giveUpAtMs) throw error;
      await sleep(portCheckMs);
    }
  }
}
