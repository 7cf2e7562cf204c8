/*
 * One link of the network in memory: two sides, a pipe in each direction, and the connection between them.
 *
 * A connection has a number (`epoch`); frames and notices of an older connection are void, except strays (copies and
 * frames out of order), which are let through on purpose. Each side learns of an end by itself: the one that notices says
 * so down its pipe, and the other hears it, or, where nothing gets through, finds the first silent `detectMs` later.
 *
 *   side: down --connection made (notice arrives)--> up --silence, reset, notice, replaced--> down
 *
 * A cut spoils the connection for good: when it heals, the link breaks first, so that no gap stays unnoticed.
 */
import { invariant } from "../shared/assert.ts";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import { delayOf, strayDelayOf } from "./memory-faults.ts";
import type { LinkFaults, RandomSource } from "./memory-faults.ts";
import type { MemoryTransport } from "./memory-transport.ts";
import type { NodeId } from "./transport.ts";

/** What the links of one network share. */
export interface LinkWorld {
  readonly random: RandomSource;
  readonly schedule: (delayMs: number, run: () => void) => void;
  readonly now: () => number;
  readonly detectMs: number;
  readonly reconnectMs: number;
  /** The running transport of a node. */
  readonly nodeAt: (node: NodeId) => MemoryTransport | undefined;
}

type Parcel =
  | { readonly kind: "frame"; readonly epoch: number; readonly bytes: Bytes }
  | { readonly kind: "up"; readonly epoch: number }
  | { readonly kind: "down"; readonly epoch: number; readonly why: string };

/** One direction. */
class Pipe {
  readonly from: NodeId;
  readonly to: NodeId;
  faults: LinkFaults;
  cut = false;
  /** Connections up to this one have lost something here: nothing more of them gets through. */
  spoiltEpoch = 0;
  /** In order of arrival: each due time delivers the head, so ties cannot swap two parcels. */
  readonly inFlight: Parcel[] = [];
  lastDueMs = 0;

  constructor(from: NodeId, to: NodeId, faults: LinkFaults) {
    this.from = from;
    this.to = to;
    this.faults = faults;
  }
}

export class MemoryLink {
  readonly nodes: readonly [NodeId, NodeId];
  readonly #pipes: readonly [Pipe, Pipe];
  readonly #world: LinkWorld;
  /** The connection that each side is up on; undefined while it is down. */
  readonly #upOn = new Map<NodeId, number>();
  #epoch = 0;
  /** A connection is on its way: the delay before it, or the notice of it to the side that did not dial. */
  #connecting = false;
  #spoilt = false;

  constructor(a: NodeId, b: NodeId, faults: LinkFaults, world: LinkWorld) {
    this.nodes = [a, b];
    this.#pipes = [new Pipe(a, b, faults), new Pipe(b, a, faults)];
    this.#world = world;
  }

  setFaults(from: NodeId, faults: LinkFaults): void {
    this.#pipeFrom(from).faults = faults;
  }

  isUp(node: NodeId): boolean {
    return this.#upOn.has(node);
  }

  isCut(from: NodeId): boolean {
    return this.#pipeFrom(from).cut;
  }

  cut(from: NodeId): void {
    const pipe = this.#pipeFrom(from);
    if (pipe.cut) return;
    pipe.cut = true;
    pipe.spoiltEpoch = this.#epoch;
    this.#spoilt = true;
    this.#detectSilence(pipe.to);
  }

  heal(from: NodeId): void {
    this.#pipeFrom(from).cut = false;
    if (this.#pipes.some((pipe) => pipe.cut)) return;
    if (this.#spoilt) this.sever("CONNECTION_LOST the network came back");
    this.#spoilt = false;
    this.connect();
  }

  /** Both sides are told in the next turn. */
  sever(why: string): void {
    for (const node of this.nodes) this.#lower(node, why);
  }

  /** One side ends the connection; the other hears of it. */
  reset(node: NodeId, why: string): void {
    const epoch = this.#upOn.get(node);
    if (epoch === undefined) return;
    this.#lower(node, why);
    this.#post(node, { kind: "down", epoch, why: "PEER_CLOSED the peer ended the connection" });
  }

  /** The node's process is gone: by a reset that the other side gets soon, or without a word. */
  crash(node: NodeId, silently: boolean): void {
    const epoch = this.#upOn.get(node);
    this.#upOn.delete(node);
    if (epoch === undefined) return;
    if (silently) this.#detectSilence(this.#other(node));
    else this.#post(node, { kind: "down", epoch, why: "CONNECTION_LOST the peer's process ended" });
  }

  /** The node closes: what it has sent still arrives, then the other side is told. */
  close(node: NodeId): void {
    const epoch = this.#upOn.get(node);
    this.#upOn.delete(node);
    if (epoch === undefined) return;
    this.#post(node, { kind: "down", epoch, why: "PEER_CLOSED the peer closed the connection" });
  }

  /** Makes a connection a little later, where both nodes run and reach each other. */
  connect(): void {
    if (this.#connecting || !this.#isPossible()) return;
    this.#connecting = true;
    const { random, reconnectMs, schedule } = this.#world;
    schedule(1 + random.below(reconnectMs), () => {
      if (this.#isPossible()) this.#establish();
      else this.#connecting = false;
    });
  }

  sendFrame(from: NodeId, bytes: Bytes): void {
    const epoch = this.#upOn.get(from);
    const pipe = this.#pipeFrom(from);
    const { random, schedule } = this.#world;
    if (epoch === undefined || pipe.cut || random.chance(pipe.faults.loss)) return;
    if (random.chance(pipe.faults.duplication)) {
      const copy = allocBytes(bytes.length);
      bytes.copy(copy);
      schedule(strayDelayOf(pipe.faults, random), () => this.#deliverStray(pipe, copy));
    }
    if (random.chance(pipe.faults.reordering)) {
      schedule(strayDelayOf(pipe.faults, random), () => this.#deliverStray(pipe, bytes));
    } else {
      this.#post(from, { kind: "frame", epoch, bytes });
    }
  }

  #isPossible(): boolean {
    if (this.#pipes.some((pipe) => pipe.cut)) return false;
    if (this.nodes.some((node) => this.#world.nodeAt(node)?.isRunning !== true)) return false;
    return this.nodes.some((node) => !this.#upOn.has(node));
  }

  /** The dialling side is up first; the other when the notice has come through, ahead of the first frame. */
  #establish(): void {
    const [a, b] = this.nodes;
    const epoch = ++this.#epoch;
    this.#spoilt = false;
    this.#raise(a, epoch);
    this.#post(a, { kind: "up", epoch });
    // Where the notice never comes (a cut or a crash in just that moment), the dialler hears nothing and finds out.
    this.#world.schedule(this.#world.detectMs, () => {
      if (this.#upOn.get(a) === epoch && this.#upOn.get(b) !== epoch) this.#lower(a, silentWhy);
    });
  }

  #onNotice(pipe: Pipe, epoch: number): void {
    this.#connecting = false;
    if (this.#getsThrough(pipe, epoch) && this.#upOn.get(pipe.from) === epoch) this.#raise(pipe.to, epoch);
    // Whatever went wrong meanwhile found a connection on its way and left the next one to us.
    this.connect();
  }

  #getsThrough(pipe: Pipe, epoch: number): boolean {
    return !pipe.cut && epoch > pipe.spoiltEpoch && this.#world.nodeAt(pipe.to)?.isRunning === true;
  }

  #post(from: NodeId, parcel: Parcel): void {
    const pipe = this.#pipeFrom(from);
    const { now, random, schedule } = this.#world;
    const dueMs = Math.max(pipe.lastDueMs, now() + delayOf(pipe.faults, random));
    pipe.lastDueMs = dueMs;
    pipe.inFlight.push(parcel);
    schedule(dueMs - now(), () => this.#deliverHead(pipe));
  }

  #deliverHead(pipe: Pipe): void {
    const parcel = pipe.inFlight.shift();
    invariant(parcel !== undefined, "one parcel is in flight for each delivery that is due");
    if (parcel.kind === "up") this.#onNotice(pipe, parcel.epoch);
    else if (this.#upOn.get(pipe.to) !== parcel.epoch) return;
    else if (parcel.kind === "frame" && this.#getsThrough(pipe, parcel.epoch)) this.#deliver(pipe, parcel.bytes);
    else if (parcel.kind === "down" && !pipe.cut) this.#lower(pipe.to, parcel.why);
  }

  /** Out of order and perhaps of an older connection: more than TCP would ever do. */
  #deliverStray(pipe: Pipe, bytes: Bytes): void {
    if (!pipe.cut && this.#upOn.has(pipe.to)) this.#deliver(pipe, bytes);
  }

  #deliver(pipe: Pipe, bytes: Bytes): void {
    this.#world.nodeAt(pipe.to)?.deliver(pipe.from, bytes);
  }

  #detectSilence(node: NodeId): void {
    const epoch = this.#upOn.get(node);
    if (epoch === undefined) return;
    this.#world.schedule(this.#world.detectMs, () => {
      if (this.#upOn.get(node) === epoch) this.reset(node, silentWhy);
    });
  }

  #raise(node: NodeId, epoch: number): void {
    this.#lower(node, "LINK_REPLACED the peer connected anew");
    this.#upOn.set(node, epoch);
    this.#world.nodeAt(node)?.onLinkUp(this.#other(node));
  }

  #lower(node: NodeId, why: string): void {
    if (!this.#upOn.delete(node)) return;
    this.#world.nodeAt(node)?.onLinkDown(this.#other(node), why);
    this.connect();
  }

  #pipeFrom(node: NodeId): Pipe {
    return node === this.nodes[0] ? this.#pipes[0] : this.#pipes[1];
  }

  #other(node: NodeId): NodeId {
    return node === this.nodes[0] ? this.nodes[1] : this.nodes[0];
  }
}

const silentWhy = "PEER_SILENT nothing was heard for too long";
