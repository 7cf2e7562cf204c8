/*
 * Serves the operations that other nodes of the datacenter forward to this one as the owner of the key.
 *
 * Reads of one session are answered in their order, also when one of them must be read from the store first: answered at
 * two moments the wrong way round, the earlier read could show an effect and the later one miss its cause.
 *
 * An answer goes out on the link on which its request came, or not at all. The asker has given the request up when that link
 * went down, and after a restart it numbers requests and sessions from one again: an answer that came later would be taken
 * for that of another request.
 */
import { failureOf } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { Head } from "./head.ts";
import type { KeyRecord } from "./key-record.ts";
import type { LoadWaiter, NodeState } from "./node-state.ts";
import type { OperationSink } from "./operations.ts";
import type { Partition } from "./partition.ts";
import type { NodeId } from "./placement.ts";
import { oldestPrepared } from "./prepared-write.ts";
import type { SnapshotReads } from "./snapshots/snapshot-reads.ts";
import type { HomeTransactions } from "./transactions/home-transactions.ts";
import { untilFree } from "./transactions/settling.ts";
import type { SettleWaiter } from "./transactions/settling.ts";
import { invariant } from "../shared/assert.ts";
import { snapshotReplyBytesMax } from "../shared/limits.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import { encodeReadReply, encodeWriteReply } from "../protocol/messages/forward.ts";
import type { ForwardedRead, ForwardedWrite } from "../protocol/messages/forward.ts";
import { encodeSnapshotReply } from "../protocol/messages/snapshot.ts";
import type { SnapshotAnswer, SnapshotRequest } from "../protocol/messages/snapshot.ts";
import { encodeTransactionReply } from "../protocol/messages/transaction.ts";
import type { TransactionReply, TransactionRequest } from "../protocol/messages/transaction.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { Version } from "../protocol/version.ts";

/** One life of the link to a peer. */
class AskingLink {
  readonly peer: NodeId;
  isDown = false;
  /** By session: its reads from the one that waits for the store on. */
  readonly blocked: Map<number, BlockedReads> = new Map();

  constructor(peer: NodeId) {
    this.peer = peer;
  }
}

/** The reads of one session from the one that waits for the store on. */
class BlockedReads implements LoadWaiter, SettleWaiter {
  readonly reads: ForwardedRead[] = [];
  /** What is prepared on the key of the first was waited for too long. */
  gaveUp = false;
  private readonly owner: Owner;
  private readonly link: AskingLink;
  private readonly session: number;

  constructor(owner: Owner, link: AskingLink, session: number) {
    this.owner = owner;
    this.link = link;
    this.session = session;
  }

  recordLoaded(): void {
    this.owner.resume(this.link, this.session, this);
  }

  settled(): void {
    this.owner.resume(this.link, this.session, this);
  }

  waitedTooLong(): void {
    this.gaveUp = true;
    this.owner.resume(this.link, this.session, this);
  }
}

/** One forwarded write: waits for its record where it must be judged, and answers its node. */
class WriteInHand implements LoadWaiter, SettleWaiter, OperationSink {
  /** It was asked before, and gets the answer that it got then. */
  repeated = false;
  private readonly owner: Owner;
  private readonly link: AskingLink;
  private readonly forwarded: ForwardedWrite;

  constructor(owner: Owner, link: AskingLink, forwarded: ForwardedWrite) {
    this.owner = owner;
    this.link = link;
    this.forwarded = forwarded;
  }

  recordLoaded(): void {
    this.owner.write(this.link, this.forwarded, this);
  }

  settled(): void {
    this.owner.write(this.link, this.forwarded, this);
  }

  waitedTooLong(): void {
    this.failed(0, failureOf("CONFLICT"));
  }

  readDone(): void {
    invariant(false, "a write is not answered as a read");
  }

  reached(): void {
    invariant(false, "a write is not answered as a barrier");
  }

  writeDone(_tag: number, version: Version | undefined, old: Version | undefined): void {
    this.owner.answerWrite(this.link, this.forwarded.id, undefined, version, old, this.repeated);
  }

  failed(_tag: number, failure: Failure): void {
    this.owner.answerWrite(this.link, this.forwarded.id, failure, undefined, undefined);
  }
}

export class Owner {
  private readonly links = new Map<NodeId, AskingLink>();
  private readonly state: NodeState;
  private readonly head: Head;

  private readonly snapshots: SnapshotReads;
  private readonly transactions: HomeTransactions;

  constructor(state: NodeState, head: Head, snapshots: SnapshotReads, transactions: HomeTransactions) {
    this.state = state;
    this.head = head;
    this.snapshots = snapshots;
    this.transactions = transactions;
  }

  onLinkDown(peer: NodeId): void {
    const link = this.links.get(peer);
    if (link === undefined) return;
    link.isDown = true;
    this.links.delete(peer);
  }

  onRead(peer: NodeId, read: ForwardedRead): void {
    if (this.ownPartition(read.key) === undefined) throw new DecodeError("a read of a key that is not at this node");
    const link = this.link(peer);
    const before = link.blocked.get(read.session);
    if (before !== undefined) {
      before.reads.push(read);
      return;
    }
    const blocked = new BlockedReads(this, link, read.session);
    if (this.answerRead(link, read, blocked)) return;
    blocked.reads.push(read);
    link.blocked.set(read.session, blocked);
  }

  /** The first of these reads has its record. */
  resume(link: AskingLink, session: number, blocked: BlockedReads): void {
    if (link.isDown) return;
    const { reads } = blocked;
    while (reads.length > 0 && this.answerRead(link, reads[0] as ForwardedRead, blocked)) reads.shift();
    if (reads.length === 0) link.blocked.delete(session);
  }

  /** One round of a read transaction. */
  onSnapshot(peer: NodeId, { id, floor, time, keys }: SnapshotRequest): void {
    const link = this.link(peer);
    this.snapshots.read(keys, floor, time, (answers, failure) => {
      if (link.isDown) return;
      const clock = this.state.clock.told();
      encodeSnapshotReply(this.state.outboxes.to(peer), { id, clock, failure, answers: oneMessageOf(answers) });
    });
  }

  /** A write transaction of which this node owns the first key. */
  onTransaction(peer: NodeId, { id, ...order }: TransactionRequest): void {
    const link = this.link(peer);
    const answer = (reply: Omit<TransactionReply, "id" | "clock">, from: HybridTime): void => {
      if (link.isDown) return;
      const clock = Math.max(this.state.clock.told(), from);
      encodeTransactionReply(this.state.outboxes.to(peer), { id, clock, ...reply });
    };
    this.transactions.begin(order, {
      done: (version, olds, repeated, clock) => answer({ failure: undefined, version, olds, repeated }, clock),
      failed: (failure) => answer({ failure, version: undefined, olds: [], repeated: false }, 0),
    });
  }

  onWrite(peer: NodeId, forwarded: ForwardedWrite): void {
    const link = this.link(peer);
    this.write(link, forwarded, new WriteInHand(this, link, forwarded));
  }

  write(link: AskingLink, forwarded: ForwardedWrite, hand: WriteInHand): void {
    const { write, dependencies, floor } = forwarded;
    const partition = this.ownPartition(write.key);
    if (partition === undefined) {
      this.answerWrite(link, forwarded.id, failureOf("UNAVAILABLE"), undefined, undefined);
      return;
    }
    if (!this.head.canPropose) {
      this.answerWrite(link, forwarded.id, failureOf("BUSY"), undefined, undefined);
      return;
    }
    const record = this.state.record(partition, write.key);
    if (this.head.mustWait(write, record)) {
      this.head.await(record, hand);
      return;
    }
    hand.repeated = this.head.isRepeat(write);
    this.head.put(partition, record, write, dependencies, floor, hand, 0);
  }

  answerWrite(
    link: AskingLink,
    id: number,
    failure: Failure | undefined,
    version: Version | undefined,
    old: Version | undefined,
    repeated = false,
  ): void {
    if (link.isDown) return;
    const clock = this.state.clock.told();
    encodeWriteReply(this.state.outboxes.to(link.peer), {
      id,
      clock,
      failure: failure?.code,
      version,
      old,
      repeated,
    });
  }

  private link(peer: NodeId): AskingLink {
    let link = this.links.get(peer);
    if (link === undefined) this.links.set(peer, (link = new AskingLink(peer)));
    return link;
  }

  /** False when it waits: `blocked` is told. */
  private answerRead(link: AskingLink, read: ForwardedRead, blocked: BlockedReads): boolean {
    const record = this.recordOf(read);
    if (!record.loaded) {
      this.state.load(record, blocked);
      return false;
    }
    if (record.prepared !== undefined && !this.isSettled(record, read, blocked)) {
      if (!blocked.gaveUp) return false;
      blocked.gaveUp = false;
      const reply = { id: read.id, clock: this.state.clock.told(), stable: false, version: undefined, failed: true };
      encodeReadReply(this.state.outboxes.to(link.peer), reply);
      return true;
    }
    const version = record.current;
    const stable = version !== undefined && this.state.isStable(version);
    this.state.counters.readsLocal++;
    const clock = this.state.clock.told();
    encodeReadReply(this.state.outboxes.to(link.peer), { id: read.id, clock, stable, version });
    return true;
  }

  private isSettled(record: KeyRecord, { floor }: ForwardedRead, blocked: BlockedReads): boolean {
    const { state } = this;
    if (oldestPrepared(record) > floor) return true;
    if (!state.acceptsClock(floor)) {
      // No time to close: everything that is prepared now has to leave the key.
      if (!blocked.gaveUp) state.settling.wait(record, untilFree, blocked);
      return false;
    }
    if (!this.head.close(floor)) {
      if (!blocked.gaveUp) {
        state.proposals.after(state.proposals.lastLsn, { lsn: 0, commit: () => blocked.recordLoaded() });
      }
      return false;
    }
    if (state.settling.isSettled(record, floor)) return true;
    if (!blocked.gaveUp) state.settling.wait(record, floor, blocked);
    return false;
  }

  private recordOf(read: ForwardedRead): KeyRecord {
    const partition = this.ownPartition(read.key);
    invariant(partition !== undefined, "a read is forwarded to the owner of its key");
    return this.state.record(partition, read.key);
  }

  private ownPartition(key: string): Partition | undefined {
    const { placement } = this.state;
    return this.state.local(placement.partitionOfHash(placement.hash(key)));
  }
}

/** The first of these answers, as many as one message holds, and at least one: the asker asks for the rest. */
function oneMessageOf(answers: readonly SnapshotAnswer[]): readonly SnapshotAnswer[] {
  let bytes = 0;
  for (const [i, { version }] of answers.entries()) {
    bytes += version === undefined ? 0 : version.value.length;
    if (bytes > snapshotReplyBytesMax && i > 0) return answers.slice(0, i);
  }
  return answers;
}
