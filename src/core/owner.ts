/*
 * Serves the operations that other nodes of the datacenter forward to this one as the owner of the key.
 *
 * Reads of one session are answered in their order, also when one of them must be read from the store first: answered at
 * two moments the wrong way round, the earlier read could show an effect and the later one miss its cause.
 */
import { failureOf } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { Head } from "./head.ts";
import type { KeyRecord } from "./key-record.ts";
import type { LoadWaiter, NodeState } from "./node-state.ts";
import type { OperationSink } from "./operations.ts";
import type { Partition } from "./partition.ts";
import type { NodeId } from "./placement.ts";
import { invariant } from "../shared/assert.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import { encodeReadReply, encodeWriteReply } from "../protocol/messages/forward.ts";
import type { ForwardedRead, ForwardedWrite } from "../protocol/messages/forward.ts";
import type { Version } from "../protocol/version.ts";

/** The reads of one session from the one that waits for the store on. */
class BlockedReads implements LoadWaiter {
  readonly reads: ForwardedRead[] = [];
  private readonly owner: Owner;
  private readonly peer: NodeId;
  private readonly id: number;

  constructor(owner: Owner, peer: NodeId, id: number) {
    this.owner = owner;
    this.peer = peer;
    this.id = id;
  }

  recordLoaded(): void {
    this.owner.resume(this.peer, this.id, this.reads);
  }
}

/** One forwarded write: waits for its record where it must be judged, and answers its node. */
class WriteInHand implements LoadWaiter, OperationSink {
  /** It was asked before, and gets the answer that it got then. */
  repeated = false;
  private readonly owner: Owner;
  private readonly peer: NodeId;
  private readonly forwarded: ForwardedWrite;

  constructor(owner: Owner, peer: NodeId, forwarded: ForwardedWrite) {
    this.owner = owner;
    this.peer = peer;
    this.forwarded = forwarded;
  }

  recordLoaded(): void {
    this.owner.write(this.peer, this.forwarded, this);
  }

  readDone(): void {
    invariant(false, "a write is not answered as a read");
  }

  reached(): void {
    invariant(false, "a write is not answered as a barrier");
  }

  writeDone(_tag: number, version: Version | undefined, old: Version | undefined): void {
    this.owner.answerWrite(this.peer, this.forwarded.id, undefined, version, old, this.repeated);
  }

  failed(_tag: number, failure: Failure): void {
    this.owner.answerWrite(this.peer, this.forwarded.id, failure, undefined, undefined);
  }
}

export class Owner {
  private readonly blocked = new Map<number, BlockedReads>();
  private readonly state: NodeState;
  private readonly head: Head;

  constructor(state: NodeState, head: Head) {
    this.state = state;
    this.head = head;
  }

  onRead(peer: NodeId, read: ForwardedRead): void {
    if (this.ownPartition(read.key) === undefined) throw new DecodeError("a read of a key that is not at this node");
    const id = read.session * 65536 + peer;
    const before = this.blocked.get(id);
    if (before !== undefined) {
      before.reads.push(read);
      return;
    }
    if (this.answerRead(peer, read)) return;
    const blocked = new BlockedReads(this, peer, id);
    blocked.reads.push(read);
    this.blocked.set(id, blocked);
    this.state.load(this.recordOf(read), blocked);
  }

  /** The first of these reads has its record. */
  resume(peer: NodeId, id: number, reads: ForwardedRead[]): void {
    const blocked = this.blocked.get(id);
    while (reads.length > 0 && this.answerRead(peer, reads[0] as ForwardedRead)) reads.shift();
    if (reads.length === 0 || blocked === undefined) this.blocked.delete(id);
    else this.state.load(this.recordOf(reads[0] as ForwardedRead), blocked);
  }

  onWrite(peer: NodeId, forwarded: ForwardedWrite): void {
    this.write(peer, forwarded, new WriteInHand(this, peer, forwarded));
  }

  write(peer: NodeId, forwarded: ForwardedWrite, hand: WriteInHand): void {
    const { write, dependencies, floor } = forwarded;
    const partition = this.ownPartition(write.key);
    if (partition === undefined) {
      this.answerWrite(peer, forwarded.id, failureOf("UNAVAILABLE"), undefined, undefined);
      return;
    }
    if (!this.head.canPropose) {
      this.answerWrite(peer, forwarded.id, failureOf("BUSY"), undefined, undefined);
      return;
    }
    const record = this.state.record(partition, write.key);
    if (this.head.needsRecord(write, record)) {
      this.state.load(record, hand);
      return;
    }
    hand.repeated = this.head.isRepeat(write);
    this.head.put(partition, record, write, dependencies, floor, hand, 0);
  }

  answerWrite(
    peer: NodeId,
    id: number,
    failure: Failure | undefined,
    version: Version | undefined,
    old: Version | undefined,
    repeated = false,
  ): void {
    const clock = this.state.clock.told();
    encodeWriteReply(this.state.outboxes.to(peer), { id, clock, failure: failure?.code, version, old, repeated });
  }

  private answerRead(peer: NodeId, read: ForwardedRead): boolean {
    const record = this.recordOf(read);
    if (!record.loaded) return false;
    const version = record.current;
    const stable =
      version !== undefined && this.ownPartition(read.key)?.isStable(version.datacenter, version.seq) === true;
    this.state.counters.readsLocal++;
    encodeReadReply(this.state.outboxes.to(peer), { id: read.id, clock: this.state.clock.told(), stable, version });
    return true;
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
