/*
 * Operations on keys that another node of the datacenter owns: sent there, and their answers brought back (design, 3.4).
 *
 * A request has one answer or fails: when the link goes down, or after `forwardedRequestTimeoutMs`. A read that fails did
 * nothing; a write that fails may have taken effect, and its outcome is unknown.
 *
 * Bounded by `forwardedRequestsMax` a peer.
 */
import { failureOf } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { NodeState } from "./node-state.ts";
import type { NodeId } from "./placement.ts";
import { forwardedRequestsMax, forwardedRequestTimeoutMs } from "../shared/limits.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { encodeReadRequest, encodeWriteRequest } from "../protocol/messages/forward.ts";
import type { ReadReply, WriteReply, WriteRequest } from "../protocol/messages/forward.ts";
import type { ByteString } from "../shared/bytes.ts";

/** Told the answer to a forwarded request, exactly once. */
export interface Asker {
  readAnswered(tag: number, reply: ReadReply): void;
  writeAnswered(tag: number, reply: WriteReply): void;
  forwardingFailed(tag: number, wasWrite: boolean, failure: Failure): void;
}

interface Pending {
  readonly asker: Asker;
  readonly tag: number;
  readonly write: boolean;
  readonly deadlineMs: number;
}

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
    const id = this.admit(owner, asker, tag, false);
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
    const id = this.admit(owner, asker, tag, true);
    if (id === undefined) return;
    this.state.counters.writesForwarded++;
    encodeWriteRequest(this.state.outboxes.to(owner), id, floor, dependencies, write);
  }

  onReadReply(peer: NodeId, reply: ReadReply): void {
    const request = this.take(peer, reply.id);
    if (request !== undefined && !request.write) request.asker.readAnswered(request.tag, reply);
  }

  onWriteReply(peer: NodeId, reply: WriteReply): void {
    const request = this.take(peer, reply.id);
    if (request?.write === true) request.asker.writeAnswered(request.tag, reply);
  }

  onLinkDown(peer: NodeId): void {
    const requests = this.pending.get(peer);
    if (requests === undefined) return;
    this.pending.delete(peer);
    for (const request of requests.values()) fail(request);
  }

  tick(): void {
    const { timerMs } = this.state;
    for (const requests of this.pending.values()) {
      for (const [id, request] of requests) {
        if (request.deadlineMs > timerMs) break;
        requests.delete(id);
        fail(request);
      }
    }
  }

  private admit(owner: NodeId, asker: Asker, tag: number, write: boolean): number | undefined {
    let requests = this.pending.get(owner);
    if (requests === undefined) this.pending.set(owner, (requests = new Map<number, Pending>()));
    const refused = !this.state.linksUp.has(owner)
      ? "UNAVAILABLE"
      : requests.size >= forwardedRequestsMax
        ? "BUSY"
        : "";
    if (refused !== "") {
      asker.forwardingFailed(tag, write, failureOf(refused));
      return undefined;
    }
    const id = ++this.lastId;
    requests.set(id, { asker, tag, write, deadlineMs: this.state.timerMs + forwardedRequestTimeoutMs });
    return id;
  }

  private take(peer: NodeId, id: number): Pending | undefined {
    const requests = this.pending.get(peer);
    const request = requests?.get(id);
    if (request !== undefined) requests?.delete(id);
    return request;
  }
}

function fail(request: Pending): void {
  request.asker.forwardingFailed(
    request.tag,
    request.write,
    failureOf(request.write ? "UNKNOWNOUTCOME" : "UNAVAILABLE"),
  );
}
