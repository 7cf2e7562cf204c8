/*
 * A session: one thread of execution (design, 3.4; paper, 3). Operations take effect in the order in which they were
 * submitted; what may overlap is decided here and nowhere else.
 *
 *   submitted ──may start──▶ started ──▶ done          may not start ──▶ queued, in order; tried again when something ends
 *
 * - Writes to this node's log follow one another without waiting for the disk: each depends on the dot of the one before,
 *   which is earlier in the same log. A change of log waits until what was written is durable or answered.
 * - A write waits for the reads before it: it depends on what they saw.
 * - Reads of one owner follow one another without waiting (it answers them in order). Reads of two owners do not overlap:
 *   the first could see an effect and the second, answered earlier, miss its cause. Where they follow one another they become
 *   one read transaction (session-reads.ts).
 * - A read of a key that this session is writing waits for that write.
 * - Transactions overlap nothing, but for a write transaction on keys of this node (session-transactions.ts).
 * - A read that may have seen a part of a transaction waits until what is prepared on its key is settled.
 *
 * Keeps invariant 5 for the session. Bounded by session-queue.ts.
 */
import type { Seen } from "./attach.ts";
import { Context } from "./context.ts";
import { failureOf } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { Asker } from "./forwarding.ts";
import { looksAtRecord, observedAt } from "./judgement.ts";
import type { KeyRecord } from "./key-record.ts";
import type { LoadWaiter } from "./node-state.ts";
import type { OperationSink, TransactionSink } from "./operations.ts";
import type { Partition } from "./partition.ts";
import type { NodeId } from "./placement.ts";
import { oldestPrepared } from "./prepared-write.ts";
import { SessionQueue } from "./session-queue.ts";
import type { Operation } from "./session-queue.ts";
import { ReadsTogether } from "./session-reads.ts";
import type { QueuedRead } from "./session-reads.ts";
import { noteJudged, noteSeen, toldAt } from "./session-seen.ts";
import { SessionAttach } from "./session-attach.ts";
import type { SessionServices } from "./session-services.ts";
import { SessionTransactions } from "./session-transactions.ts";
import { untilFree } from "./transactions/settling.ts";
import type { SettleWaiter } from "./transactions/settling.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { ReadReply, WriteReply, WriteRequest } from "../protocol/messages/forward.ts";
import type { Version } from "../protocol/version.ts";
import type { RequestId } from "../protocol/write.ts";
import type { ByteString } from "../shared/bytes.ts";

export class Session implements Asker, LoadWaiter, SettleWaiter {
  readonly id: number;
  readonly context: Context;
  private readonly queue: SessionQueue;
  private readsForwarded = 0;
  private readOwner: NodeId = -1;
  /** A read waits for those of another owner: it goes out together with the reads behind it. */
  private readsCross = false;
  private writeForwarded = false;
  /** The store is being asked for a record that the first operation of the queue needs. */
  private loading = false;
  /** What is prepared on a key that the first operation of the queue needs is waited for. */
  private settling = false;
  /** It was waited for too long. */
  private gaveUp = false;
  private readonly attaching: SessionAttach;
  private readonly transactions: SessionTransactions;
  /** The last proposal of this session in this node's log. */
  private lastLsn = 0;
  private awaitingDurable = false;
  /** Forwarded operations, by the tag that the forwarder knows them by. */
  private readonly forwarded = new Map<number, { readonly sink: OperationSink; readonly tag: number }>();
  private lastTag = 0;
  private readonly services: SessionServices;

  constructor(id: number, services: SessionServices) {
    this.id = id;
    this.services = services;
    this.context = new Context(services.state.counters);
    const wanted = (): boolean => this.readsCross && this.nothingOut;
    this.queue = new SessionQueue(wanted, (reads) => this.startTogether(reads));
    this.attaching = new SessionAttach(services, this.context, () => this.advance());
    this.transactions = new SessionTransactions(
      services,
      this.context,
      () => this.advance(),
      () => {
        this.lastLsn = services.state.proposals.lastLsn;
      },
    );
  }

  /** Submitted and not started. */
  get queued(): number {
    return this.queue.length;
  }

  /** Nothing is under way; what was written is durable. */
  get idle(): boolean {
    return this.queue.isEmpty && this.nothingOut && this.lastLsn <= this.services.state.proposals.durableLsn;
  }

  /** get: `sink.readDone`, perhaps before this returns. */
  read(key: ByteString, sink: OperationSink, tag: number): void {
    if (this.queue.isEmpty && this.startRead(key, sink, tag)) return;
    this.queue.push(this.readOf({ key, sink, tag }, true));
  }

  /** put_after with this session's context: `sink.writeDone` once it is durable. */
  write(write: WriteRequest, sink: OperationSink, tag: number): void {
    if (this.queue.isEmpty && this.startWrite(write, sink, tag)) return;
    this.queue.push({
      start: () => this.startWrite(write, sink, tag),
      refuse: (code) => sink.failed(tag, failureOf(code)),
    });
  }

  /** get_trans: what all these keys show at one time: `sink.snapshotDone`, perhaps before this returns. */
  readTransaction(keys: readonly ByteString[], sink: TransactionSink, tag: number): void {
    this.queue.submit({
      start: () => this.startReadTransaction(() => this.transactions.read(keys, sink, tag)),
      refuse: (code) => sink.failed(tag, failureOf(code)),
    });
  }

  /**
   * put_trans: all of these writes or none, everywhere: `sink.transactionDone` once they are durable. A condition that fails
   * fails them all. No two of the writes are on one key.
   */
  writeTransaction(
    writes: readonly WriteRequest[],
    request: RequestId | undefined,
    sink: TransactionSink,
    tag: number,
  ): void {
    this.queue.submit({
      start: () => this.startWriteTransaction(writes, () => this.transactions.write(writes, request, sink, tag)),
      refuse: (code) => sink.failed(tag, failureOf(code)),
    });
  }

  /** `sink.reached` when every operation before is answered: then `context` says what the session has seen. */
  barrier(sink: OperationSink, tag: number): void {
    this.queue.submit({
      start: () => this.startBarrier(sink, tag),
      refuse: (code) => sink.failed(tag, failureOf(code)),
    });
  }

  /** Takes over what another session had seen, once it is applied here: `sink.reached`, or TIMEOUT. */
  attachTo(seen: Seen, timeoutMs: number, sink: OperationSink, tag: number): void {
    this.queue.submit({
      start: () => this.startAttach(seen, timeoutMs, sink, tag),
      refuse: (code) => sink.failed(tag, failureOf(code)),
    });
  }

  /** The connection is gone: what waits is dropped; what is under way ends unheard. */
  close(): void {
    this.queue.close();
    this.attaching.cancel();
  }

  /** Starts what may start now. */
  advance(): void {
    this.queue.advance();
  }

  recordLoaded(): void {
    this.loading = false;
    this.advance();
  }

  settled(): void {
    this.settling = false;
    this.advance();
  }

  waitedTooLong(): void {
    this.settling = false;
    this.gaveUp = true;
    this.advance();
    this.gaveUp = false;
  }

  readAnswered(tag: number, reply: ReadReply): void {
    this.readsForwarded--;
    this.context.raiseFloor(reply.clock);
    const { version } = reply;
    if (version !== undefined) this.noteRead(version, reply.stable);
    if (reply.failed === true) {
      this.finish(tag, (sink, own) => sink.failed(own, failureOf("UNAVAILABLE")));
      return;
    }
    this.finish(tag, (sink, own) => sink.readDone(own, this.seen(version)));
  }

  writeAnswered(tag: number, reply: WriteReply): void {
    this.writeForwarded = false;
    this.context.raiseFloor(reply.clock);
    const { version, old, failure } = reply;
    if (version !== undefined) this.noteWrite(version, reply.repeated);
    else if (old !== undefined) noteJudged(this.context, old);
    this.finish(tag, (sink, own) => {
      if (failure === undefined) sink.writeDone(own, version, old);
      else sink.failed(own, failureOf(failure));
    });
  }

  forwardingFailed(tag: number, wasWrite: boolean, failure: Failure): void {
    if (wasWrite) this.writeForwarded = false;
    else this.readsForwarded--;
    this.finish(tag, (sink, own) => sink.failed(own, failure));
  }

  private get nothingOut(): boolean {
    if (this.readsForwarded > 0 || this.writeForwarded || this.loading) return false;
    return !this.attaching.isOut && !this.settling && !this.transactions.isOut;
  }

  private startTogether(reads: readonly QueuedRead[]): boolean {
    const alone = (): void => this.queue.putBack(reads.map((read) => this.readOf(read, false)));
    const together = new ReadsTogether(reads, alone);
    return this.startReadTransaction(() => {
      this.readsCross = false;
      this.transactions.read(together.keys, together, 0);
    });
  }

  private readOf(read: QueuedRead, mayCross: boolean): Operation {
    const { key, sink, tag } = read;
    return {
      ...(mayCross ? { read } : {}),
      start: () => this.startRead(key, sink, tag),
      refuse: (code) => sink.failed(tag, failureOf(code)),
    };
  }

  private startRead(key: ByteString, sink: OperationSink, tag: number): boolean {
    const { state } = this.services;
    const hash = state.placement.hash(key);
    const id = state.placement.partitionOfHash(hash);
    const partition = state.local(id);
    if (partition === undefined) return this.forwardRead(state.placement.owner(state.datacenter, id), key, sink, tag);
    if (!this.nothingOut) {
      this.readsCross ||= this.readsForwarded > 0;
      return false;
    }
    const record = partition.record(key, hash);
    if (!record.loaded) return this.awaitRecord(record);
    const { durableLsn } = state.proposals;
    if (this.lastLsn > durableLsn && record.pendingLsn > durableLsn) return this.awaitDurable(record.pendingLsn);
    if (record.prepared !== undefined && !this.isSettled(record)) {
      if (!this.gaveUp) return false;
      sink.failed(tag, failureOf("UNAVAILABLE"));
      return true;
    }
    state.counters.readsLocal++;
    const version = record.current;
    this.context.raiseFloor(state.clock.told());
    // The clock told is at or above the visible time of all that is applied here: no need to fetch this one's.
    if (version !== undefined) this.noteRead(version, state.isStable(version));
    sink.readDone(tag, this.seen(version));
    return true;
  }

  private forwardRead(owner: NodeId, key: ByteString, sink: OperationSink, tag: number): boolean {
    if (this.writeForwarded || this.loading || this.settling) return false;
    if (this.attaching.isOut || this.transactions.isOut) return false;
    if (this.readsForwarded > 0 && this.readOwner !== owner) {
      this.readsCross = true;
      return false;
    }
    this.readsCross = false;
    this.readsForwarded++;
    this.readOwner = owner;
    this.services.forwarding.read(owner, this.id, this.context.floor, key, this, this.remember(sink, tag));
    return true;
  }

  private startWrite(write: WriteRequest, sink: OperationSink, tag: number): boolean {
    if (!this.nothingOut) return false;
    const { state, head } = this.services;
    const hash = state.placement.hash(write.key);
    const id = state.placement.partitionOfHash(hash);
    const partition = state.local(id);
    if (partition === undefined) {
      return this.forwardWrite(state.placement.owner(state.datacenter, id), write, sink, tag);
    }
    if (!head.canPropose) return this.services.stall(this);
    const record = partition.record(write.key, hash);
    if (head.mustWait(write, record)) {
      if (!this.gaveUp) return this.waitsFor(head.await(record, this));
      sink.failed(tag, failureOf("CONFLICT"));
      return true;
    }
    this.putHere(partition, record, write, sink, tag);
    return true;
  }

  private putHere(
    partition: Partition,
    record: KeyRecord,
    write: WriteRequest,
    sink: OperationSink,
    tag: number,
  ): void {
    const { state, head } = this.services;
    const { context } = this;
    const { floor } = context;
    const observed = observedAt(head.judgedAgainst(write, record), state.clock.peek(floor));
    const repeated = head.isRepeat(write);
    // Where it finds nothing, something may have been that ended and was collected.
    if (looksAtRecord(write)) context.raiseFloor(state.clock.told());
    const version = head.put(partition, record, write, context.dependencies(), floor, sink, tag);
    if (version === undefined) {
      if (observed !== undefined) noteJudged(context, observed);
      this.lastLsn = Math.max(this.lastLsn, record.pendingLsn);
      return;
    }
    this.lastLsn = state.proposals.lastLsn;
    this.noteWrite(version, repeated);
  }

  private forwardWrite(owner: NodeId, write: WriteRequest, sink: OperationSink, tag: number): boolean {
    const { state, forwarding } = this.services;
    if (this.lastLsn > state.proposals.durableLsn) return this.awaitDurable(this.lastLsn);
    this.writeForwarded = true;
    const { context } = this;
    forwarding.write(owner, context.floor, context.dependencies(), write, this, this.remember(sink, tag));
    return true;
  }

  private startBarrier(sink: OperationSink, tag: number): boolean {
    if (!this.nothingOut) return false;
    const { durableLsn } = this.services.state.proposals;
    if (this.lastLsn > durableLsn) return this.awaitDurable(this.lastLsn);
    sink.reached(tag);
    return true;
  }

  private startAttach(seen: Seen, timeoutMs: number, sink: OperationSink, tag: number): boolean {
    if (!this.nothingOut) return false;
    this.attaching.start(seen, timeoutMs, sink, tag);
    return true;
  }

  /** Reads go on while nothing may be proposed. */
  private startReadTransaction(start: () => void): boolean {
    if (!this.nothingOut) return false;
    if (this.lastLsn > this.services.state.proposals.durableLsn) return this.awaitDurable(this.lastLsn);
    start();
    return true;
  }

  /** What goes into the log behind what the session wrote before need not wait until that is durable. */
  private startWriteTransaction(writes: readonly WriteRequest[], start: () => void): boolean {
    if (!this.nothingOut) return false;
    const isAwaited = this.lastLsn > this.services.state.proposals.durableLsn;
    if (isAwaited && !this.transactions.areHere(writes)) return this.awaitDurable(this.lastLsn);
    if (!this.services.head.canPropose) return this.services.stall(this);
    start();
    return true;
  }

  /** Whether no part of a transaction that this session may have seen can still show on this key. */
  private isSettled(record: KeyRecord): boolean {
    const { state, head } = this.services;
    const { floor } = this.context;
    if (oldestPrepared(record) > floor) return true;
    // A floor that cannot be believed is no time to close: everything that is prepared now has to leave the key.
    if (!state.acceptsClock(floor)) return this.settles(record, untilFree);
    if (!head.close(floor)) {
      this.awaitDurable(state.proposals.lastLsn);
      return false;
    }
    return state.settling.isSettled(record, floor) || this.settles(record, floor);
  }

  private settles(record: KeyRecord, time: HybridTime): false {
    this.settling = !this.gaveUp;
    if (this.settling) this.services.state.settling.wait(record, time, this);
    return false;
  }

  private awaitRecord(record: KeyRecord): false {
    this.loading = true;
    this.services.state.load(record, this);
    return false;
  }

  private waitsFor(what: "loading" | "settling"): false {
    this[what] = true;
    return false;
  }

  private awaitDurable(lsn: number): false {
    if (this.awaitingDurable) return false;
    this.awaitingDurable = true;
    const commit = (): void => {
      this.awaitingDurable = false;
      this.advance();
    };
    this.services.state.proposals.after(lsn, { lsn: 0, commit });
    return false;
  }

  private noteRead(version: Version, stable: boolean): void {
    noteSeen(this.context, this.services.state.counters, version, stable);
  }

  /** As a reader at this session's floor is told of it. */
  private seen(version: Version | undefined): Version | undefined {
    return version === undefined ? undefined : toldAt(this.context, version, this.services.state.nowMs);
  }

  /** What a repeated request wrote the first time is nearer only than what was seen before that. */
  private noteWrite(version: Version, repeated: boolean): void {
    if (repeated) this.context.saw(version.dotOrigin, version.dotSeq);
    else this.context.wrote(version.dotOrigin, version.dotSeq);
    this.context.raiseFloor(Math.max(version.time, version.visible));
  }

  /** Forwarded operations are known to the forwarder by a tag of this session's own. */
  private remember(sink: OperationSink, tag: number): number {
    this.forwarded.set(++this.lastTag, { sink, tag });
    return this.lastTag;
  }

  private finish(own: number, tell: (sink: OperationSink, tag: number) => void): void {
    const operation = this.forwarded.get(own);
    this.forwarded.delete(own);
    if (operation !== undefined) tell(operation.sink, operation.tag);
    this.advance();
  }
}
