/*
 * Operations on keys that another node of the datacenter owns: sent there, and their answers brought back (design, 3.4).
 *
 * A request has one answer or fails: when the link goes down, or after `forwardedRequestTimeoutMs`. A read that fails did
 * nothing; a write that fails may have taken effect, and its outcome is unknown.
 *
 * Bounded by `forwardedRequestsMax` a peer.
 */
import { failureOf } from "./failure.ts";
import type { Failure, FailureCode } from "./failure.ts";
import type { NodeState } from "./node-state.ts";
import type { NodeId } from "./placement.ts";
import { forwardedRequestsMax, forwardedRequestTimeoutMs } from "../shared/limits.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { encodeReadRequest, encodeWriteRequest } from "../protocol/messages/forward.ts";
import type { ReadReply, WriteReply, WriteRequest } from "../protocol/messages/forward.ts";
import { encodeSnapshotRequest } from "../protocol/messages/snapshot.ts";
import type { SnapshotReply } from "../protocol/messages/snapshot.ts";
import { encodeTransactionRequest } from "../protocol/messages/transaction.ts";
import type { TransactionReply, TransactionRequest } from "../protocol/messages/transaction.ts";
import type { ByteString } from "../shared/bytes.ts";

/** Told the answer to a forwarded request, exactly once. */
export interface Asker {
  readAnswered(tag: number, reply: ReadReply): void;
  writeAnswered(tag: number, reply: WriteReply): void;
  forwardingFailed(tag: number, wasWrite: boolean, failure: Failure): void;
}

/** The answer to a forwarded transaction, or why there is none. */
type TransactionAnswered = (reply: TransactionReply | undefined, failure: FailureCode | undefined) => void;
type SnapshotAnswered = (reply: SnapshotReply | undefined, failure: FailureCode | undefined) => void;

type Pending = { readonly deadlineMs: number } & (
  | { readonly kind: "read" | "write"; readonly asker: Asker; readonly tag: number }
  | { readonly kind: "snapshot"; readonly answered: SnapshotAnswered }
  | { readonly kind: "transaction"; readonly answered: TransactionAnswered }
);

export class Forwarding {
  private readonly pending = new Map<NodeId, Map<number, Pending>>();
  private lastId = 0;
  private readonly state: NodeState;

  constructor(state: NodeState) {
    this.state = state;
  }

  get count(): number {
    let count = 0;
    for (const requests of this.pending.values()) count += requests.size;
    return count;
  }

  read(owner: NodeId, session: number, floor: HybridTime, key: ByteString, asker: Asker, tag: number): void {
    const id = this.admit(owner, { kind: "read", asker, tag, deadlineMs: this.deadlineMs });
    if (id === undefined) return;
    this.state.counters.readsForwarded++;
    encodeReadRequest(this.state.outboxes.to(owner), { id, session, floor, key });
  }

  write(
    owner: NodeId,
    floor: HybridTime,
    dependencies: Dependencies,
    write: WriteRequest,
    asker: Asker,
    tag: number,
  ): void {
    const id = this.admit(owner, { kind: "write", asker, tag, deadlineMs: this.deadlineMs });
    if (id === undefined) return;
    this.state.counters.writesForwarded++;
    encodeWriteRequest(this.state.outboxes.to(owner), id, floor, dependencies, write);
  }

  /** What keys of an owner show: one round of a read transaction. */
  snapshot(
    owner: NodeId,
    floor: HybridTime,
    time: HybridTime,
    keys: readonly ByteString[],
    answered: SnapshotAnswered,
  ): void {
    const id = this.admit(owner, { kind: "snapshot", answered, deadlineMs: this.deadlineMs });
    if (id === undefined) return;
    this.state.counters.readsForwarded += keys.length;
    encodeSnapshotRequest(this.state.outboxes.to(owner), { id, floor, time, keys });
  }

  /** A write transaction, to the owner of its first key. */
  transaction(owner: NodeId, order: Omit<TransactionRequest, "id">, answered: TransactionAnswered): void {
    const id = this.admit(owner, { kind: "transaction", answered, deadlineMs: this.deadlineMs });
    if (id === undefined) return;
    this.state.counters.writesForwarded += order.writes.length;
    encodeTransactionRequest(this.state.outboxes.to(owner), { id, ...order });
  }

  onReadReply(peer: NodeId, reply: ReadReply): void {
    const request = this.take(peer, reply.id);
    if (request?.kind === "read") request.asker.readAnswered(request.tag, reply);
  }

  onWriteReply(peer: NodeId, reply: WriteReply): void {
    const request = this.take(peer, reply.id);
    if (request?.kind === "write") request.asker.writeAnswered(request.tag, reply);
  }

  onSnapshotReply(peer: NodeId, reply: SnapshotReply): void {
    const request = this.take(peer, reply.id);
    if (request?.kind === "snapshot") request.answered(reply, undefined);
  }

  onTransactionReply(peer: NodeId, reply: TransactionReply): void {
    const request = this.take(peer, reply.id);
    if (request?.kind === "transaction") request.answered(reply, undefined);
  }

  onLinkDown(peer: NodeId): void {
    const requests = this.pending.get(peer);
    if (requests === undefined) return;
    this.pending.delete(peer);
    for (const request of requests.values()) fail(request, lostCode(request));
  }

  tick(): void {
    const { timerMs } = this.state;
    for (const requests of this.pending.values()) {
      for (const [id, request] of requests) {
        if (request.deadlineMs > timerMs) break;
        requests.delete(id);
        fail(request, lostCode(request));
      }
    }
  }

  private get deadlineMs(): number {
    return this.state.timerMs + forwardedRequestTimeoutMs;
  }

  private admit(owner: NodeId, pending: Pending): number | undefined {
    let requests = this.pending.get(owner);
    if (requests === undefined) this.pending.set(owner, (requests = new Map<number, Pending>()));
    const isUp = this.state.linksUp.has(owner);
    if (!isUp || requests.size >= forwardedRequestsMax) {
      fail(pending, isUp ? "BUSY" : "UNAVAILABLE");
      return undefined;
    }
    const id = ++this.lastId;
    requests.set(id, pending);
    return id;
  }

  private take(peer: NodeId, id: number): Pending | undefined {
    const requests = this.pending.get(peer);
    const request = requests?.get(id);
    if (request !== undefined) requests?.delete(id);
    return request;
  }
}

function lostCode({ kind }: Pending): FailureCode {
  return kind === "write" || kind === "transaction" ? "UNKNOWNOUTCOME" : "UNAVAILABLE";
}

function fail(request: Pending, code: FailureCode): void {
  if (request.kind === "snapshot" || request.kind === "transaction") request.answered(undefined, code);
  else request.asker.forwardingFailed(request.tag, request.kind === "write", failureOf(code));
}
