/*
 * Operations of clients that keep their contexts themselves (COPS.GETVER, COPS.PUTAFTER, COPS.DELAFTER; paper, 4.1):
 * dependencies and floor come with each, and nothing of the connection's session is read or changed.
 *
 *   own key    read: the record, loaded if need be     write: straight to the head
 *   other key  forwarded to its owner                  (core/forwarding.ts)
 *
 * Operations of one connection on this node's keys are carried out in the order in which they came, also where one of them
 * has to wait for the store, or for a transaction that holds its key: read the other way round, the earlier one could show an
 * effect and the later one miss its cause. So are those on one other node's keys. Between nodes there is no order: whoever needs one waits for the answer.
 */
import type { Failure } from "../../core/failure.ts";
import { failureOf } from "../../core/failure.ts";
import type { Asker } from "../../core/forwarding.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import type { LoadWaiter } from "../../core/node-state.ts";
import type { NodeCore } from "../../core/node-core.ts";
import type { OperationSink } from "../../core/operations.ts";
import type { Partition } from "../../core/partition.ts";
import { oldestPrepared } from "../../core/prepared-write.ts";
import type { SettleWaiter } from "../../core/transactions/settling.ts";
import type { Dependencies } from "../../protocol/dependencies.ts";
import { unixMsOfHybridTime } from "../../protocol/hybrid-time.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { ReadReply, WriteReply, WriteRequest } from "../../protocol/messages/forward.ts";
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import { asSeenAt } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import { invariant } from "../../shared/assert.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { ReadyReply, ReplyQueue } from "./reply-queue.ts";
import { writeDotOrigin, writeName, writeRead } from "./version-fields.ts";

/** What a client's context names is applied here already, or on its way from one node of this datacenter to another. */
export const contextMsMax = 2_000;

export interface VersionedWrite {
  readonly write: WriteRequest;
  readonly dependencies: Dependencies;
  readonly floor: HybridTime;
}

/** One operation, from its command to its reply. */
class VersionedOperation implements OperationSink, ReadyReply {
  readonly slot: number;
  readonly partition: number;
  readonly hash: number;
  readonly key: ByteString;
  readonly floor: HybridTime;
  /** Undefined for a read. */
  readonly order: VersionedWrite | undefined;
  private readonly owner: VersionedOperations;
  private version: Version | undefined;
  private old: Version | undefined;
  private clock: HybridTime = 0;
  private stable = true;
  private failure: Failure | undefined;

  constructor(
    owner: VersionedOperations,
    slot: number,
    partition: number,
    hash: number,
    key: ByteString,
    floor: HybridTime,
    order: VersionedWrite | undefined,
  ) {
    this.owner = owner;
    this.slot = slot;
    this.partition = partition;
    this.hash = hash;
    this.key = key;
    this.floor = floor;
    this.order = order;
  }

  get measuredAs(): "read" | "write" | undefined {
    if (this.failure !== undefined) return undefined;
    return this.order === undefined ? "read" : "write";
  }

  read(version: Version | undefined, stable: boolean, clock: HybridTime): void {
    // As a reader at its floor is told of it: an expired value is none.
    const seenMs = unixMsOfHybridTime(Math.max(clock, this.floor));
    this.version = version === undefined ? undefined : asSeenAt(version, seenMs);
    this.stable = version === undefined || stable;
    this.clock = clock;
    this.owner.done(this);
  }

  written(version: Version | undefined, old: Version | undefined, clock: HybridTime): void {
    this.version = version;
    this.old = old;
    this.clock = clock;
    this.owner.done(this);
  }

  writeDone(_tag: number, version: Version | undefined, old: Version | undefined): void {
    this.written(version, old, this.owner.clock);
  }

  failed(_tag: number, failure: Failure): void {
    this.failure = failure;
    this.owner.done(this);
  }

  readDone(): void {
    invariant(false, "a versioned read does not go through the head");
  }

  reached(): void {
    invariant(false, "a versioned operation is no barrier");
  }

  writeTo(reply: ReplyWriter): void {
    if (this.failure !== undefined) reply.error(`${this.failure.code} ${this.failure.message}`);
    else if (this.order === undefined) {
      writeRead(reply, this.version, this.partition, this.clock, this.stable);
    } else this.writeWritten(reply);
  }

  private writeWritten(reply: ReplyWriter): void {
    const version = this.version ?? this.old;
    reply.arrayHeader(8);
    reply.integer(this.version === undefined ? 0 : 1);
    writeName(reply, version, this.partition);
    reply.integer(this.clock);
    writeDotOrigin(reply, version, this.partition);
  }
}

/** The versioned operations of one connection. */
export class VersionedOperations implements LoadWaiter, SettleWaiter, Asker {
  private readonly core: NodeCore;
  private readonly replies: ReplyQueue;
  /** Names this connection to owners, which keep the order of one asker's reads. */
  private readonly askerId: number;
  /** From the operation that waits for its record on. */
  private readonly blocked: VersionedOperation[] = [];
  /** By the tag that the forwarder knows them by. */
  private readonly forwarded = new Map<number, VersionedOperation>();
  private lastTag = 0;

  constructor(core: NodeCore, replies: ReplyQueue) {
    this.core = core;
    this.replies = replies;
    // An id that no session has: owners key the order of reads by it.
    this.askerId = core.createSession().id;
  }

  get clock(): HybridTime {
    return this.core.clockTold;
  }

  read(key: ByteString, floor: HybridTime): void {
    this.begin(this.open(key, floor, undefined));
  }

  write(order: VersionedWrite): void {
    const operation = this.open(order.write.key, order.floor, order);
    if (order.dependencies.dots.length === 0 && order.dependencies.prefixes.length === 0) {
      this.begin(operation);
      return;
    }
    this.core.confirm(
      order.dependencies,
      contextMsMax,
      () => this.begin(operation),
      (why) => operation.failed(0, failureOf(why)),
    );
  }

  done(operation: VersionedOperation): void {
    this.replies.settle(operation.slot, operation);
  }

  recordLoaded(): void {
    this.goOn();
  }

  settled(): void {
    this.goOn();
  }

  /** A transaction holds the key of the first, and nobody knows its outcome. */
  waitedTooLong(): void {
    const first = this.blocked.shift();
    invariant(first !== undefined, "the first of the blocked operations waits");
    first.failed(0, failureOf(first.order === undefined ? "UNAVAILABLE" : "CONFLICT"));
    this.goOn();
  }

  readAnswered(tag: number, reply: ReadReply): void {
    const operation = this.take(tag);
    if (reply.failed === true) operation.failed(tag, failureOf("UNAVAILABLE"));
    else operation.read(reply.version, reply.stable, reply.clock);
  }

  writeAnswered(tag: number, reply: WriteReply): void {
    const operation = this.take(tag);
    if (reply.failure === undefined) operation.written(reply.version, reply.old, reply.clock);
    else operation.failed(tag, failureOf(reply.failure));
  }

  forwardingFailed(tag: number, _wasWrite: boolean, failure: Failure): void {
    this.take(tag).failed(tag, failure);
  }

  private open(key: ByteString, floor: HybridTime, order: VersionedWrite | undefined): VersionedOperation {
    const { placement } = this.core;
    const hash = placement.hash(key);
    const partition = placement.partitionOfHash(hash);
    return new VersionedOperation(this, this.replies.openOther(), partition, hash, key, floor, order);
  }

  private begin(operation: VersionedOperation): void {
    const { placement, state, forwarding } = this.core;
    const { partition, key, floor, order } = operation;
    if (state.local(partition) !== undefined) {
      if (this.blocked.length > 0 || !this.carryOut(operation)) this.blocked.push(operation);
      return;
    }
    const owner = placement.owner(state.datacenter, partition);
    const tag = ++this.lastTag;
    this.forwarded.set(tag, operation);
    if (order === undefined) forwarding.read(owner, this.askerId, floor, key, this, tag);
    else forwarding.write(owner, floor, order.dependencies, order.write, this, tag);
  }

  private goOn(): void {
    const { blocked } = this;
    let carriedOut = 0;
    while (carriedOut < blocked.length && this.carryOut(blocked[carriedOut] as VersionedOperation)) carriedOut++;
    blocked.splice(0, carriedOut);
  }

  /** False when something must be waited for: `goOn` follows. */
  private carryOut(operation: VersionedOperation): boolean {
    const { state } = this.core;
    const partition = state.local(operation.partition);
    invariant(partition !== undefined, "own keys are carried out here");
    const record = partition.record(operation.key, operation.hash);
    if (operation.order !== undefined) return this.put(operation, operation.order, partition, record);
    if (!record.loaded) {
      state.load(record, this);
      return false;
    }
    if (record.prepared !== undefined && !this.isSettled(record, operation.floor)) return false;
    state.counters.readsLocal++;
    const version = record.current;
    operation.read(version, version !== undefined && state.isStable(version), this.clock);
    return true;
  }

  private put(
    operation: VersionedOperation,
    { write, dependencies, floor }: VersionedWrite,
    partition: Partition,
    record: KeyRecord,
  ): boolean {
    const { head } = this.core;
    if (!head.canPropose) {
      operation.failed(0, failureOf("BUSY"));
      return true;
    }
    if (head.mustWait(write, record)) {
      head.await(record, this);
      return false;
    }
    head.put(partition, record, write, dependencies, floor, operation, 0);
    return true;
  }

  /** Whether no part of a transaction that this client may have seen can still show on this key (design, 3.5). */
  private isSettled(record: KeyRecord, floor: HybridTime): boolean {
    const { state, head } = this.core;
    if (oldestPrepared(record) > floor || !state.acceptsClock(floor)) return true;
    if (!head.close(floor)) {
      state.proposals.after(state.proposals.lastLsn, { lsn: 0, commit: () => this.goOn() });
      return false;
    }
    if (state.settling.isSettled(record, floor)) return true;
    state.settling.wait(record, floor, this);
    return false;
  }

  private take(tag: number): VersionedOperation {
    const operation = this.forwarded.get(tag);
    invariant(operation !== undefined, "a forwarded operation is answered once");
    this.forwarded.delete(tag);
    return operation;
  }
}
