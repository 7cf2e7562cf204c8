/*
 * The transactions of one session (design, 3.5 and 3.6): what its session.ts starts, and what it has seen once they end.
 *
 * - A read transaction starts when nothing else is under way and what the session wrote is durable; nothing else starts before
 *   it ends. Where every key is at this node, in memory and held by nobody, it is answered at once: what one node shows at one
 *   moment is a snapshot.
 * - A write transaction starts like a write to another log: once what the session wrote before is durable. Where every key is
 *   at this node it is one frame of the log: it follows what the session wrote before, and the session goes on behind it, as
 *   with any write.
 */
import type { Context } from "./context.ts";
import { failureOf } from "./failure.ts";
import type { KeyRecord } from "./key-record.ts";
import type { TransactionSink } from "./operations.ts";
import type { NodeId } from "./placement.ts";
import type { SessionServices } from "./session-services.ts";
import { ReadTransaction } from "./snapshots/read-transaction.ts";
import type { SnapshotResult } from "./snapshots/read-transaction.ts";
import { knownFrom, noteSeen, toldAt } from "./session-seen.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { WriteRequest } from "../protocol/messages/forward.ts";
import type { Version } from "../protocol/version.ts";
import type { RequestId } from "../protocol/write.ts";
import type { ByteString } from "../shared/bytes.ts";

export class SessionTransactions {
  /** A transaction is under way that nothing may overtake. */
  isOut = false;
  private readonly services: SessionServices;
  private readonly context: Context;
  /** Something ended: the session goes on. */
  private readonly advance: () => void;
  /** A transaction of this node's log was proposed. */
  private readonly proposed: () => void;

  constructor(services: SessionServices, context: Context, advance: () => void, proposed: () => void) {
    this.services = services;
    this.context = context;
    this.advance = advance;
    this.proposed = proposed;
  }

  /** Nothing of the session is under way. */
  read(keys: readonly ByteString[], sink: TransactionSink, tag: number): void {
    if (this.readHere(keys, sink, tag)) return;
    const { state, snapshots, forwarding } = this.services;
    const owners = keys.map((key) => this.ownerOf(key));
    const { floor } = this.context;
    this.isOut = true;
    const transaction = new ReadTransaction(
      keys,
      owners,
      floor,
      (owner, asked, time, done) => {
        if (owner === state.self) {
          snapshots.read(asked, floor, time, (answers, failure) => done(answers, state.clock.told(), failure));
          return;
        }
        forwarding.snapshot(owner, floor, time, asked, (reply, failure) =>
          done(reply?.answers ?? [], reply?.clock ?? 0, reply === undefined ? failure : reply.failure),
        );
      },
      (result, failure) => this.readOver(result, failure, sink, tag),
    );
    transaction.begin();
  }

  /** Whether every key is at this node. */
  areHere(writes: readonly WriteRequest[]): boolean {
    const { state } = this.services;
    return writes.every(
      ({ key }) => state.local(state.placement.partitionOfHash(state.placement.hash(key))) !== undefined,
    );
  }

  /** Nothing of the session is under way but what comes before it in the log. */
  write(writes: readonly WriteRequest[], request: RequestId | undefined, sink: TransactionSink, tag: number): void {
    const { state, transactions, forwarding } = this.services;
    const order = { writes, dependencies: this.context.dependencies(), floor: this.context.floor, request };
    const owner = this.ownerOf((writes[0] as WriteRequest).key);
    this.isOut = true;
    if (owner !== state.self) {
      forwarding.transaction(owner, order, (reply, failure) => {
        const problem = reply === undefined ? failure : reply.failure;
        if (reply !== undefined) this.context.raiseFloor(reply.clock);
        if (reply === undefined || problem !== undefined) this.writeFailed(problem ?? "UNAVAILABLE", sink, tag);
        else this.written(reply.version, reply.olds, reply.repeated, sink, tag);
      });
      return;
    }
    let isProposed = false;
    const version = transactions.begin(order, {
      done: (outcome, olds, repeated, clock) => {
        this.context.raiseFloor(clock);
        if (isProposed) sink.transactionDone(tag, outcome, olds);
        else this.written(outcome, olds, repeated, sink, tag);
      },
      failed: (code) => {
        if (isProposed) sink.failed(tag, failureOf(code));
        else this.writeFailed(code, sink, tag);
      },
    });
    if (version === undefined) return;
    isProposed = true;
    this.isOut = false;
    this.noteWritten(version, false);
    this.proposed();
  }

  /** Where all of it can be answered at this moment. */
  private readHere(keys: readonly ByteString[], sink: TransactionSink, tag: number): boolean {
    const { state } = this.services;
    const { placement } = state;
    const versions: (Version | undefined)[] = [];
    let newest = 0;
    let isWritten = false;
    for (const key of keys) {
      const hash = placement.hash(key);
      const record: KeyRecord | undefined = state.local(placement.partitionOfHash(hash))?.record(key, hash);
      if (record === undefined || !record.loaded || record.prepared !== undefined) return false;
      versions.push(record.current);
      newest = Math.max(newest, record.current?.visible ?? 0);
      isWritten ||= record.pendingLsn > state.proposals.durableLsn;
    }
    const { counters } = state;
    counters.snapshots++;
    counters.readsLocal += keys.length;
    const { context } = this;
    context.raiseFloor(state.clock.told());
    for (let i = 0; i < versions.length; i++) {
      const version = versions[i];
      if (version === undefined) continue;
      noteSeen(context, counters, version, state.isStable(version));
      versions[i] = toldAt(context, version, state.nowMs);
    }
    // What is being written lies above all that is there, but perhaps not above what the clock has told.
    sink.snapshotDone(tag, versions, isWritten ? newest : state.clock.told());
    return true;
  }

  private readOver(
    result: SnapshotResult | undefined,
    failure: string | undefined,
    sink: TransactionSink,
    tag: number,
  ): void {
    this.isOut = false;
    const { state } = this.services;
    const { counters } = state;
    counters.snapshots++;
    if (result === undefined) {
      sink.failed(tag, failureOf(failure ?? "UNAVAILABLE"));
      this.advance();
      return;
    }
    if (result.rounds > 1) counters.snapshotsSecondRound++;
    const { context } = this;
    context.raiseFloor(Math.max(result.clock, result.time));
    const versions = result.answers.map(({ version, stable }) => {
      if (version === undefined) return undefined;
      noteSeen(context, counters, version, stable);
      return toldAt(context, version, state.nowMs);
    });
    sink.snapshotDone(tag, versions, result.time);
    this.advance();
  }

  private written(
    version: Version | undefined,
    olds: readonly (Version | undefined)[],
    repeated: boolean,
    sink: TransactionSink,
    tag: number,
  ): void {
    this.isOut = false;
    const { state } = this.services;
    if (version !== undefined) this.noteWritten(version, repeated);
    else {
      for (const old of olds) {
        if (old === undefined) continue;
        noteSeen(this.context, state.counters, old, state.isStable(old));
        this.context.raiseFloor(knownFrom(old));
      }
    }
    sink.transactionDone(tag, version, olds);
    this.advance();
  }

  private writeFailed(code: string, sink: TransactionSink, tag: number): void {
    this.isOut = false;
    sink.failed(tag, failureOf(code));
    this.advance();
  }

  private noteWritten(version: Version, repeated: boolean): void {
    const { context } = this;
    if (repeated) context.saw(version.dotOrigin, version.dotSeq);
    else context.wrote(version.dotOrigin, version.dotSeq);
    context.raiseFloor(visibleOf(version));
  }

  private ownerOf(key: ByteString): NodeId {
    const { placement, datacenter } = this.services.state;
    return placement.owner(datacenter, placement.partitionOfHash(placement.hash(key)));
  }
}

/** A transaction that was answered again after a restart is known by its time alone. */
function visibleOf(version: Version): HybridTime {
  return Math.max(version.time, version.visible);
}
