/*
 * How a simulated client is connected: its thread of execution, the session that carries it, what is outstanding there, and
 * how it goes on elsewhere with a token. What it does with all that is in client.ts.
 *
 * When its node crashes the thread is over, unless `onCrash` knows how to carry it on.
 */
import type { Seen } from "../../core/attach.ts";
import type { Session } from "../../core/session.ts";
import type { OperationSink } from "../../core/operations.ts";
import type { Random } from "../../shared/random.ts";
import type { HistoryPast } from "../../history/format.ts";
import { SessionRecorder } from "../../history/recorder.ts";
import type { HistorySink } from "../../history/writer.ts";
import { PointOperation } from "./client-operations.ts";
import type { ClientOperation, ClientScene } from "./client-operations.ts";
import type { WorkloadPlan } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import { Thread } from "./thread.ts";
import type { ThreadPast } from "./thread.ts";
import type { Trace } from "./trace.ts";
import type { World } from "./world.ts";

/** A causal token, and what the observer knows of it. */
export interface SimToken {
  readonly seen: Seen;
  readonly past: ThreadPast;
  readonly history: HistoryPast;
  readonly thread: Thread;
}

export interface ClientParts {
  readonly scheduler: Scheduler;
  readonly world: World;
  readonly history: HistorySink;
  readonly nodes: readonly SimNode[];
  readonly plan: WorkloadPlan;
  readonly random: Random;
  /** Tokens of all clients, the newest last. */
  readonly tokens: SimToken[];
  /** Situations that were reached, by name. */
  readonly reached: Map<string, number>;
  readonly trace: Trace;
  /** Whether this operation is done: a run may leave some out. */
  isChosen(operation: string): boolean;
  nextThreadName(): string;
}

const tokensMax = 32;

export class ClientConnection implements ClientScene {
  thread!: Thread;
  node!: SimNode;
  session!: Session;
  readonly world: World;
  protected open = false;
  protected readonly outstanding: Set<ClientOperation> = new Set();
  /** In a move, an adoption or a numbered request: nothing else begins. */
  protected busy = false;
  /** What to do when the node crashes in the middle of that. */
  protected onCrash: (() => void) | undefined;
  protected readonly name: string;
  protected readonly parts: ClientParts;
  /** Of what it does now: each thing has a stream of its own, so that it can be left out. */
  protected random: Random;
  private readonly home: number;
  private incarnation = -1;

  constructor(name: string, home: number, parts: ClientParts) {
    this.name = name;
    this.home = home;
    this.parts = parts;
    this.world = parts.world;
    this.random = parts.random;
  }

  nowMs(): number {
    return this.parts.scheduler.nowMs;
  }

  over(operation: ClientOperation): void {
    this.outstanding.delete(operation);
  }

  nodeCrashed(node: SimNode): void {
    if (!this.open || this.node !== node) return;
    this.open = false;
    for (const operation of this.outstanding) operation.abandoned();
    this.outstanding.clear();
    const { onCrash } = this;
    this.onCrash = undefined;
    if (onCrash === undefined) this.endThread();
    else onCrash();
  }

  protected endThread(): void {
    this.thread.isOver = true;
    this.open = false;
    this.busy = false;
    this.onCrash = undefined;
  }

  protected openThread(): boolean {
    const node = this.runningNode(this.home, this.random.fork("node"));
    if (node === undefined) return false;
    this.thread = new Thread(new SessionRecorder(this.parts.history, this.parts.nextThreadName(), node.datacenter));
    this.connect(node);
    return true;
  }

  private connect(node: SimNode): void {
    this.node = node;
    this.incarnation = node.incarnation;
    this.session = node.core!.createSession();
    this.open = true;
  }

  protected runningNode(datacenter: number, random: Random): SimNode | undefined {
    const running = this.parts.nodes.filter((node) => node.isRunning && node.datacenter === datacenter);
    return running.length === 0 ? undefined : random.pick(running);
  }

  protected submit(operation: ClientOperation): void {
    this.outstanding.add(operation);
    const { incarnation, node } = this;
    node.turn(() => {
      if (incarnation === node.incarnation) operation.submit();
    });
  }

  /** Takes a token once everything is answered, then goes on. */
  protected withToken(go: (token: SimToken) => void): void {
    this.busy = true;
    const { session } = this;
    const take = (): void => {
      const { recorder } = this.thread;
      const { datacenter } = this.node;
      const seen = { dependencies: session.context.dependencies(), floor: session.context.floor, datacenter };
      this.count("tokens with prefixes", seen.dependencies.prefixes.length > 0 ? 1 : 0);
      const token = { seen, past: this.thread.past(), history: recorder.past(), thread: this.thread };
      const { tokens } = this.parts;
      tokens.push(token);
      if (tokens.length > tokensMax) tokens.shift();
      go(token);
    };
    this.submit(new PointOperation(this, (sink) => session.barrier(sink, 0), take));
  }

  /** Leaves the session, opens one at that node and presents the token there. */
  protected goTo(token: SimToken, to: number, timeoutMs: number, then: (isThere: boolean) => void): void {
    const node = this.parts.nodes[to];
    if (this.open) this.leave();
    if (node?.core === undefined) {
      then(false);
      return;
    }
    this.connect(node);
    this.onCrash = () => then(false);
    this.attach(token, timeoutMs, [], (isThere) => {
      this.onCrash = undefined;
      then(isThere);
    });
  }

  protected leave(): void {
    const { session } = this;
    this.node.turn(() => session.close());
    this.open = false;
  }

  protected attach(
    token: SimToken,
    timeoutMs: number,
    pasts: readonly HistoryPast[],
    then: (isThere: boolean) => void,
  ): void {
    const { thread, session, node } = this;
    const step = thread.begin(undefined);
    const seq = thread.recorder.begin();
    const startMs = this.nowMs();
    const start = (sink: OperationSink): void => session.attachTo(token.seen, timeoutMs, sink, 0);
    const done = (isThere: boolean): void => {
      step.state = isThere ? "done" : "missed";
      if (isThere) {
        step.saw = token.past.saw;
        thread.takeOver(token.past);
        thread.recorder.attach(seq, startMs, this.nowMs(), node.datacenter, pasts);
        this.note("attached", () => `${thread.name} at ${node.id}, with what ${token.thread.name} had seen`);
      }
      then(isThere);
    };
    const lost = (): void => {
      step.state = "missed";
    };
    this.submit(new PointOperation(this, start, done, lost));
  }

  note(kind: string, what: () => string): void {
    this.parts.trace.note(kind, 0, 0, what);
  }

  get valueBytes(): number {
    return this.parts.plan.valueBytes;
  }

  count(situation: string, times: number = 1): void {
    const { reached } = this.parts;
    if (times > 0) reached.set(situation, (reached.get(situation) ?? 0) + times);
  }
}
