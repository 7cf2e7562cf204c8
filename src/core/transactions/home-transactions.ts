/*
 * Write transactions of clients of this datacenter, at the node that coordinates them: the owner of the first key (design,
 * 3.6; the paper has none, Eiger's section 3.3 has).
 *
 *   begin ──▶ refused, or the first answer again
 *         ──▶ own records read, own parts judged and held ──every key here──▶ decided at once: one frame, no votes
 *                                                         ──▶ prepares to the other nodes (coordinator.ts)
 *   a no: a condition ──▶ nothing was written      another transaction in the way ──▶ begun again, a little later
 *   no answer, a link lost ──▶ UNAVAILABLE         no word of a commit after the decision ──▶ UNKNOWNOUTCOME
 *
 * Bounded by `transactionsMax` and `transactionAttemptsMax`.
 */
import type { Coordinated, Order, OutcomeListener, OwnPart } from "./coordinated.ts";
import type { Coordinator } from "./coordinator.ts";
import { conditionFailed, conflict, resolved, told } from "./part-judgement.ts";
import type { Head } from "../head.ts";
import { conditionHolds, judgedAgainst, looksAtRecord, needsRecord, toldBytes } from "../judgement.ts";
import type { KeyRecord } from "../key-record.ts";
import type { LoadWaiter, NodeState } from "../node-state.ts";
import type { NodeId } from "../placement.ts";
import { PreparedWrite } from "../prepared-write.ts";
import {
  dependenciesMax,
  forwardedRequestTimeoutMs,
  oldValuesBytesMax,
  prepareMsMax,
  transactionAttemptsMax,
  transactionBytesMax,
  transactionKeysMax,
  transactionsMax,
} from "../../shared/limits.ts";
import { noDependencies } from "../../protocol/dependencies.ts";
import type { Version } from "../../protocol/version.ts";
import type { Write } from "../../protocol/write.ts";

const retryMsMin = 10;

/** Waits for the records of own parts. */
class OrderInHand implements LoadWaiter {
  private missing = 1;
  private readonly ready: () => void;

  constructor(ready: () => void) {
    this.ready = ready;
  }

  await(state: NodeState, record: KeyRecord): void {
    this.missing++;
    state.load(record, this);
  }

  recordLoaded(): void {
    if (--this.missing === 0) this.ready();
  }
}

/** Met another transaction that holds a key, and is begun again. */
export interface Delayed {
  readonly order: Order;
  readonly listeners: OutcomeListener[];
  readonly attempt: number;
  /** When the attempt before was begun. */
  readonly sinceMs: number;
  readonly atMs: number;
}

export class HomeTransactions {
  private delayed: Delayed[] = [];
  /** Numbered requests that are under way: a repetition waits for the same outcome. */
  private readonly byRequest = new Map<string, Coordinated>();
  private readonly state: NodeState;
  private readonly head: Head;
  private readonly coordinator: Coordinator;

  constructor(state: NodeState, head: Head, coordinator: Coordinator) {
    this.state = state;
    this.head = head;
    this.coordinator = coordinator;
    coordinator.onRefused = (transaction, failure) => this.refused(transaction, failure);
  }

  /** Those that wait to be begun again. */
  get allDelayed(): readonly Delayed[] {
    return this.delayed;
  }

  /**
   * put_trans. `listener` is told once, when every part is committed, or nothing was done. Where it is proposed before this
   * returns, answers its version, so that the next write of the session can depend on it.
   */
  begin(order: Order, listener: OutcomeListener): Version | undefined {
    const problem = this.problemOf(order);
    if (problem !== undefined) {
      listener.failed(problem);
      return undefined;
    }
    if (order.request !== undefined && this.isRepeat(order, listener)) return undefined;
    return this.attempt(order, [listener], 1);
  }

  onLinkDown(peer: NodeId): void {
    for (const transaction of this.coordinator.table.values()) {
      if (this.isUndecided(transaction) && transaction.cohorts.has(peer)) this.refused(transaction, "UNAVAILABLE");
    }
  }

  tick(): void {
    const { timerMs } = this.state;
    for (const [name, { state }] of this.byRequest) if (state === "over") this.byRequest.delete(name);
    for (const transaction of this.coordinator.table.values()) {
      if (transaction.deadlineMs > timerMs) continue;
      if (this.isUndecided(transaction)) this.refused(transaction, "UNAVAILABLE");
      else transaction.tell((listener) => listener.failed("UNKNOWNOUTCOME"));
      transaction.deadlineMs = Number.POSITIVE_INFINITY;
    }
    if (this.delayed.length === 0) return;
    const due = this.delayed.filter(({ atMs }) => atMs <= timerMs);
    this.delayed = this.delayed.filter(({ atMs }) => atMs > timerMs);
    for (const { order, listeners, attempt } of due) this.attempt(order, listeners, attempt);
  }

  private isUndecided({ state, order }: Coordinated): boolean {
    return state === "preparing" && order !== undefined;
  }

  private problemOf({ writes, dependencies, floor }: Order): string | undefined {
    const { state, head, coordinator } = this;
    const first = writes[0];
    const isHere = first !== undefined && state.local(partitionOf(state, first.key)) !== undefined;
    if (!isHere || writes.length > transactionKeysMax) return "UNAVAILABLE";
    let bytes = 0;
    for (const { key, value } of writes) bytes += key.length + value.length;
    const isFull = coordinator.isFull || this.delayed.length >= transactionsMax;
    if (bytes > transactionBytesMax || isFull || !head.canPropose) return "BUSY";
    if (!state.placement.hasOriginsOf(dependencies)) return "BADCONTEXT";
    if (dependencies.dots.length + writes.length * 2 >= dependenciesMax * 2) return "BADCONTEXT";
    return head.refusal(floor);
  }

  /** Answers a request that was begun before. */
  private isRepeat(order: Order, listener: OutcomeListener): boolean {
    const request = order.request as NonNullable<Order["request"]>;
    const listeners = this.listenersOf(request);
    if (listeners !== undefined) {
      listeners.push(listener);
      return true;
    }
    const answered = this.head.requests.find(request);
    if (answered === undefined) {
      if (!this.head.requests.full) return false;
      listener.failed("BUSY");
      return true;
    }
    if (answered === "forgotten" || answered.key !== order.writes[0]?.key) listener.failed("STALEREQUEST");
    else {
      this.state.counters.requestsRepeated++;
      const { version, lsn } = answered;
      this.whenDurable(lsn, () => this.repeatAnswer(version, listener));
    }
    return true;
  }

  /** A restart lets the decision be known before every part is committed. */
  private repeatAnswer(version: Version | undefined, listener: OutcomeListener): void {
    const undone = version === undefined ? undefined : this.undone(version);
    if (undone === undefined) {
      listener.done(version, [], true, this.state.clock.told());
      return;
    }
    undone.deadlineMs = Math.min(undone.deadlineMs, this.state.timerMs + forwardedRequestTimeoutMs);
    undone.listeners.push({ done: () => listener.done(version, [], true, 0), failed: (code) => listener.failed(code) });
  }

  /** The transaction of this dot, where not every part is known to be committed. */
  private undone({ datacenter, partition, seq }: Version): Coordinated | undefined {
    for (const transaction of this.coordinator.table.values()) {
      const { id, state } = transaction;
      const isIt = id.datacenter === datacenter && id.partition === partition && transaction.seq === seq;
      if (isIt && (state === "deciding" || state === "decided")) return transaction;
    }
    return undefined;
  }

  /** Who waits for the outcome of this request, where it is under way. */
  private listenersOf(request: NonNullable<Order["request"]>): OutcomeListener[] | undefined {
    const name = nameOf(request);
    const underWay = this.byRequest.get(name);
    if (underWay !== undefined && underWay.state !== "over") return underWay.listeners;
    const same = ({ order }: Delayed): boolean => order.request !== undefined && nameOf(order.request) === name;
    return this.delayed.find(same)?.listeners;
  }

  private attempt(order: Order, listeners: readonly OutcomeListener[], attempt: number): Version | undefined {
    const { state, coordinator } = this;
    const [first] = order.writes;
    if (first === undefined) return undefined;
    const id = { datacenter: state.datacenter, partition: partitionOf(state, first.key), number: state.clock.next(0) };
    const transaction = coordinator.add(id, "preparing");
    state.counters.transactionsBegun++;
    transaction.order = order;
    transaction.attempt = attempt;
    transaction.count = order.writes.length;
    transaction.deadlineMs = state.timerMs + prepareMsMax;
    transaction.olds.length = order.writes.length;
    transaction.olds.fill(undefined);
    transaction.listeners.push(...listeners);
    if (order.request !== undefined) this.byRequest.set(nameOf(order.request), transaction);
    this.divide(transaction, order);
    transaction.pinOwn();
    const hand = new OrderInHand(() => this.judge(transaction, order));
    for (const { record, index } of transaction.own) {
      // What is pinned, now or before all votes are there, must be known: this write would hide it.
      const isPinned = state.older.pinCount > 0 || transaction.cohorts.size > 0;
      const isUnknown = isPinned && !record.loaded && record.latest === undefined;
      if (isUnknown || needsRecord(order.writes[index] as Order["writes"][number], record)) hand.await(state, record);
    }
    hand.recordLoaded();
    return transaction.state === "deciding" ? transaction.version : undefined;
  }

  /** Which parts are this node's, and which are whose. */
  private divide(transaction: Coordinated, order: Order): void {
    const { state } = this;
    const partitions = order.writes.map(({ key }) => partitionOf(state, key));
    for (const [index, write] of order.writes.entries()) {
      const id = partitions[index] as number;
      const partition = state.local(id);
      if (partition === undefined) {
        transaction.cohort(state.placement.owner(state.datacenter, id)).indexes.push(index);
        continue;
      }
      const record = partition.record(write.key, state.placement.hash(write.key));
      const { effect, key, value, expiry } = write;
      const part = {
        coordinator: transaction.id.partition,
        seq: 0,
        number: transaction.id.number,
        index,
        count: partitions.length,
        partitions: index === 0 ? partitions : [],
      };
      const own: Write = {
        effect,
        datacenter: state.datacenter,
        partition: id,
        time: 0,
        seq: 0,
        dependencies: noDependencies,
        expiry,
        request: index === 0 ? order.request : undefined,
        part,
        target: undefined,
        key,
        value,
      };
      transaction.own.push({ index, partition, record, write: own, hold: undefined });
    }
  }

  private judge(transaction: Coordinated, order: Order): void {
    // It may have been given up while the records were read.
    if (transaction.state !== "preparing") return;
    const failure = this.refusalOf(transaction, order);
    if (failure !== undefined) {
      this.refused(transaction, failure);
      return;
    }
    const time = this.state.clock.peek(order.floor);
    const isAlone = transaction.cohorts.size === 0;
    transaction.own = transaction.own.map((part): OwnPart => {
      const request = order.writes[part.index] as Order["writes"][number];
      const old = judgedAgainst(request, part.record);
      if (old !== undefined) transaction.olds[part.index] = told(request, old, time);
      const write = resolved(request, part.write, old, time);
      const isHeld = !isAlone && looksAtRecord(request);
      if (!isHeld) return { ...part, write };
      const never = Number.POSITIVE_INFINITY;
      const hold = new PreparedWrite(transaction.name, part.partition, part.record, never, true, write, old);
      hold.attach();
      return { ...part, write, hold };
    });
    if (isAlone) this.coordinator.decideIfComplete(transaction);
    else this.sendPrepares(transaction);
  }

  /** A name is never given twice: it leaves this node once the disk knows that a restart begins above it. */
  private sendPrepares(transaction: Coordinated): void {
    const { clock, proposals } = this.state;
    if (clock.durableBound >= transaction.id.number) {
      this.coordinator.sendPrepares(transaction);
      return;
    }
    this.head.reserveAhead(transaction.id.number);
    const send = (): void => {
      if (transaction.state === "preparing") this.coordinator.sendPrepares(transaction);
    };
    proposals.after(proposals.lastLsn, { lsn: 0, commit: send });
  }

  private refusalOf(transaction: Coordinated, order: Order): string | undefined {
    const { state } = this;
    const time = state.clock.peek(order.floor);
    let oldBytes = 0;
    for (const { index, record } of transaction.own) {
      const request = order.writes[index] as Order["writes"][number];
      const inTheWay = conflict(request, record);
      if (inTheWay !== undefined) return inTheWay;
      oldBytes += toldBytes(request, record);
      if (oldBytes > oldValuesBytesMax) return "TOOLARGE";
      const old = judgedAgainst(request, record);
      if (conditionHolds(request, old, time)) continue;
      if (old !== undefined) transaction.olds[index] = told(request, old, time);
      return conditionFailed;
    }
    for (const peer of transaction.cohorts.keys()) if (!state.linksUp.has(peer)) return "UNAVAILABLE";
    return this.head.refusal(order.floor);
  }

  private refused(transaction: Coordinated, failure: string): void {
    const { order, olds, attempt } = transaction;
    if (order === undefined) return;
    this.coordinator.abort(transaction);
    if (order.request !== undefined) this.byRequest.delete(nameOf(order.request));
    if (failure === "CONFLICT") {
      this.state.counters.transactionsInConflict++;
      if (attempt < transactionAttemptsMax) {
        const atMs = this.state.timerMs + retryMsMin * 2 ** (attempt - 1);
        const listeners = transaction.listeners.splice(0);
        this.delayed.push({ order, listeners, attempt: attempt + 1, sinceMs: transaction.sinceMs, atMs });
        return;
      }
    }
    if (failure !== conditionFailed) {
      transaction.tell((listener) => listener.failed(failure));
      return;
    }
    this.state.counters.conditionsFailed++;
    let lsn = 0;
    for (const { record } of transaction.own) lsn = Math.max(lsn, record.pendingLsn);
    this.remember(order, lsn);
    const listeners = transaction.listeners.splice(0);
    this.whenDurable(lsn, () => {
      const clock = Math.max(this.state.clock.told(), transaction.refusedClock);
      for (const listener of listeners) listener.done(undefined, olds, false, clock);
    });
  }

  /** A late copy of a request whose condition failed must not write. */
  private remember({ request, writes }: Order, lsn: number): void {
    const key = writes[0]?.key;
    if (request === undefined || key === undefined) return;
    this.head.requests.add(request, { key, version: undefined, lsn }, this.state.timerMs);
  }

  /** An answer rests on entries up to this number: a crash must not take them back any more. */
  private whenDurable(lsn: number, answer: () => void): void {
    const { proposals } = this.state;
    if (lsn <= proposals.durableLsn) answer();
    else proposals.after(lsn, { lsn: 0, commit: answer });
  }
}

function partitionOf(state: NodeState, key: string): number {
  return state.placement.partitionOfHash(state.placement.hash(key));
}

function nameOf({ client, number }: { readonly client: string; readonly number: number }): string {
  return `${number}/${client}`;
}
