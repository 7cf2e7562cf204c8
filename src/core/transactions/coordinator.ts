/*
 * The coordinator of write transactions (design, 3.6): two-phase commit among the nodes of one datacenter, for transactions
 * of its clients and, under their own versions, for those of other datacenters.
 *
 *   begin (home-transactions.ts)        own parts judged and held ──▶ prepares to the other nodes
 *   part 0 ready (remote-transactions.ts)   every part arrived   ──▶ prepares to the other nodes
 *   every vote ──▶ decision, own parts and the list of those whose commit is awaited: one frame ──durable──▶ decisions sent
 *   every commit ──▶ `done`: the transaction's dot counts as applied; the client is answered
 *
 * The decision's time is above every vote's clock and everything this node has told. Whoever asks "decided by t?" is answered
 * from durable entries, or gets a fence: this node's clock passes t, under a bound on disk, so a later decision is above t.
 *
 * At home nothing is decided but what was begun in this life of the process: whatever else is asked about is aborted, and needs
 * no record of that (presumed abort, ADR 9). Elsewhere nothing is ever aborted: questions count as repeated votes.
 *
 * Keeps invariants 1, 3 and 9. Bounded by `transactionsMax`.
 */
import { Coordinated } from "./coordinated.ts";
import type { CohortNode, OwnPart } from "./coordinated.ts";
import { PartsTogether } from "./part-log.ts";
import type { PartLog } from "./part-log.ts";
import type { Head } from "../head.ts";
import type { NodeState } from "../node-state.ts";
import type { NodeId } from "../placement.ts";
import {
  forwardedRequestTimeoutMs,
  oldValuesBytesMax,
  transactionRetryMs,
  transactionsMax,
} from "../../shared/limits.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import {
  encodeDecision,
  encodePrepare,
  transactionName,
  verdictAbort,
  verdictCommit,
  verdictNotYet,
} from "../../protocol/messages/transaction.ts";
import type { Question, TransactionId, Verdict, Vote } from "../../protocol/messages/transaction.ts";

export class Coordinator {
  readonly table: Map<string, Coordinated> = new Map();
  readonly log: PartLog;
  /** At home: a cohort voted no, or did not answer. */
  onRefused: (transaction: Coordinated, failure: string) => void = () => undefined;
  /** The parts of this node are in the log: whoever kept them for it need not any more. */
  onOwnProposed: (transaction: Coordinated, part: OwnPart) => void = () => undefined;
  private readonly state: NodeState;
  private readonly head: Head;

  constructor(state: NodeState, head: Head, log: PartLog) {
    this.state = state;
    this.head = head;
    this.log = log;
  }

  get isFull(): boolean {
    return this.table.size >= transactionsMax;
  }

  add(id: TransactionId, state: "collecting" | "preparing" | "decided"): Coordinated {
    const transaction = new Coordinated(id, transactionName(id), state, this.state.timerMs);
    transaction.retryAtMs = this.state.timerMs + transactionRetryMs;
    this.table.set(transaction.name, transaction);
    return transaction;
  }

  onVote(peer: NodeId, vote: Vote): void {
    const transaction = this.table.get(transactionName(vote.transaction));
    if (transaction?.state !== "preparing") return;
    const cohort = transaction.cohorts.get(peer);
    if (cohort === undefined) return;
    // Also of a no: its author learns what was there.
    for (const { index, old } of vote.parts) transaction.olds[index] = old;
    const failure = vote.failure ?? (transaction.oldBytes > oldValuesBytesMax ? "TOOLARGE" : undefined);
    if (failure !== undefined) {
      transaction.refusedClock = vote.clock;
      this.onRefused(transaction, failure);
      return;
    }
    this.voted(transaction, cohort, vote.clock);
  }

  /** Decides once every vote is there. */
  voted(transaction: Coordinated, cohort: CohortNode, clock: HybridTime): void {
    cohort.votedClock = clock;
    this.decideIfComplete(transaction);
  }

  decideIfComplete(transaction: Coordinated): void {
    if (transaction.state === "preparing" && transaction.hasEveryVote) this.decide(transaction);
  }

  onCommitted(peer: NodeId, id: TransactionId): void {
    const transaction = this.table.get(transactionName(id));
    const cohort = transaction?.cohorts.get(peer);
    if (transaction?.state !== "decided" || cohort === undefined || cohort.committed) return;
    cohort.committed = true;
    if (transaction.isCommittedEverywhere) this.finish(transaction);
  }

  onQuestion(peer: NodeId, question: Question): void {
    this.state.counters.transactionQuestions++;
    const { transaction: id, time } = question;
    const transaction = this.table.get(transactionName(id));
    if (transaction?.state === "decided") this.sendDecision(peer, transaction);
    else if (transaction?.state === "deciding") return;
    else if (transaction === undefined && id.datacenter === this.state.datacenter) {
      this.send(peer, id, verdictAbort, 0, 0);
    } else if (time > 0) this.fence(peer, id, time);
  }

  /** Sends what was prepared to be voted on. */
  sendPrepares(transaction: Coordinated): void {
    const { id, cohorts, count, order } = transaction;
    transaction.retryAtMs = this.state.timerMs + transactionRetryMs;
    for (const [peer, { indexes, votedClock }] of cohorts) {
      if (votedClock !== undefined || !this.state.linksUp.has(peer)) continue;
      const writes =
        order === undefined
          ? []
          : indexes.map((index) => ({ index, write: order.writes[index] as (typeof order.writes)[number] }));
      const floor = order?.floor ?? 0;
      encodePrepare(this.state.outboxes.to(peer), { transaction: id, floor, count, indexes, writes });
    }
  }

  /** Gives a transaction of a client here up. Nothing of it was decided. */
  abort(transaction: Coordinated): void {
    this.state.counters.transactionsAborted++;
    transaction.state = "over";
    transaction.releaseOwn();
    this.table.delete(transaction.name);
    const records = transaction.own.map(({ record }) => record);
    this.state.settling.over(transaction.name, records);
    for (const peer of transaction.cohorts.keys()) {
      if (this.state.linksUp.has(peer)) this.send(peer, transaction.id, verdictAbort, 0, 0);
    }
  }

  onLinkUp(peer: NodeId): void {
    for (const transaction of this.table.values()) {
      const cohort = transaction.cohorts.get(peer);
      if (transaction.state === "decided" && cohort?.committed === false) this.sendDecision(peer, transaction);
    }
  }

  tick(): void {
    const { timerMs } = this.state;
    for (const transaction of this.table.values()) {
      if (timerMs < transaction.retryAtMs) continue;
      transaction.retryAtMs = timerMs + transactionRetryMs;
      const isElsewhere = transaction.id.datacenter !== this.state.datacenter;
      if (transaction.state === "decided") this.sendDecisions(transaction);
      else if (transaction.state === "preparing" && isElsewhere) this.sendPrepares(transaction);
    }
  }

  /** After a restart: this was decided, and not known to be committed by all of these. */
  restore(id: TransactionId, visible: HybridTime, seq: number, cohorts: readonly NodeId[]): void {
    const transaction = this.add(id, "decided");
    transaction.visible = visible;
    transaction.seq = seq;
    for (const node of cohorts) transaction.cohort(node);
  }

  /** After a restart: of this every part was committed. */
  restoreDone(id: TransactionId): void {
    this.table.delete(transactionName(id));
  }

  /** Durable decisions of which it is not on disk that every part was committed. */
  *undone(): IterableIterator<Coordinated> {
    for (const transaction of this.table.values()) {
      if (transaction.state === "decided" || transaction.state === "over") yield transaction;
    }
  }

  /** Every part is at this node, or its vote is here. */
  private decide(transaction: Coordinated): void {
    const { state, log } = this;
    transaction.state = "deciding";
    // As any write it waits for the disk however long that takes.
    transaction.deadlineMs = Number.POSITIVE_INFINITY;
    const { visible, parts, seq } = this.fixParts(transaction);
    transaction.visible = visible;
    transaction.seq = seq;
    // Part 0 last: its dot stands for all of them.
    const together = new PartsTogether();
    for (const part of parts.toReversed()) {
      const version = log.ownPart(part.partition, part.record, part.write, visible, together);
      if (part.index === 0) transaction.version = version;
    }
    const cohorts = [...transaction.cohorts.keys()];
    if (cohorts.length === 0) {
      log.done(transaction.id, seq, () => this.decided(transaction), together);
    } else {
      log.decide(transaction.id, visible, seq, cohorts, together, () => this.decided(transaction));
    }
    const request = transaction.order?.request;
    if (request !== undefined) {
      const { key } = (parts[0] as OwnPart).write;
      this.head.requests.add(request, { key, version: transaction.version, lsn: together.lsn }, state.timerMs);
    }
    for (const part of parts) this.onOwnProposed(transaction, part);
    state.wake();
  }

  /** At home the transaction gets its time and its seqs here; elsewhere it has them. */
  private fixParts(transaction: Coordinated): { visible: HybridTime; seq: number; parts: OwnPart[] } {
    const { state } = this;
    const { order } = transaction;
    const parts = transaction.own.toSorted((a, b) => a.index - b.index);
    const first = parts[0] as OwnPart;
    if (order === undefined) {
      const visible = state.clock.next(Math.max(transaction.votedClock, first.write.time));
      return { visible, seq: first.write.part?.seq ?? 0, parts };
    }
    const visible = state.clock.next(Math.max(transaction.votedClock, order.floor));
    const inFirst = parts.filter(({ partition }) => partition === first.partition).length;
    const seq = first.partition.seq + inFirst;
    const dependencies = this.dependenciesOf(transaction);
    // In the order of the log, in which part 0 is the last.
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i] as OwnPart;
      const { write } = part;
      const own = {
        ...write,
        time: visible,
        seq: ++part.partition.seq,
        dependencies: part.index === 0 ? dependencies : write.dependencies,
        part: { ...(write.part as NonNullable<typeof write.part>), seq },
      };
      parts[i] = { ...part, write: own };
    }
    return { visible, seq, parts };
  }

  /** Its author learns from the outcome what it was judged against. */
  private dependenciesOf({ order, olds }: Coordinated): { dots: number[]; prefixes: readonly number[] } {
    const dots = [...(order?.dependencies.dots ?? [])];
    for (const old of olds) if (old !== undefined && !this.state.isStable(old)) dots.push(old.dotOrigin, old.dotSeq);
    return { dots, prefixes: order?.dependencies.prefixes ?? [] };
  }

  private decided(transaction: Coordinated): void {
    transaction.state = "decided";
    transaction.deadlineMs = this.state.timerMs + forwardedRequestTimeoutMs;
    transaction.releaseOwn();
    const records = transaction.own.map(({ record }) => record);
    this.state.settling.over(transaction.name, records);
    if (transaction.cohorts.size === 0) this.over(transaction);
    else this.sendDecisions(transaction);
    this.state.counters.transactionsCommitted++;
  }

  private sendDecisions(transaction: Coordinated): void {
    transaction.retryAtMs = this.state.timerMs + transactionRetryMs;
    if (transaction.isCommittedEverywhere) {
      this.finish(transaction);
      return;
    }
    for (const [peer, { committed }] of transaction.cohorts) if (!committed) this.sendDecision(peer, transaction);
  }

  private sendDecision(peer: NodeId, { id, visible, seq }: Coordinated): void {
    if (this.state.linksUp.has(peer)) this.send(peer, id, verdictCommit, visible, seq);
  }

  private finish(transaction: Coordinated): void {
    if (transaction.state !== "decided") return;
    transaction.state = "over";
    this.answer(transaction);
    this.log.done(transaction.id, transaction.seq, () => this.table.delete(transaction.name));
    this.state.wake();
  }

  private over(transaction: Coordinated): void {
    transaction.state = "over";
    this.table.delete(transaction.name);
    this.answer(transaction);
  }

  private answer(transaction: Coordinated): void {
    const { version, olds } = transaction;
    transaction.tell((listener) => listener.done(version, olds, false, 0));
  }

  /** It is not decided, and will not be decided at or below `time`: this must hold after a crash too. */
  private fence(peer: NodeId, id: TransactionId, time: HybridTime): void {
    const { state } = this;
    if (!state.acceptsClock(time)) return;
    state.clock.pass(time);
    const say = (): void => {
      if (state.linksUp.has(peer)) this.send(peer, id, verdictNotYet, time, 0);
    };
    if (state.clock.durableBound >= time) {
      say();
      return;
    }
    this.head.reserveAhead(time);
    state.proposals.after(state.proposals.lastLsn, { lsn: 0, commit: say });
  }

  private send(peer: NodeId, transaction: TransactionId, verdict: Verdict, visible: HybridTime, seq: number): void {
    encodeDecision(this.state.outboxes.to(peer), { transaction, verdict, visible, seq });
  }
}
