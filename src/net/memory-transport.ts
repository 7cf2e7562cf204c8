/*
 * One node's Transport in the network in memory. As over TCP, a turn's frames leave together in the next turn, the queue
 * is bounded, and nothing is reported from inside `send`. After each callback the frame's bytes are overwritten, so that a
 * receiver that keeps what it may not keep is found out in the simulator.
 */
import { invariant } from "../shared/assert.ts";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import type { MemoryLink } from "./memory-link.ts";
import type { ResettableTransport } from "./resettable-transport.ts";
import type { LinkStats, NodeId, TransportEvents } from "./transport.ts";

/** Overwrites delivered frames: no message begins like this. */
const POISON = 0xdd;

/** What a transport needs of its network. */
export interface MemoryTransportWorld {
  readonly schedule: (delayMs: number, run: () => void) => void;
  readonly now: () => number;
  readonly queueBytesMax: number;
  readonly frameBytesMax: number;
  /** The links to every other node of the network. */
  readonly linksOf: (node: NodeId) => ReadonlyMap<NodeId, MemoryLink>;
  readonly onClosed: (transport: MemoryTransport) => void;
}

class Peer {
  readonly outbox: Bytes[] = [];
  queuedBytes = 0;
  since: number;
  /** Reported up, and not yet reported down. */
  reportedUp = false;
  downWhy: string | undefined;
  sentFrames = 0;
  sentBytes = 0;
  receivedFrames = 0;
  receivedBytes = 0;
  lastError: string | undefined;

  constructor(since: number) {
    this.since = since;
  }

  drop(): void {
    this.outbox.length = 0;
    this.queuedBytes = 0;
  }
}

export class MemoryTransport implements ResettableTransport {
  readonly node: NodeId;
  readonly #world: MemoryTransportWorld;
  readonly #peers = new Map<NodeId, Peer>();
  #events: TransportEvents | undefined;
  #ended = false;
  #flushDue = false;

  constructor(node: NodeId, world: MemoryTransportWorld) {
    this.node = node;
    this.#world = world;
  }

  get isRunning(): boolean {
    return this.#events !== undefined && !this.#ended;
  }

  start(events: TransportEvents): Promise<void> {
    invariant(this.#events === undefined, "a transport is started once");
    this.#events = events;
    for (const link of this.#links().values()) link.connect();
    return Promise.resolve();
  }

  send(peer: NodeId, frame: Bytes, length: number): boolean {
    invariant(length > 0 && length <= frame.length, "a frame has at least one byte, and its bytes are there");
    invariant(length <= this.#world.frameBytesMax, "a frame is within frameBytesMax");
    const link = this.#links().get(peer);
    if (!this.isRunning || link?.isUp(this.node) !== true) return false;
    const state = this.#peer(peer);
    if (state.queuedBytes + length > this.#world.queueBytesMax) {
      link.reset(this.node, `QUEUE_FULL more than ${this.#world.queueBytesMax} bytes wait`);
      return false;
    }
    const copy = allocBytes(length);
    frame.copy(copy, 0, 0, length);
    state.outbox.push(copy);
    state.queuedBytes += length;
    state.sentFrames++;
    state.sentBytes += length;
    this.#scheduleFlush();
    return true;
  }

  queuedBytes(peer: NodeId): number {
    return this.#peers.get(peer)?.queuedBytes ?? 0;
  }

  reset(peer: NodeId, why: string): void {
    this.#links().get(peer)?.reset(this.node, `LINK_RESET ${why}`);
  }

  links(): readonly LinkStats[] {
    return Array.from(this.#links(), ([peer, link]) => {
      const { since, queuedBytes, sentFrames, sentBytes, receivedFrames, receivedBytes, lastError } = this.#peer(peer);
      const up = link.isUp(this.node);
      return { peer, up, since, queuedBytes, sentFrames, sentBytes, receivedFrames, receivedBytes, lastError };
    });
  }

  close(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#flush();
    this.#ended = true;
    for (const link of this.#links().values()) link.close(this.node);
    this.#world.onClosed(this);
    return Promise.resolve();
  }

  /** The process is gone: what it had queued with it. Its network's to call. */
  die(): void {
    this.#ended = true;
    for (const peer of this.#peers.values()) peer.drop();
  }

  /** From the link; reported at once, since links act only in turns of their own. */
  onLinkUp(peer: NodeId): void {
    const state = this.#peer(peer);
    this.#reportDown(peer, state);
    state.reportedUp = true;
    state.since = this.#world.now();
    state.lastError = undefined;
    this.#events?.onUp(peer);
  }

  /** From the link, possibly from inside `send`: reported in the next turn. */
  onLinkDown(peer: NodeId, why: string): void {
    const state = this.#peer(peer);
    state.drop();
    state.since = this.#world.now();
    state.lastError = why;
    state.downWhy = why;
    this.#world.schedule(0, () => this.#reportDown(peer, state));
  }

  deliver(peer: NodeId, frame: Bytes): void {
    const state = this.#peer(peer);
    if (!this.isRunning || !state.reportedUp) return;
    state.receivedFrames++;
    state.receivedBytes += frame.length;
    this.#events?.onFrame(peer, frame);
    frame.fill(POISON);
  }

  #reportDown(peer: NodeId, state: Peer): void {
    const why = state.downWhy;
    state.downWhy = undefined;
    if (why === undefined || !state.reportedUp || !this.isRunning) return;
    state.reportedUp = false;
    this.#events?.onDown(peer, why);
  }

  #scheduleFlush(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#world.schedule(0, () => this.#flush());
  }

  #flush(): void {
    this.#flushDue = false;
    if (this.#ended) return;
    const links = this.#links();
    for (const [peer, state] of this.#peers) {
      for (const frame of state.outbox) links.get(peer)?.sendFrame(this.node, frame);
      state.drop();
    }
  }

  #links(): ReadonlyMap<NodeId, MemoryLink> {
    return this.#world.linksOf(this.node);
  }

  #peer(peer: NodeId): Peer {
    let state = this.#peers.get(peer);
    if (state === undefined) {
      state = new Peer(this.#world.now());
      this.#peers.set(peer, state);
    }
    return state;
  }
}
