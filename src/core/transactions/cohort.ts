/*
 * The cohort's side of two-phase commit (design, 3.6): parts of transactions on keys of this node that another node of the
 * datacenter coordinates.
 *
 *   prepare ──judged──▶ no: a vote that says why
 *           ──▶ prepared, in the log ──durable──▶ a vote with this node's clock
 *   prepared ──decision──▶ committing, at the time decided ──durable──▶ visible; committed, told to the coordinator
 *            ──abort──▶ dropped
 *            ──no word for long──▶ the coordinator is asked, and the vote repeated
 *
 * What is prepared is never given up but on the coordinator's word, and survives restarts. A commit may become visible at a
 * time that has passed here: everything that was told of its key since lies below the prepare, or waits (settling.ts).
 *
 * Keeps invariants 3 and 9. Bounded by `preparedBytesMax`.
 */
import type { PartLog } from "./part-log.ts";
import { conditionFailed, conflict, resolved, told } from "./part-judgement.ts";
import { conditionHolds, judgedAgainst, looksAtRecord, needsRecord, toldBytes } from "../judgement.ts";
import type { Head } from "../head.ts";
import type { KeyRecord } from "../key-record.ts";
import type { LoadWaiter, NodeState } from "../node-state.ts";
import type { Partition } from "../partition.ts";
import { PreparedWrite } from "../prepared-write.ts";
import type { NodeId } from "../placement.ts";
import { oldValuesBytesMax, preparedBytesMax, transactionRetryMs } from "../../shared/limits.ts";
import { noDependencies } from "../../protocol/dependencies.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { Prepared } from "../../protocol/log-entry.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import {
  encodeCommitted,
  encodeQuestion,
  encodeVote,
  transactionName,
  verdictAbort,
  verdictCommit,
} from "../../protocol/messages/transaction.ts";
import type { Decision, Prepare, TransactionId, VotedPart } from "../../protocol/messages/transaction.ts";
import type { Write } from "../../protocol/write.ts";

const partOverheadBytes = 400;

export type CohortState = "preparing" | "prepared" | "committing";

export class CohortTransaction {
  readonly id: TransactionId;
  readonly name: string;
  readonly coordinator: NodeId;
  state: CohortState = "preparing";
  readonly parts: PreparedWrite[] = [];
  /** What the vote tells of the parts. */
  readonly voted: VotedPart[] = [];
  readonly sinceMs: number;
  askAtMs: number;
  /** Proposals of its commit that are not durable. */
  private missing = 0;

  constructor(id: TransactionId, coordinator: NodeId, nowMs: number) {
    this.id = id;
    this.name = transactionName(id);
    this.coordinator = coordinator;
    this.sinceMs = nowMs;
    this.askAtMs = nowMs + transactionRetryMs * 2;
  }

  get indexes(): number[] {
    return this.parts.map(({ write }) => write.part?.index ?? 0);
  }

  get records(): KeyRecord[] {
    return this.parts.map(({ record }) => record);
  }

  await(count: number): void {
    this.missing = count;
  }

  /** Answers whether that was the last. */
  oneDurable(): boolean {
    return --this.missing === 0;
  }
}

/** Waits for the records of a prepare. */
class PrepareInHand implements LoadWaiter {
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

export class Cohort {
  readonly table: Map<string, CohortTransaction> = new Map();
  bytes = 0;
  private readonly state: NodeState;
  private readonly head: Head;
  private readonly log: PartLog;

  constructor(state: NodeState, head: Head, log: PartLog) {
    this.state = state;
    this.head = head;
    this.log = log;
  }

  /** No more may be prepared; what is prepared will end. */
  get isFull(): boolean {
    return this.bytes >= preparedBytesMax;
  }

  /** The smallest time of a prepare of this datacenter's own transactions: their commits may lie just above it. */
  get oldestHome(): HybridTime {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { id, parts } of this.table.values()) {
      if (id.datacenter !== this.state.datacenter) continue;
      for (const { time } of parts) oldest = Math.min(oldest, time);
    }
    return oldest;
  }

  /** A client's transaction: parts come with the message. */
  onPrepare(peer: NodeId, prepare: Prepare): void {
    const name = transactionName(prepare.transaction);
    if (this.table.has(name)) return;
    const parts = prepare.writes.map(({ index, write }) => this.partOf(prepare, index, write));
    for (const { record } of parts) if (record !== undefined) record.pins++;
    const hand = new PrepareInHand(() => {
      this.judge(peer, prepare, parts);
      for (const { record } of parts) if (record !== undefined) record.pins--;
    });
    for (const { record, request } of parts) {
      if (record !== undefined && needsRecord(request, record)) hand.await(this.state, record);
    }
    hand.recordLoaded();
  }

  /** A transaction of another datacenter: its parts are here, and their records known. They are proposed and voted for. */
  prepareArrived(
    id: TransactionId,
    coordinator: NodeId,
    parts: readonly { readonly partition: Partition; readonly record: KeyRecord; readonly write: Write }[],
  ): void {
    const transaction = this.begin(id, coordinator);
    for (const { partition, record, write } of parts) {
      const time = this.state.clock.next(0);
      transaction.parts.push(new PreparedWrite(transaction.name, partition, record, time, false, write, undefined));
      transaction.voted.push({ index: write.part?.index ?? 0, old: undefined });
    }
    this.propose(transaction);
  }

  onDecision(peer: NodeId, decision: Decision): void {
    const transaction = this.table.get(transactionName(decision.transaction));
    if (transaction === undefined) {
      // Committed before: only what was prepared everywhere is decided, and nothing that is prepared is given up.
      if (decision.verdict === verdictCommit) this.tellCommitted(peer, decision.transaction);
      return;
    }
    if (decision.verdict === verdictCommit) this.commit(transaction, decision.visible, decision.seq);
    else if (decision.verdict === verdictAbort) this.drop(transaction);
    else this.state.settling.fenced(transaction.name, transaction.records, decision.visible);
  }

  /** Asks the coordinator whether what is prepared is decided by `time`; 0 for no matter when. */
  ask(name: string, time: HybridTime): void {
    const transaction = this.table.get(name);
    if (transaction?.state !== "prepared" || !this.state.linksUp.has(transaction.coordinator)) return;
    const { id, indexes, coordinator } = transaction;
    transaction.askAtMs = this.state.timerMs + transactionRetryMs;
    const clock = this.state.clock.told();
    encodeQuestion(this.state.outboxes.to(coordinator), { transaction: id, time, clock, indexes });
  }

  onLinkUp(peer: NodeId): void {
    for (const { name, coordinator } of this.table.values()) if (coordinator === peer) this.ask(name, 0);
    this.state.settling.askAgain();
  }

  tick(): void {
    const { timerMs } = this.state;
    const isLate = ({ state, askAtMs }: CohortTransaction): boolean => state === "prepared" && timerMs >= askAtMs;
    const late = [...this.table.values()].filter(isLate);
    for (const { name } of late) this.ask(name, 0);
    // Readers that wait for it need an answer for their time.
    if (late.length > 0) this.state.settling.askAgain();
  }

  /** After a restart: this part was prepared, at this time. */
  restorePrepared({ id, coordinator, holds }: Prepared, write: Write, partition: Partition, time: HybridTime): void {
    const transaction = this.table.get(transactionName(id)) ?? this.begin(id, coordinator);
    const record = this.state.record(partition, write.key);
    const prepared = new PreparedWrite(transaction.name, partition, record, time, holds, write, undefined);
    transaction.state = "prepared";
    transaction.parts.push(prepared);
    transaction.voted.push({ index: write.part?.index ?? 0, old: undefined });
    prepared.attach();
    this.bytes += bytesOf(prepared);
  }

  /** After a restart: this part was committed. */
  restoreCommitted({ datacenter, part }: Write, record: KeyRecord): void {
    if (part === undefined) return;
    const number = datacenter === this.state.datacenter ? part.number : part.seq;
    const transaction = this.table.get(transactionName({ datacenter, partition: part.coordinator, number }));
    const prepared = transaction?.parts.find((other) => other.record === record);
    if (transaction === undefined || prepared === undefined) return;
    transaction.parts.splice(transaction.parts.indexOf(prepared), 1);
    prepared.detach();
    this.bytes -= bytesOf(prepared);
    if (transaction.parts.length === 0) this.table.delete(transaction.name);
  }

  /** After a restart: it was dropped. */
  restoreDropped(id: TransactionId): void {
    const transaction = this.table.get(transactionName(id));
    if (transaction !== undefined) this.remove(transaction);
  }

  /** What is prepared, durably, and of which no commit is durable. */
  *prepared(): IterableIterator<CohortTransaction> {
    for (const transaction of this.table.values()) if (transaction.state !== "preparing") yield transaction;
  }

  private begin(id: TransactionId, coordinator: NodeId): CohortTransaction {
    const transaction = new CohortTransaction(id, coordinator, this.state.timerMs);
    this.table.set(transaction.name, transaction);
    return transaction;
  }

  private partOf(
    { transaction, count }: Prepare,
    index: number,
    request: WriteRequest,
  ): { partition: Partition | undefined; record: KeyRecord | undefined; request: WriteRequest; write: Write } {
    const { state } = this;
    const hash = state.placement.hash(request.key);
    const partition = state.local(state.placement.partitionOfHash(hash));
    const record = partition === undefined ? undefined : partition.record(request.key, hash);
    const { partition: coordinator, number } = transaction;
    const part = { coordinator, seq: 0, number, index, count, partitions: [] };
    const { effect, key, value, expiry } = request;
    const write: Write = {
      effect,
      datacenter: transaction.datacenter,
      partition: partition?.id ?? 0,
      time: 0,
      seq: 0,
      dependencies: noDependencies,
      expiry,
      request: undefined,
      part,
      target: undefined,
      key,
      value,
    };
    return { partition, record, request, write };
  }

  private judge(peer: NodeId, prepare: Prepare, parts: readonly ReturnType<Cohort["partOf"]>[]): void {
    const { state } = this;
    const { transaction: id, floor } = prepare;
    // The coordinator gave it up meanwhile, or its link is gone: it will not count this vote.
    if (!state.linksUp.has(peer) || this.table.has(transactionName(id))) return;
    const time = state.clock.peek(floor);
    let failure: string | undefined = this.refusal(floor);
    let oldBytes = 0;
    for (const { record, request } of parts) {
      if (record !== undefined) oldBytes += toldBytes(request, record);
      if (oldBytes > oldValuesBytesMax) failure = "TOOLARGE";
      failure ??= record === undefined ? "UNAVAILABLE" : conflict(request, record);
      if (
        failure === undefined &&
        record !== undefined &&
        !conditionHolds(request, judgedAgainst(request, record), time)
      ) {
        failure = conditionFailed;
      }
    }
    const transaction = this.begin(id, peer);
    for (const { partition, record, request, write } of parts) {
      if (failure === "TOOLARGE") break;
      const old = record === undefined ? undefined : judgedAgainst(request, record);
      if (old !== undefined) transaction.voted.push({ index: write.part?.index ?? 0, old: told(request, old, time) });
      else transaction.voted.push({ index: write.part?.index ?? 0, old: undefined });
      if (failure !== undefined || partition === undefined || record === undefined) continue;
      const holds = looksAtRecord(request);
      const done = resolved(request, write, old, time);
      const at = state.clock.next(floor);
      transaction.parts.push(new PreparedWrite(transaction.name, partition, record, at, holds, done, old));
    }
    if (failure === undefined) {
      this.propose(transaction);
      return;
    }
    const lsn = Math.max(0, ...parts.map(({ record }) => record?.pendingLsn ?? 0));
    this.voteNo(transaction, failure, failure === conditionFailed ? lsn : 0);
  }

  private refusal(floor: HybridTime): string | undefined {
    if (this.isFull || !this.head.canPropose) return "BUSY";
    return this.head.refusal(floor);
  }

  /** Told once what it was judged against, up to `lsn`, is durable. */
  private voteNo(transaction: CohortTransaction, failure: string, lsn: number): void {
    this.table.delete(transaction.name);
    const { id, coordinator, voted } = transaction;
    const { proposals, linksUp, outboxes, clock } = this.state;
    const vote = (): void => {
      if (!linksUp.has(coordinator)) return;
      encodeVote(outboxes.to(coordinator), { transaction: id, clock: clock.told(), failure, parts: voted });
    };
    if (lsn <= proposals.durableLsn) vote();
    else proposals.after(lsn, { lsn: 0, commit: vote });
  }

  private propose(transaction: CohortTransaction): void {
    const { id, coordinator, parts } = transaction;
    transaction.await(parts.length);
    for (const part of parts) {
      part.attach();
      this.bytes += bytesOf(part);
      this.log.prepare(id, coordinator, part, () => {
        if (transaction.oneDurable()) this.prepareDurable(transaction);
      });
    }
  }

  private prepareDurable(transaction: CohortTransaction): void {
    // It may have been dropped while it was on its way to the disk.
    if (this.table.get(transaction.name) !== transaction) return;
    transaction.state = "prepared";
    const { id, coordinator, voted } = transaction;
    if (!this.state.linksUp.has(coordinator)) return;
    const clock = this.state.clock.told();
    encodeVote(this.state.outboxes.to(coordinator), { transaction: id, clock, failure: undefined, parts: voted });
  }

  private commit(transaction: CohortTransaction, visible: HybridTime, seq: number): void {
    if (transaction.state !== "prepared") return;
    // After a restart a record may not be in memory: whether the part beats it must be known.
    const hand = new PrepareInHand(() => this.commitLoaded(transaction, visible, seq));
    for (const { record } of transaction.parts) {
      if (!record.loaded && record.latest === undefined) hand.await(this.state, record);
    }
    hand.recordLoaded();
  }

  private commitLoaded(transaction: CohortTransaction, visible: HybridTime, seq: number): void {
    if (transaction.state !== "prepared") return;
    transaction.state = "committing";
    const isHome = transaction.id.datacenter === this.state.datacenter;
    for (const part of transaction.parts) {
      const { write, partition, record } = part;
      const place = write.part as NonNullable<typeof write.part>;
      const committed = isHome ? { ...write, time: visible, seq: ++partition.seq, part: { ...place, seq } } : write;
      this.log.part(partition, record, committed, visible);
    }
    const { proposals } = this.state;
    proposals.after(proposals.lastLsn, { lsn: 0, commit: () => this.committed(transaction) });
  }

  private committed(transaction: CohortTransaction): void {
    this.forget(transaction);
    this.tellCommitted(transaction.coordinator, transaction.id);
  }

  private drop(transaction: CohortTransaction): void {
    if (transaction.state === "committing") return;
    this.log.abort(transaction.id);
    this.forget(transaction);
  }

  private forget(transaction: CohortTransaction): void {
    this.remove(transaction);
    this.state.settling.over(transaction.name, transaction.records);
  }

  private remove(transaction: CohortTransaction): void {
    this.table.delete(transaction.name);
    for (const part of transaction.parts) {
      part.detach();
      this.bytes -= bytesOf(part);
    }
  }

  private tellCommitted(peer: NodeId, id: TransactionId): void {
    if (this.state.linksUp.has(peer)) encodeCommitted(this.state.outboxes.to(peer), id);
  }
}

function bytesOf({ write }: PreparedWrite): number {
  return partOverheadBytes + write.key.length + write.value.length;
}
