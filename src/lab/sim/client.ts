/*
 * A simulated client: one thread of execution after another, each on a session of some node. It thinks, then does something:
 * a burst of operations in one pipeline, a chain of dependent ones, a move to another datacenter with a token, the adoption
 * of what another client had seen, or a numbered request that it repeats until it knows the outcome.
 *
 * When its node crashes the thread is over, unless a token taken before carries it on.
 */
import type { Seen } from "../../core/attach.ts";
import type { Session } from "../../core/session.ts";
import type { OperationSink } from "../../core/operations.ts";
import { conditionAbsent, conditionNone, conditionPresent } from "../../protocol/messages/forward.ts";
import type { Condition } from "../../protocol/messages/forward.ts";
import type { Version } from "../../protocol/version.ts";
import type { Random } from "../../shared/random.ts";
import type { HistoryPast } from "../history/format.ts";
import { SessionRecorder } from "../history/recorder.ts";
import type { HistorySink } from "../history/writer.ts";
import { PointOperation, ReadOperation, WriteOperation } from "./client-operations.ts";
import type { ClientOperation, ClientScene, WriteChoice } from "./client-operations.ts";
import type { WorkloadPlan } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import { Thread } from "./thread.ts";
import type { ThreadPast } from "./thread.ts";
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
  nextThreadName(): string;
}

const tokensMax = 32;
const pipelineMax = 64;
const moveTimeoutMs = 4_000;
const attemptsMax = 6;

export class Client implements ClientScene {
  thread!: Thread;
  node!: SimNode;
  session!: Session;
  readonly world: World;
  private incarnation = -1;
  private open = false;
  private readonly outstanding = new Set<ClientOperation>();
  /** In a move, an adoption or a numbered request: nothing else begins. */
  private busy = false;
  /** What to do when the node crashes in the middle of that. */
  private onCrash: (() => void) | undefined;
  private lastRequest = 0;
  private stopped = false;
  private readonly home: number;
  private readonly name: string;
  private readonly parts: ClientParts;
  private readonly random: Random;

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

  /** Begins nothing new. */
  stop(): void {
    this.stopped = true;
  }

  get isIdle(): boolean {
    return this.outstanding.size === 0 && !this.busy;
  }

  describe(): string {
    return `${this.name}: ${this.outstanding.size} outstanding${this.busy ? ", busy" : ""}, node ${this.node.id}`;
  }

  live(): void {
    const { thinkMs } = this.parts.plan;
    this.parts.scheduler.after(1 + this.random.below(thinkMs * 200) / 100, () => {
      if (this.stopped) return;
      if (!this.busy) this.act();
      this.live();
    });
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

  private endThread(): void {
    this.thread.isOver = true;
    this.open = false;
    this.busy = false;
  }

  private act(): void {
    if (!this.open && !this.openThread()) return;
    const { plan } = this.parts;
    const actions: [number, () => void][] = [
      [plan.read + plan.write + plan.remove + plan.conditional, () => this.burst()],
      [plan.chain, () => this.chain()],
      [plan.scan, () => this.scan()],
      [plan.move, () => this.move()],
      [plan.adopt, () => this.adopt()],
      [plan.numbered, () => this.numbered()],
      [plan.hangUp, () => this.hangUp()],
    ];
    this.weighted(actions)();
  }

  private weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let left = this.random.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, choice] of choices) {
      if (left < weight) return choice;
      left -= weight;
    }
    return (choices[0] as readonly [number, T])[1];
  }

  private openThread(): boolean {
    const node = this.runningNode(this.home);
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

  private runningNode(datacenter: number): SimNode | undefined {
    const running = this.parts.nodes.filter((node) => node.isRunning && node.datacenter === datacenter);
    return running.length === 0 ? undefined : this.random.pick(running);
  }

  private submit(operation: ClientOperation): void {
    this.outstanding.add(operation);
    const { incarnation, node } = this;
    node.turn(() => {
      if (incarnation === node.incarnation) operation.submit();
    });
  }

  private key(): string {
    const { keys, hotKeys } = this.parts.plan;
    return `k${this.random.chance(0.4) ? this.random.below(hotKeys) : this.random.below(keys)}`;
  }

  private burst(): void {
    const { plan } = this.parts;
    const count = 1 + this.random.below(plan.burstMax);
    for (let i = 0; i < count && this.outstanding.size < pipelineMax; i++) {
      this.weighted<() => void>([
        [plan.read, () => this.read(this.key())],
        [plan.write, () => this.write({ key: this.key() })],
        [plan.remove, () => this.write({ key: this.key(), remove: true })],
        [plan.conditional, () => this.conditional()],
      ])();
    }
  }

  private read(key: string): void {
    this.submit(new ReadOperation(this, key));
  }

  private write(choice: Partial<WriteChoice> & { key: string }): void {
    const plain: Omit<WriteChoice, "key"> = { remove: false, condition: conditionNone, request: undefined };
    this.submit(new WriteOperation(this, { ...plain, ...choice }));
  }

  private conditional(): void {
    const remove = this.random.chance(0.4);
    const condition = remove || this.random.chance(0.5) ? conditionPresent : conditionAbsent;
    this.write({ key: this.key(), remove, condition });
  }

  /** Each write depends on the one before, and on what was read between. */
  private chain(): void {
    for (let i = 1 + this.random.below(4); i > 0 && this.outstanding.size < pipelineMax; i--) {
      if (this.random.chance(0.5)) this.read(this.key());
      this.write({ key: this.key() });
    }
  }

  /** The connection goes away in the middle of what it asked for. */
  private hangUp(): void {
    this.burst();
    for (const operation of this.outstanding) operation.abandoned();
    this.outstanding.clear();
    this.leave();
    this.endThread();
  }

  private scan(): void {
    for (let i = 0; i < 60 && this.outstanding.size < 2 * pipelineMax; i++) {
      this.read(`k${this.random.below(this.parts.plan.keys)}`);
    }
  }

  /** Takes a token once everything is answered, then goes on. */
  private withToken(go: (token: SimToken) => void): void {
    this.busy = true;
    const { session } = this;
    const take = (): void => {
      const { recorder } = this.thread;
      const { datacenter } = this.node;
      const seen = { dependencies: session.context.dependencies(), floor: session.context.floor, datacenter };
      const token = { seen, past: this.thread.past(), history: recorder.past(), thread: this.thread };
      const { tokens } = this.parts;
      tokens.push(token);
      if (tokens.length > tokensMax) tokens.shift();
      go(token);
    };
    this.submit(new PointOperation(this, (sink) => session.barrier(sink, 0), take));
  }

  /** Goes on in any datacenter, its own included. */
  private move(): void {
    this.withToken((token) => {
      this.count("move");
      this.goTo(token, this.random.below(this.parts.nodes.length), moveTimeoutMs, (isThere) => {
        this.busy = false;
        if (!isThere) this.endThread();
      });
    });
  }

  /** Leaves the session, opens one at that node and presents the token there. */
  private goTo(token: SimToken, to: number, timeoutMs: number, then: (isThere: boolean) => void): void {
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

  private leave(): void {
    const { session } = this;
    this.node.turn(() => session.close());
    this.open = false;
  }

  private attach(
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
      }
      then(isThere);
    };
    const lost = (): void => {
      step.state = "missed";
    };
    this.submit(new PointOperation(this, start, done, lost));
  }

  /** Takes over what another client had seen, wherever that was. */
  private adopt(): void {
    const { tokens } = this.parts;
    if (tokens.length === 0) return;
    const token = this.random.pick(tokens);
    this.busy = true;
    this.onCrash = () => this.endThread();
    this.attach(token, 1 + this.random.below(moveTimeoutMs), [token.history], (isThere) => {
      this.onCrash = undefined;
      this.busy = false;
      this.count(isThere ? "adopted" : "adoption timed out");
    });
  }

  /** A numbered request, repeated under the same number until its outcome is known, also after the node crashed. */
  private numbered(): void {
    this.withToken((token) => {
      const number = ++this.lastRequest;
      const request = { client: this.name, number, answeredBelow: number };
      const condition: Condition = this.random.chance(0.2) ? conditionAbsent : conditionNone;
      const choice: WriteChoice = { key: this.key(), remove: this.random.chance(0.1), condition, request };
      this.attempt(token, new WriteOperation(this, choice), 1);
    });
  }

  private attempt(token: SimToken, operation: WriteOperation, attempt: number): void {
    const again = (): void => this.retry(token, operation, attempt);
    this.onCrash = again;
    const { session } = this;
    const start = (): void =>
      operation.submitTo(session, {
        readDone: () => operation.readDone(0, undefined),
        reached: () => operation.reached(0),
        writeDone: (_tag: number, version: Version | undefined, old: Version | undefined) => {
          this.outstanding.delete(point);
          this.onCrash = undefined;
          this.busy = false;
          if (attempt > 1) this.count("numbered request repeated");
          operation.conclude(version, old, attempt > 1 && version !== undefined);
        },
        failed: (tag, failure) => {
          this.outstanding.delete(point);
          if (attempt === 1) operation.failed(tag, failure);
          if (attempt > 1 || operation.ending === "unknown") again();
          else this.concluded(operation);
        },
      });
    const point = new PointOperation(this, start, () => undefined);
    this.submit(point);
  }

  private concluded(operation: WriteOperation): void {
    this.onCrash = undefined;
    this.busy = false;
    operation.record({ outcome: operation.ending === "refused" ? "refused" : "unknown" });
  }

  /** In the same datacenter, for it alone knows the number; by way of any of its nodes. */
  private retry(token: SimToken, operation: WriteOperation, attempt: number): void {
    // A crash while it waits changes nothing: it goes elsewhere anyway.
    this.onCrash = () => undefined;
    if (attempt >= attemptsMax) {
      operation.record({ outcome: "unknown" });
      this.endThread();
      if (this.open) this.leave();
      return;
    }
    this.parts.scheduler.after(200 * attempt, () => {
      const node = this.runningNode(token.seen.datacenter);
      if (node === undefined) {
        this.retry(token, operation, attempt + 1);
        return;
      }
      this.goTo(token, this.parts.nodes.indexOf(node), 20_000, (isThere) => {
        if (isThere) this.attempt(token, operation, attempt + 1);
        else this.retry(token, operation, attempt + 1);
      });
    });
  }

  private count(situation: string): void {
    const { reached } = this.parts;
    reached.set(situation, (reached.get(situation) ?? 0) + 1);
  }
}
