/*
 * The client without sockets: admits operations, shares links, timers and limits among contexts, opens and closes.
 *
 * In: calls (client.ts), links' events and time through the ports of transport.ts. Out: commands on links, promises
 * settled, events for the program.
 *
 *   opening ──a node is ready──▶ open ──close──▶ closing ──all finished, or out of time──▶ closed
 *
 * Every promise that was given out is settled when the client is closed (docs/CLIENT.md, "Closing").
 */
import type { OpenedToken } from "./answers.ts";
import { Attaches } from "./attaches.ts";
import { Budget } from "./budget.ts";
import { helloCommand } from "./commands.ts";
import type { ContextThread } from "./context-thread.ts";
import {
  BackpressureError,
  ClientClosedError,
  ContextBusyError,
  ContextDeletedError,
  OperationAbortedError,
  UnknownOutcomeError,
} from "./errors.ts";
import type { ClientError } from "./errors.ts";
import type { ClientEvent, ClientFigures } from "./events.ts";
import { pendingPerContextMax } from "./limits.ts";
import type { LinkSurroundings } from "./node-link.ts";
import { NodeLinks } from "./node-links.ts";
import type { RoutesHost } from "./node-links.ts";
import { Opening } from "./opening.ts";
import { WriteOperation } from "./operations.ts";
import type { Call, Operation } from "./operations.ts";
import type { Settings } from "./options.ts";
import { timeoutOf } from "./options.ts";
import { RequestLanes } from "./request-lanes.ts";
import type { WriteResult } from "./results.ts";
import type { Counters, RetryPolicy, ThreadHost } from "./thread-host.ts";
import { partitionOfKey } from "./topology.ts";
import type { Topology } from "./topology.ts";
import { notSet, TimerWheel } from "./timer-wheel.ts";
import type { Timed } from "./timer-wheel.ts";
import type { Surroundings, Transport } from "./transport.ts";
import type { OutcomeInQuestion, ResolveOptions } from "./unknown-write.ts";
import { invariant } from "../shared/assert.ts";
import type { ByteString } from "../shared/bytes.ts";
import { byteStringOfUtf8 } from "../shared/bytes.ts";

export class ClientCore implements ThreadHost, RoutesHost, Timed {
  /** Set while closing waits for operations to finish. */
  tick = notSet;
  readonly time: Surroundings;
  readonly wheel: TimerWheel;
  readonly budget: Budget;
  readonly links: NodeLinks;
  readonly lanes: RequestLanes;
  readonly retry: RetryPolicy;
  readonly counters: Counters = { operations: 0, retries: 0, readsOutOfOrder: 0, outcomesUnknown: 0 };
  readonly settings: Settings;
  readonly attaches: Attaches;
  private readonly opening: Opening;
  private readonly open = new Map<Operation, ContextThread>();
  private readonly parked = new Set<ContextThread>();
  private state: "open" | "closing" | "closed" = "open";
  private readonly whenClosed = Promise.withResolvers<void>();

  constructor(settings: Settings, transport: Transport, time: Surroundings) {
    this.settings = settings;
    this.time = time;
    this.retry = settings.retry;
    this.wheel = new TimerWheel(time);
    this.budget = new Budget(settings.pendingOperationsMax, settings.pendingBytesMax);
    this.lanes = new RequestLanes(time.uniqueId());
    const { name, username, password, connectTimeoutMs, silenceMs, seeds } = settings;
    const secret = password === undefined ? undefined : byteStringOfUtf8(password);
    const hello = helloCommand(byteStringOfUtf8(name), byteStringOfUtf8(username), secret);
    const shared: LinkSurroundings = {
      transport,
      time,
      wheel: this.wheel,
      budget: this.budget,
      hello,
      greetingTimeoutMs: connectTimeoutMs,
    };
    this.links = new NodeLinks(seeds, shared, silenceMs, this);
    this.attaches = new Attaches(shared, this.links, settings.retry);
    this.opening = new Opening(this, connectTimeoutMs);
  }

  /** Resolves when operations can be carried out; the client is closed when it rejects. */
  async connect(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.opening.begin(signal);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  get topology(): Topology {
    const { topology } = this.links;
    invariant(topology !== undefined, "a client that is connected knows the topology");
    return topology;
  }

  get figures(): ClientFigures {
    const { operations: pendingOperations, bytes: pendingBytes } = this.budget;
    const { readyCount: linksReady, forwarded } = this.links;
    return { pendingOperations, pendingBytes, linksReady, forwarded, ...this.counters };
  }

  partitionOf(key: ByteString): number {
    return partitionOfKey(key, this.topology);
  }

  /** One of the partitions of these keys: its owner has as many of them as any. */
  partitionOfMost(keys: readonly ByteString[]): number {
    return this.links.mostlyOwned(keys.map((key) => this.partitionOf(key)));
  }

  /** Throws why this context may not do this now. */
  assertMay(thread: ContextThread, write: boolean): void {
    if (this.state !== "open") throw new ClientClosedError();
    if (thread.deleted) throw new ContextDeletedError();
    if (!write) return;
    if (thread.writing !== undefined) throw new ContextBusyError(thread.writing.resolves ? "resolve" : "write");
    if (thread.unknown !== undefined) throw new UnknownOutcomeError(thread.unknown);
  }

  /** The operation is the client's from now on: it ends once. Throws, and then it has not begun. */
  submit(thread: ContextThread, operation: Operation): void {
    const { signal, timeoutMs } = operation.call;
    if (signal?.aborted === true) throw new OperationAbortedError(operation.name, signal.reason);
    if (thread.pending >= pendingPerContextMax) {
      throw new BackpressureError("operations of the context", pendingPerContextMax);
    }
    const refusal = this.budget.refusal(operation.bytes);
    if (refusal !== undefined) throw refusal;
    this.budget.charge(operation.bytes);
    this.counters.operations++;
    this.open.set(operation, thread);
    this.wheel.set(operation, this.time.nowMs() + timeoutMs);
    operation.listen();
    thread.submit(operation);
  }

  attach(token: ByteString, call: Call<OpenedToken>): void {
    if (this.state !== "open") throw new ClientClosedError();
    this.attaches.begin(token, call);
  }

  resolveOutcome(thread: ContextThread, outcome: OutcomeInQuestion, options: ResolveOptions): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      if (this.state !== "open") throw new ClientClosedError();
      if (thread.writing !== undefined) throw new ContextBusyError("resolve");
      // A repeat beyond what nodes remember could apply twice.
      if (!outcome.resolvable) throw new UnknownOutcomeError(outcome);
      const timeoutMs = timeoutOf(options.timeoutMs, this.settings.timeoutMs);
      const call: Call<WriteResult> = { timeoutMs, signal: options.signal, resolve, reject };
      const { order, partition } = outcome.numbered;
      this.submit(thread, new WriteOperation(thread, call, order, partition, outcome));
    });
  }

  park(thread: ContextThread): void {
    this.parked.add(thread);
  }

  finished(thread: ContextThread, operation: Operation): void {
    this.open.delete(operation);
    this.wheel.cancel(operation);
    if (thread.pending === 0) this.parked.delete(thread);
    if (this.state === "closing" && this.open.size === 0) this.time.soon(() => this.destroy());
  }

  routesChanged(): void {
    const threads = [...this.parked];
    this.parked.clear();
    for (const thread of threads) thread.advance();
    this.attaches.pump();
    this.opening.check();
  }

  linkFailed(error: ClientError): void {
    this.opening.check(error);
  }

  tell(event: ClientEvent): void {
    const { onEvent } = this.settings;
    if (onEvent === undefined) return;
    try {
      onEvent(event);
    } catch (error) {
      this.time.soon(() => {
        throw error;
      });
    }
  }

  /** Nothing more is accepted; what was has `timeoutMs` to finish. */
  close(timeoutMs: number): Promise<void> {
    if (this.state === "open") {
      this.state = "closing";
      if (this.open.size === 0 || timeoutMs === 0) this.destroy();
      else this.wheel.set(this, this.time.nowMs() + timeoutMs);
    }
    return this.whenClosed.promise;
  }

  /** Closing has waited long enough. */
  onDue(): void {
    this.destroy();
  }

  private destroy(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.links.close();
    this.attaches.close();
    for (const [operation, thread] of this.open) thread.ended(operation, new ClientClosedError());
    this.parked.clear();
    this.wheel.close();
    this.whenClosed.resolve();
  }
}
