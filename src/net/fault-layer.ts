/*
 * A wide area for a development cluster on one machine: wraps a Transport, delays what goes out to another datacenter, and
 * cuts the links to a datacenter on command (`cops up --wan-delay-ms`, `cops fault`). Each node wraps its own transport
 * and delays only what it sends, so two datacenters N ms apart have a round trip of 2N.
 *
 *   cut:  the user is told that the links are down; what it sends is refused, what comes in is dropped
 *   heal: the links below are broken first and then come up anew, so neither end takes a gap for a working link
 *
 * Held frames keep their order and their bound per peer (beyond it the link is reset, as with any full queue), and go down
 * with their link. One timer serves all of them: it runs for the next tick in which anything is due, and hands over
 * everything that is due then. Left out on purpose: loss and reordering, which are the simulator's.
 */
import type { Bytes } from "../shared/bytes.ts";
import { DelayLine } from "./delay-line.ts";
import { queueBytesMaxDefault } from "./frame-limits.ts";
import type { ResettableTransport } from "./resettable-transport.ts";
import type { LinkStats, NodeId, TransportEvents } from "./transport.ts";

const NODES_PER_DATACENTER = 256;

export interface FaultLayerOptions {
  /** The node itself: links inside its datacenter have no delay unless told so. */
  readonly self: NodeId;
  /** The delay to every other datacenter, until `setDelay` says otherwise and again after `heal`; default 0. */
  readonly delayMs?: number;
  /** Memory for held frames, per peer. */
  readonly heldBytesMax?: number;
  /** Frames due within one tick are handed over together. */
  readonly tickMs?: number;
  /** Milliseconds since 1970, never going back. */
  readonly now?: () => number;
  readonly schedule?: (delayMs: number, run: () => void) => void;
}

export interface DatacenterFaults {
  readonly datacenter: number;
  readonly delayMs: number;
  readonly cut: boolean;
  /** Milliseconds since 1970, when delay or cut last changed. */
  readonly since: number;
  readonly heldFrames: number;
  readonly heldBytes: number;
}

class Datacenter {
  delayMs: number;
  cut = false;
  since: number;

  constructor(delayMs: number, since: number) {
    this.delayMs = delayMs;
    this.since = since;
  }
}

class Peer {
  readonly node: NodeId;
  readonly datacenter: Datacenter;
  readonly line = new DelayLine();
  innerUp = false;
  reportedUp = false;
  /** Its line was full: the reason to give when the link below goes down. */
  fullWhy: string | undefined;

  constructor(node: NodeId, datacenter: Datacenter) {
    this.node = node;
    this.datacenter = datacenter;
  }
}

export class FaultLayer implements ResettableTransport {
  readonly #inner: ResettableTransport;
  readonly #home: number;
  readonly #delayMs: number;
  readonly #heldBytesMax: number;
  readonly #tickMs: number;
  readonly #now: () => number;
  readonly #schedule: (delayMs: number, run: () => void) => void;
  readonly #datacenters = new Map<number, Datacenter>();
  readonly #peers = new Map<NodeId, Peer>();
  #events: TransportEvents | undefined;
  /** When the timer runs next; Infinity while nothing is held. */
  #timerAtMs = Infinity;
  #closed = false;

  constructor(inner: ResettableTransport, options: FaultLayerOptions) {
    this.#inner = inner;
    this.#home = datacenterOf(options.self);
    this.#delayMs = options.delayMs ?? 0;
    this.#heldBytesMax = options.heldBytesMax ?? queueBytesMaxDefault;
    this.#tickMs = options.tickMs ?? 1;
    this.#now = options.now ?? ((): number => performance.timeOrigin + performance.now());
    this.#schedule = options.schedule ?? ((delayMs, run): void => void setTimeout(run, delayMs));
  }

  async start(events: TransportEvents): Promise<void> {
    this.#events = events;
    await this.#inner.start({
      onUp: (peer) => this.#onUp(this.#peer(peer)),
      onFrame: (peer, frame) => this.#onFrame(this.#peer(peer), frame),
      onDown: (peer, why) => this.#onDown(this.#peer(peer), why),
    });
    for (const { peer } of this.#inner.links()) this.#peer(peer);
  }

  send(node: NodeId, frame: Bytes, length: number): boolean {
    const peer = this.#peers.get(node);
    if (this.#closed || peer === undefined || !peer.reportedUp || peer.fullWhy !== undefined) return false;
    const { delayMs } = peer.datacenter;
    if (delayMs === 0 && peer.line.frames === 0) return this.#inner.send(node, frame, length);
    if (peer.line.footprintBytes + length > this.#heldBytesMax) {
      peer.line.clear();
      peer.fullWhy = `QUEUE_FULL more than ${this.#heldBytesMax} bytes are held back`;
      this.#inner.reset(node, "the fault layer holds too much");
      return false;
    }
    const tick = Math.ceil((this.#now() + delayMs) / this.#tickMs);
    this.#arm(peer.line.push(frame, length, tick * this.#tickMs));
    return true;
  }

  queuedBytes(node: NodeId): number {
    return this.#inner.queuedBytes(node) + (this.#peers.get(node)?.line.bytes ?? 0);
  }

  links(): readonly LinkStats[] {
    return this.#inner.links().map((link) => {
      const peer = this.#peer(link.peer);
      const stats = { ...link, queuedBytes: link.queuedBytes + peer.line.bytes, up: link.up && peer.reportedUp };
      return peer.datacenter.cut ? { ...stats, since: peer.datacenter.since, lastError: cutWhy } : stats;
    });
  }

  reset(node: NodeId, why: string): void {
    this.#peers.get(node)?.line.clear();
    this.#inner.reset(node, why);
  }

  /** What is held back goes out now, and then as the wrapped transport closes. */
  async close(): Promise<void> {
    if (!this.#closed) for (const peer of this.#peers.values()) this.#release(peer, Infinity);
    this.#closed = true;
    await this.#inner.close();
  }

  /** The delay of what this node sends to that datacenter from now on; 0 takes it away. */
  setDelay(datacenter: number, delayMs: number): void {
    const state = this.#datacenter(datacenter);
    state.delayMs = delayMs;
    state.since = this.#now();
  }

  /** Cuts the links to every node of that datacenter. */
  cut(datacenter: number): void {
    const state = this.#datacenter(datacenter);
    if (state.cut) return;
    state.cut = true;
    state.since = this.#now();
    for (const peer of this.#peers.values()) if (peer.datacenter === state) this.#reportDown(peer, cutWhy);
  }

  /** Ends a cut and brings the delay back to what it was at the start; without a datacenter, to all of them. */
  heal(datacenter?: number): void {
    const healed = datacenter === undefined ? [...this.#datacenters.keys()] : [datacenter];
    for (const index of healed) {
      const state = this.#datacenter(index);
      const wasCut = state.cut;
      state.cut = false;
      state.delayMs = this.#baseDelayMs(index);
      state.since = this.#now();
      if (!wasCut) continue;
      for (const peer of this.#peers.values()) {
        if (peer.datacenter === state && peer.innerUp) this.#inner.reset(peer.node, "healed after a cut");
      }
    }
  }

  /** Every datacenter that this node has peers in, by index. */
  list(): DatacenterFaults[] {
    const peers = [...this.#peers.values()];
    return [...this.#datacenters]
      .toSorted(([a], [b]) => a - b)
      .map(([datacenter, state]) => {
        const lines = peers.filter((peer) => peer.datacenter === state).map((peer) => peer.line);
        return {
          datacenter,
          delayMs: state.delayMs,
          cut: state.cut,
          since: state.since,
          heldFrames: lines.reduce((sum, line) => sum + line.frames, 0),
          heldBytes: lines.reduce((sum, line) => sum + line.bytes, 0),
        };
      });
  }

  #onUp(peer: Peer): void {
    peer.innerUp = true;
    peer.fullWhy = undefined;
    if (peer.datacenter.cut) return;
    peer.reportedUp = true;
    this.#events?.onUp(peer.node);
  }

  #onFrame(peer: Peer, frame: Bytes): void {
    if (peer.reportedUp) this.#events?.onFrame(peer.node, frame);
  }

  #onDown(peer: Peer, why: string): void {
    peer.innerUp = false;
    this.#reportDown(peer, peer.fullWhy ?? why);
  }

  #reportDown(peer: Peer, why: string): void {
    peer.line.clear();
    if (!peer.reportedUp) return;
    peer.reportedUp = false;
    this.#events?.onDown(peer.node, why);
  }

  /** Makes sure that the timer runs by then. An earlier timer that finds nothing due does no harm. */
  #arm(dueMs: number): void {
    if (dueMs >= this.#timerAtMs) return;
    this.#timerAtMs = dueMs;
    this.#schedule(Math.max(0, dueMs - this.#now()), () => this.#onTimer(dueMs));
  }

  #onTimer(dueMs: number): void {
    if (this.#closed) return;
    if (dueMs === this.#timerAtMs) this.#timerAtMs = Infinity;
    const nowMs = this.#now();
    let nextMs = Infinity;
    for (const peer of this.#peers.values()) {
      this.#release(peer, nowMs);
      nextMs = Math.min(nextMs, peer.line.dueMs ?? Infinity);
    }
    if (nextMs < Infinity) this.#arm(Math.max(nextMs, nowMs));
  }

  #release(peer: Peer, nowMs: number): void {
    for (;;) {
      const frame = peer.line.take(nowMs);
      if (frame === undefined) return;
      if (this.#inner.send(peer.node, frame, frame.length)) continue;
      // The link below has just gone down and will say so; what is held goes down with it.
      peer.line.clear();
      return;
    }
  }

  #peer(node: NodeId): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      peer = new Peer(node, this.#datacenter(datacenterOf(node)));
      this.#peers.set(node, peer);
    }
    return peer;
  }

  #datacenter(index: number): Datacenter {
    let datacenter = this.#datacenters.get(index);
    if (datacenter === undefined) {
      datacenter = new Datacenter(this.#baseDelayMs(index), this.#now());
      this.#datacenters.set(index, datacenter);
    }
    return datacenter;
  }

  #baseDelayMs(datacenter: number): number {
    return datacenter === this.#home ? 0 : this.#delayMs;
  }
}

const cutWhy = "LINK_CUT cut by the fault layer";

function datacenterOf(node: NodeId): number {
  return Math.floor(node / NODES_PER_DATACENTER);
}
