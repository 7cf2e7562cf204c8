/*
 * Takes frames from peers apart and hands each message to the part of the core that it is for. What is malformed throws
 * DecodeError: the driver drops the frame; what was taken in before stays, like any delivery that broke off.
 */
import type { NodeCore } from "./node-core.ts";
import type { NodeId } from "./placement.ts";
import { datacenterOfNode } from "./placement.ts";
import { ByteReader, DecodeError } from "../protocol/byte-reader.ts";
import { decodeDepCheck, decodeDepHolds } from "../protocol/messages/dep-check.ts";
import {
  decodeReadReply,
  decodeReadRequest,
  decodeWriteReply,
  decodeWriteRequest,
} from "../protocol/messages/forward.ts";
import {
  controlTypeMin,
  messageClosed,
  messageCommitted,
  messageDecision,
  messageDepCheck,
  messageDepHolds,
  messageHeartbeat,
  messagePartHere,
  messagePrepare,
  messageReadReply,
  messageReadRequest,
  messageSnapshotReply,
  messageSnapshotRequest,
  messageStable,
  messageStreamAck,
  messageStreamData,
  messageStreamOpen,
  messageTransQuestion,
  messageTransReply,
  messageTransRequest,
  messageVote,
  messageWriteReply,
  messageWriteRequest,
} from "../protocol/messages/message.ts";
import { decodeSnapshotReply, decodeSnapshotRequest } from "../protocol/messages/snapshot.ts";
import {
  decodeDecision,
  decodePartsHere,
  decodePrepare,
  decodeQuestion,
  decodeTransactionId,
  decodeTransactionReply,
  decodeTransactionRequest,
  decodeVote,
} from "../protocol/messages/transaction.ts";
import { decodeClosed, decodeStable, decodeStreamAck, decodeStreamOpen } from "../protocol/messages/stream.ts";
import type { Bytes } from "../shared/bytes.ts";

/** A peer has applied writes of this node that this node never gave out: this node's disk went back in time. */
export class LostDataError extends Error {
  override readonly name = "LostDataError";
  readonly code = "LOSTDATA";
  readonly retryable = false;
  readonly partition: number;
  readonly peer: NodeId;

  constructor(partition: number, peer: NodeId) {
    super(
      `datacenter ${datacenterOfNode(peer)} has applied writes of partition ${partition} that this node does not know: ` +
        "its data directory is older than what it once acknowledged",
    );
    this.partition = partition;
    this.peer = peer;
  }
}

export class NodeInbox {
  /** Messages of the drivers' own (message.ts); set by the driver. */
  onControl: (peer: NodeId, type: number, reader: ByteReader) => void = () => undefined;
  private readonly core: NodeCore;
  private readonly reader = new ByteReader();

  constructor(core: NodeCore) {
    this.core = core;
  }

  onFrame(peer: NodeId, frame: Bytes): void {
    let offset = 0;
    while (offset < frame.length) {
      const header = this.reader.over(frame, offset, frame.length);
      const type = header.u8();
      const length = header.u32();
      const start = header.skip(length);
      offset = start + length;
      const body = new ByteReader(frame, start, offset);
      if (type >= controlTypeMin) this.onControl(peer, type, body);
      else if (type === messageHeartbeat) this.core.skew.onHeartbeat(peer, body.u64());
      else if (datacenterOfNode(peer) === this.core.state.datacenter) this.onLocal(peer, type, body);
      else this.onRemote(peer, type, body);
    }
  }

  /** Inside the datacenter: dependency checks and forwarded operations. */
  private onLocal(peer: NodeId, type: number, body: ByteReader): void {
    const { core } = this;
    if (type === messageReadRequest) core.owner.onRead(peer, decodeReadRequest(body));
    else if (type === messageReadReply) core.forwarding.onReadReply(peer, decodeReadReply(body));
    else if (type === messageWriteRequest) core.owner.onWrite(peer, decodeWriteRequest(body));
    else if (type === messageWriteReply) core.forwarding.onWriteReply(peer, decodeWriteReply(body));
    else if (type === messageDepCheck) core.answers.onCheck(peer, decodeDepCheck(body));
    else if (type === messageDepHolds) this.onDepHolds(body);
    else if (type === messageSnapshotRequest) core.owner.onSnapshot(peer, decodeSnapshotRequest(body));
    else if (type === messageSnapshotReply) core.forwarding.onSnapshotReply(peer, decodeSnapshotReply(body));
    else if (type === messageTransRequest) core.owner.onTransaction(peer, decodeTransactionRequest(body));
    else if (type === messageTransReply) core.forwarding.onTransactionReply(peer, decodeTransactionReply(body));
    else this.onTransaction(peer, type, body);
  }

  /** Two-phase commit. */
  private onTransaction(peer: NodeId, type: number, body: ByteReader): void {
    const { core } = this;
    if (type === messagePrepare) this.onPrepare(peer, body);
    else if (type === messageVote) core.coordinator.onVote(peer, decodeVote(body));
    else if (type === messageDecision) core.cohort.onDecision(peer, decodeDecision(body));
    else if (type === messageCommitted) core.coordinator.onCommitted(peer, decodeTransactionId(body));
    else if (type === messageTransQuestion) this.onQuestion(peer, body);
    else if (type === messagePartHere) core.remoteTransactions.onPartsHere(peer, decodePartsHere(body));
    else throw new DecodeError(`message of unknown type ${type} from inside the datacenter`);
  }

  /** Between datacenters: replication. */
  private onRemote(peer: NodeId, type: number, body: ByteReader): void {
    const { core } = this;
    if (type === messageStreamData) core.receivers.get(peer)?.onData(body);
    else if (type === messageStreamAck) this.onStreamAck(peer, body);
    else if (type === messageStreamOpen) this.onStreamOpen(peer, body);
    else if (type === messageClosed) core.closing.onClosed(peer, decodeClosed(body));
    else if (type === messageStable) core.stability.onNotice(peer, decodeStable(body));
    else throw new DecodeError(`message of unknown type ${type} from another datacenter`);
  }

  private onPrepare(peer: NodeId, body: ByteReader): void {
    const prepare = decodePrepare(body);
    const isHome = prepare.transaction.datacenter === this.core.state.datacenter;
    if (isHome) this.core.cohort.onPrepare(peer, prepare);
    else this.core.remoteTransactions.onPrepare(peer, prepare);
  }

  private onQuestion(peer: NodeId, body: ByteReader): void {
    const question = decodeQuestion(body);
    this.core.remoteTransactions.onQuestion(peer, question);
    this.core.coordinator.onQuestion(peer, question);
  }

  private onDepHolds(body: ByteReader): void {
    const { core } = this;
    const holds = decodeDepHolds(body);
    if (!core.state.acceptsClock(holds.clock)) {
      core.remote.onRefused();
      return;
    }
    core.state.clock.pass(holds.clock);
    core.remote.onHolds(holds);
    core.state.wake();
  }

  private onStreamOpen(peer: NodeId, body: ByteReader): void {
    const lost = this.core.shippers.get(peer)?.onOpen(decodeStreamOpen(body));
    if (lost !== undefined) throw new LostDataError(lost, peer);
  }

  private onStreamAck(peer: NodeId, body: ByteReader): void {
    const { shippers, stability, state } = this.core;
    const ack = decodeStreamAck(body);
    // What is applied is told again and again: from a clock that is too far ahead it is not believed yet.
    const isBelieved = ack.applied.length === 0 || state.acceptsClock(ack.clock);
    shippers.get(peer)?.onAck(isBelieved ? ack : { ...ack, applied: [] });
    if (isBelieved && ack.applied.length > 0) stability.onAck(ack.clock, ack.applied);
  }
}
