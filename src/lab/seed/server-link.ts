/*
 * A link to one other server, whichever way its lines go (local-link.ts, routed-link.ts), and what it counts.
 */
import { nodeIdOfServer } from "./names.ts";
import type { ServerId } from "./names.ts";
import type { LinkStats, NodeId, TransportEvents } from "../../net/transport.ts";
import type { Bytes } from "../../shared/bytes.ts";

export abstract class ServerLink {
  readonly peer: ServerId;
  readonly node: NodeId;
  isUp = false;
  protected readonly self: ServerId;
  private readonly events: TransportEvents;
  private since = Date.now();
  private sentFrames = 0;
  private sentBytes = 0;
  private receivedFrames = 0;
  private receivedBytes = 0;
  private lastError: string | undefined;

  constructor(self: ServerId, peer: ServerId, events: TransportEvents) {
    this.self = self;
    this.peer = peer;
    this.node = nodeIdOfServer(peer);
    this.events = events;
  }

  abstract close(): void;

  /** Hands a frame on its way; false when there is none. */
  protected abstract carry(frame: Bytes, length: number): boolean;

  send(frame: Bytes, length: number): boolean {
    if (!this.isUp || !this.carry(frame, length)) return false;
    this.sentFrames++;
    this.sentBytes += length;
    return true;
  }

  receive(frame: Bytes): void {
    this.receivedFrames++;
    this.receivedBytes += frame.length;
    this.events.onFrame(this.node, frame);
  }

  up(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.since = Date.now();
    this.events.onUp(this.node);
  }

  down(why: string): void {
    this.lastError = why;
    if (!this.isUp) return;
    this.isUp = false;
    this.since = Date.now();
    this.events.onDown(this.node, why);
  }

  stats(): LinkStats {
    const { node, isUp, since, sentFrames, sentBytes, receivedFrames, receivedBytes, lastError } = this;
    const counts = { queuedBytes: 0, sentFrames, sentBytes, receivedFrames, receivedBytes };
    return { peer: node, up: isUp, since, ...counts, lastError };
  }
}
