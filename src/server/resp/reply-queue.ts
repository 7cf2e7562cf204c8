/*
 * The replies of one connection, in the order of its commands.
 *
 *   open(shape) ──▶ slot ──▶ readDone, writeDone, reached, failed (from the core, by the slot as tag), settle
 *
 *   at the front: written at once, and whatever behind it was done already
 *   behind a slot that is not done: the outcome waits in the ring
 *
 * A slot is a number that wraps at 2^30 (a small integer to V8), its place in the ring is its low bits. An outcome is kept as
 * it came, so nothing is made for an operation that has to wait. What is written at once by a command without data, behind
 * operations that are not done, is kept encoded.
 *
 * Bounded: the connection stops taking commands at `repliesPendingMax` slots (connection.ts).
 */
import type { Failure } from "../../core/failure.ts";
import type { OperationSink } from "../../core/operations.ts";
import type { OutputPool } from "../../protocol/resp/output-pool.ts";
import { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import type { Version } from "../../protocol/version.ts";
import { invariant } from "../../shared/assert.ts";
import type { Bytes } from "../../shared/bytes.ts";
import { LatencyRuns } from "./latency-runs.ts";
import type { OperationLatencies } from "../http/measures.ts";
import { OperationShape } from "./operation-shape.ts";

const slotMask = 0x3fff_ffff;
const ringSizeMin = 16;

const pending = 0;
const read = 1;
const written = 2;
const failed = 3;
const settled = 4;
type SlotState = typeof pending | typeof read | typeof written | typeof failed | typeof settled;

/** A reply that is ready to be written when its turn comes. */
export interface ReadyReply {
  /** What it answers, for the measure of latencies; undefined for what is measured as neither. */
  readonly measuredAs?: "read" | "write" | undefined;
  writeTo(reply: ReplyWriter): void;
}

export interface ReplyQueueOwner {
  /** There is output, for the first time since it was last taken. */
  hasOutput(): void;
  /** Replies went out, or became fewer; only while `watched`. */
  repliesMoved(): void;
}

/** For slots that are settled and never an operation's. */
const noShape = new OperationShape();

class EncodedReply implements ReadyReply {
  private readonly bytes: Bytes;

  constructor(bytes: Bytes) {
    this.bytes = bytes;
  }

  writeTo(reply: ReplyWriter): void {
    reply.raw(this.bytes);
  }
}

export class ReplyQueue implements OperationSink {
  readonly writer: ReplyWriter;
  /** The owner wants to hear of movement. */
  watched = false;
  /** Output was reported and not taken yet. */
  reported = false;
  /** When what is being taken arrived: the time of every operation that is opened. */
  arrivedMs = 0;
  readonly latencies: LatencyRuns;
  private readonly owner: ReplyQueueOwner;
  private readonly pool: OutputPool;
  private front = 0;
  private next = 0;
  private mask = ringSizeMin - 1;
  private shapes: OperationShape[] = Array.from({ length: ringSizeMin }, () => noShape);
  private states: Uint8Array = new Uint8Array(ringSizeMin);
  private outcomes: unknown[] = Array.from({ length: ringSizeMin });
  private olds: (Version | undefined)[] = Array.from({ length: ringSizeMin });
  private arrivals: Float64Array = new Float64Array(ringSizeMin);
  /** Where `begin` writes when earlier replies are not done. */
  private aside: ReplyWriter | undefined;
  private closed = false;

  constructor(owner: ReplyQueueOwner, pool: OutputPool, latencies: OperationLatencies) {
    this.owner = owner;
    this.pool = pool;
    this.latencies = new LatencyRuns(latencies);
    this.writer = new ReplyWriter(pool);
  }

  /** Commands begun and not answered. */
  get pendingCount(): number {
    return (this.next - this.front) & slotMask;
  }

  get isQuiet(): boolean {
    return this.front === this.next;
  }

  /** A place in the order of replies, for an operation; `shape` will say its outcome. */
  open(shape: OperationShape): number {
    const slot = this.next;
    if (((slot - this.front) & slotMask) > this.mask) this.grow();
    const at = slot & this.mask;
    this.shapes[at] = shape;
    this.states[at] = pending;
    this.arrivals[at] = this.arrivedMs;
    this.next = (slot + 1) & slotMask;
    return slot;
  }

  readDone(slot: number, version: Version | undefined): void {
    if (slot !== this.front || this.closed) {
      this.keep(slot, read, version, undefined);
      return;
    }
    const at = slot & this.mask;
    (this.shapes[at] as OperationShape).readDone(this.writer, version);
    this.latencies.readAnswered(this.arrivals[at] as number);
    this.advance();
  }

  writeDone(slot: number, version: Version | undefined, old: Version | undefined): void {
    if (slot !== this.front || this.closed) {
      this.keep(slot, written, version, old);
      return;
    }
    const at = slot & this.mask;
    (this.shapes[at] as OperationShape).writeDone(this.writer, version, old);
    this.latencies.writeAnswered(this.arrivals[at] as number);
    this.advance();
  }

  reached(slot: number): void {
    // What the session had seen is told as of now, so it is written now, also where its turn comes later.
    const shape = this.shapes[slot & this.mask] as OperationShape;
    this.settle(
      slot,
      this.encoded((reply) => shape.reached(reply)),
    );
  }

  failed(slot: number, failure: Failure): void {
    this.keep(slot, failed, failure, undefined);
  }

  /** A place in the order of replies for something else than one operation, which `settle` fills. */
  openOther(): number {
    return this.open(noShape);
  }

  settle(slot: number, reply: ReadyReply): void {
    this.keep(slot, settled, reply, undefined);
  }

  /** For a command that answers at once: where to write its one reply, before `end`. */
  begin(): ReplyWriter {
    if (this.isQuiet) return this.writer;
    const aside = (this.aside ??= new ReplyWriter(this.pool));
    aside.version = this.writer.version;
    return aside;
  }

  end(): void {
    const { aside } = this;
    if (aside === undefined || aside.pendingBytes === 0) {
      this.report();
      return;
    }
    this.settle(this.openOther(), takeEncoded(aside, this.pool));
  }

  /** An error as the whole answer of a command. */
  error(text: string): void {
    this.begin().error(text);
    this.end();
  }

  /** The connection is gone: outcomes that still come are dropped. */
  close(): void {
    this.closed = true;
    this.front = this.next;
    this.writer.discard();
    this.aside?.discard();
    this.outcomes.fill(undefined);
    this.olds.fill(undefined);
  }

  private encoded(write: (reply: ReplyWriter) => void): ReadyReply {
    const aside = (this.aside ??= new ReplyWriter(this.pool));
    aside.version = this.writer.version;
    write(aside);
    return takeEncoded(aside, this.pool);
  }

  private keep(slot: number, state: SlotState, outcome: unknown, old: Version | undefined): void {
    if (this.closed) return;
    const at = slot & this.mask;
    this.states[at] = state;
    this.outcomes[at] = outcome;
    this.olds[at] = old;
    if (slot === this.front) this.drain();
  }

  private advance(): void {
    this.front = (this.front + 1) & slotMask;
    if (this.front !== this.next && this.states[this.front & this.mask] !== pending) this.drain();
    else this.report();
  }

  private drain(): void {
    while (this.front !== this.next) {
      const at = this.front & this.mask;
      const state = this.states[at] as SlotState;
      if (state === pending) break;
      this.write(state, at);
      this.measure(state, at);
      this.outcomes[at] = undefined;
      this.olds[at] = undefined;
      this.front = (this.front + 1) & slotMask;
    }
    this.report();
  }

  private write(state: SlotState, at: number): void {
    const outcome = this.outcomes[at];
    const shape = this.shapes[at] as OperationShape;
    if (state === read) shape.readDone(this.writer, outcome as Version | undefined);
    else if (state === written) shape.writeDone(this.writer, outcome as Version | undefined, this.olds[at]);
    else if (state === settled) (outcome as ReadyReply).writeTo(this.writer);
    else {
      invariant(state === failed, "a slot that is done is read, written, settled or failed");
      const { code, message } = outcome as Failure;
      this.writer.error(`${code} ${message}`);
    }
  }

  private measure(state: SlotState, at: number): void {
    const as = state === settled ? (this.outcomes[at] as ReadyReply).measuredAs : undefined;
    if (state === read || as === "read") this.latencies.readAnswered(this.arrivals[at] as number);
    else if (state === written || as === "write") this.latencies.writeAnswered(this.arrivals[at] as number);
  }

  private report(): void {
    if (!this.reported) {
      this.reported = true;
      this.owner.hasOutput();
    }
    if (this.watched) this.owner.repliesMoved();
  }

  private grow(): void {
    const size = (this.mask + 1) * 2;
    const { mask, shapes, states, outcomes, olds, arrivals } = this;
    this.mask = size - 1;
    this.shapes = Array.from({ length: size }, () => noShape);
    this.states = new Uint8Array(size);
    this.outcomes = Array.from({ length: size });
    this.olds = Array.from({ length: size });
    this.arrivals = new Float64Array(size);
    for (let slot = this.front; slot !== this.next; slot = (slot + 1) & slotMask) {
      this.shapes[slot & this.mask] = shapes[slot & mask] as OperationShape;
      this.states[slot & this.mask] = states[slot & mask] as number;
      this.outcomes[slot & this.mask] = outcomes[slot & mask];
      this.olds[slot & this.mask] = olds[slot & mask];
      this.arrivals[slot & this.mask] = arrivals[slot & mask] as number;
    }
  }
}

function takeEncoded(aside: ReplyWriter, pool: OutputPool): EncodedReply {
  const parts: Buffer[] = [];
  for (let chunk = aside.take(); chunk !== undefined; chunk = aside.take()) {
    parts.push(Buffer.from(chunk.filled()));
    pool.release(chunk);
  }
  return new EncodedReply(Buffer.concat(parts) as unknown as Bytes);
}
