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
import { invariant } from "../shared/assert.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import { encodeReadReply, encodeWriteReply } from "../protocol/messages/forward.ts";
import type { ForwardedRead, ForwardedWrite } from "../protocol/messages/forward.ts";
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
class BlockedReads implements LoadWaiter {
  readonly reads: ForwardedRead[] = [];
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
}

/** One forwarded write: waits for its record where it must be judged, and answers its node. */
class WriteInHand implements LoadWaiter, OperationSink {
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

  constructor(state: NodeState, head: Head) {
    this.state = state;
    this.head = head;
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
    if (this.answerRead(link, read)) return;
    const blocked = new BlockedReads(this, link, read.session);
    blocked.reads.push(read);
    link.blocked.set(read.session, blocked);
    this.state.load(this.recordOf(read), blocked);
  }

  /** The first of these reads has its record. */
  resume(link: AskingLink, session: number, blocked: BlockedReads): void {
    if (link.isDown) return;
    const { reads } = blocked;
    while (reads.length > 0 && this.answerRead(link, reads[0] as ForwardedRead)) reads.shift();
    if (reads.length === 0) link.blocked.delete(session);
    else this.state.load(this.recordOf(reads[0] as ForwardedRead), blocked);
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
      this.state.load(record, hand);
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

  private answerRead(link: AskingLink, read: ForwardedRead): boolean {
    const record = this.recordOf(read);
    if (!record.loaded) return false;
    const version = record.current;
    const stable =
      version !== undefined && this.ownPartition(read.key)?.isStable(version.datacenter, version.seq) === true;
    this.state.counters.readsLocal++;
    const clock = this.state.clock.told();
    encodeReadReply(this.state.outboxes.to(link.peer), { id: read.id, clock, stable, version });
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
