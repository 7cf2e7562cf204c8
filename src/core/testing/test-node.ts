/*
 * One node of a story: the real NodeCore with its effects held in the hand.
 *
 * Fault model: a crash loses the frame that is being written and everything in memory; what `sync` made durable, and the
 * store, stay. The log's positions have gaps between frames, as a real log's framing leaves them.
 */
import type { Checkpoint } from "../checkpoint.ts";
import type { Effects } from "../effects.ts";
import type { KeyRecord } from "../key-record.ts";
import { NodeCore } from "../node-core.ts";
import { metaKey, restoreMeta } from "../node-meta.ts";
import { indexOfNode, datacenterOfNode } from "../placement.ts";
import type { NodeId, Placement } from "../placement.ts";
import type { CommittedFrame } from "../recent-frames.ts";
import { Recovery } from "../recovery.ts";
import { invariant } from "../../shared/assert.ts";
import { allocBytes } from "../../shared/bytes.ts";
import type { Bytes, ByteString } from "../../shared/bytes.ts";
import { sweepKeysMax } from "../../shared/limits.ts";
import { decodeRecord, keyOfListed, listedKeyEnd, recordKey } from "../../protocol/record.ts";
import type { Version } from "../../protocol/version.ts";

const framingBytes = 16;

export interface NodeSurroundings {
  readonly placement: Placement;
  readonly cacheBytes: number;
  /** The cluster's time, in Unix ms. */
  now(): number;
  sent(from: NodeId, to: NodeId, frame: Bytes): void;
  note(node: TestNode, what: string, frame?: Bytes): void;
}

interface LogRead {
  readonly destination: NodeId;
  readonly position: number;
  readonly bytesMax: number;
}

export class TestNode implements Effects {
  readonly id: NodeId;
  readonly name: string;
  core: NodeCore;
  isUp = true;
  /** How far this node's wall clock is off. */
  skewMs = 0;
  /** With the disk held, a frame is durable only when the story says `sync`. */
  diskHeld = false;
  /** With loads held, the store answers only when the story says `load`. */
  loadsHeld = false;
  /** The durable log. */
  frames: CommittedFrame[] = [];
  logStart = 0;
  private logEnd = 0;
  readonly store = new Map<ByteString, Bytes>();
  loads: KeyRecord[] = [];
  private woken = false;
  private writing: { readonly frame: Bytes; readonly length: number } | undefined;
  private logReads: LogRead[] = [];
  private readonly around: NodeSurroundings;

  constructor(id: NodeId, around: NodeSurroundings) {
    this.id = id;
    this.name = nodeName(id);
    this.around = around;
    this.core = this.newCore();
    this.recover();
  }

  // Effects.

  wake(): void {
    this.woken = true;
  }

  persist(frame: Bytes, length: number): void {
    invariant(this.writing === undefined, "one append at a time");
    this.writing = { frame, length };
    this.around.note(this, "log", copyOf(frame, length));
  }

  send(peer: NodeId, frame: Bytes, length: number): void {
    this.around.sent(this.id, peer, copyOf(frame, length));
  }

  load(records: readonly KeyRecord[]): void {
    this.loads.push(...records);
  }

  readLog(destination: NodeId, position: number, bytesMax: number): void {
    this.logReads.push({ destination, position, bytesMax });
  }

  sweep(from: ByteString): void {
    const listed = [...this.store.keys()].filter((key) => key >= from && key < listedKeyEnd).toSorted();
    const found = listed.slice(0, sweepKeysMax);
    const last = found.length < sweepKeysMax ? undefined : found.at(-1);
    this.core.onSwept(found.map(keyOfListed), last === undefined ? undefined : `${last}\0`);
  }

  // What the story does.

  /** Hands an event to the core, at this node's time. */
  turn<T>(event: (core: NodeCore) => T): T {
    this.core.setNow(this.around.now() + this.skewMs);
    return event(this.core);
  }

  get isSyncing(): boolean {
    return this.writing !== undefined;
  }

  /** Makes the frame under way durable; the next one is begun. */
  sync(): void {
    const writing = this.writing;
    invariant(writing !== undefined, `${this.name} has no frame under way`);
    this.writing = undefined;
    const { frame, length } = writing;
    const position = this.logEnd;
    const end = position + framingBytes + length;
    this.logEnd = end;
    this.frames.push({ position, end, payload: copyOf(frame, length) });
    this.around.note(this, "durable");
    this.turn((core) => core.onDurable(position, end, frame, length));
    this.flush();
  }

  /** Answers what the store was asked for, all of it or one key of it. */
  answerLoads(only?: ByteString): void {
    const due = this.loads.filter((record) => only === undefined || record.key === only);
    this.loads = this.loads.filter((record) => !due.includes(record));
    this.turn((core) => {
      for (const record of due) core.onLoaded(record, this.stored(record));
    });
    this.flush();
  }

  flush(): void {
    this.woken = false;
    this.turn((core) => core.flush());
  }

  tick(): void {
    this.turn((core) => core.tick());
    this.flush();
  }

  /** Carries out what may be carried out; answers whether there was anything. */
  step(): boolean {
    const wasBusy = this.woken;
    if (this.woken) this.flush();
    if (this.logReads.length > 0) {
      this.answerLogRead(this.logReads.shift() as LogRead);
      return true;
    }
    if (this.loads.length > 0 && !this.loadsHeld) {
      this.answerLoads();
      return true;
    }
    if (this.writing !== undefined && !this.diskHeld) {
      this.sync();
      return true;
    }
    return wasBusy;
  }

  /** A whole checkpoint, and the log behind it goes. */
  checkpoint(): void {
    const checkpoint = this.turn((core) => core.beginCheckpoint());
    while (!this.writeBatch(checkpoint));
    this.truncate(checkpoint);
  }

  /** Writes one batch of a checkpoint; true when it was the last. */
  writeBatch(checkpoint: Checkpoint): boolean {
    const { puts, deletes, last } = checkpoint.take();
    for (const [key, value] of puts) this.store.set(key, value);
    for (const key of deletes) this.store.delete(key);
    checkpoint.batchDurable();
    return last;
  }

  truncate(checkpoint: Checkpoint): void {
    const before = Math.min(checkpoint.position, this.core.shippedFrom);
    this.frames = this.frames.filter((frame) => frame.end > before);
    this.logStart = this.frames[0]?.position ?? before;
  }

  crash(): void {
    this.isUp = false;
    this.woken = false;
    this.writing = undefined;
    this.loads = [];
    this.logReads = [];
  }

  restart(): void {
    this.isUp = true;
    this.core = this.newCore();
    this.recover();
  }

  /** What the store holds for a record. */
  stored(record: Pick<KeyRecord, "key" | "hash">): Version | undefined {
    const { placement } = this.around;
    const bytes = this.store.get(recordKey(placement.partitionOfHash(record.hash), record.hash, record.key));
    return bytes === undefined ? undefined : decodeRecord(bytes);
  }

  private newCore(): NodeCore {
    const { placement, cacheBytes } = this.around;
    return new NodeCore({ self: this.id, placement, effects: this, cacheBytes });
  }

  private recover(): void {
    this.core.setNow(this.around.now() + this.skewMs);
    const meta = this.store.get(metaKey);
    const from = meta === undefined ? 0 : restoreMeta(this.core, meta);
    invariant(from >= this.logStart, "the checkpoint covers what the log no longer has");
    const recovery = new Recovery(this.core);
    const frames = this.frames.filter((frame) => frame.position >= from);
    for (const record of recovery.recordsToLoad(frames.map((frame) => frame.payload))) {
      recovery.load(record, this.stored(record));
    }
    for (const frame of frames) {
      this.core.marks.at(frame.position);
      recovery.replay(frame.payload);
    }
    this.logEnd = this.frames.at(-1)?.end ?? this.logEnd;
    this.core.logEnd = this.logEnd;
    recovery.finish();
    this.flush();
  }

  /** As the Log port does: a read below the start of the log is refused, which the driver tells the core as nothing. */
  private answerLogRead({ destination, position, bytesMax }: LogRead): void {
    invariant(position >= this.logStart, `${this.name} reads its log at ${position}, it begins at ${this.logStart}`);
    const frames: CommittedFrame[] = [];
    let bytes = 0;
    for (const frame of this.frames) {
      if (frame.position < position) continue;
      if (frames.length > 0 && bytes + frame.payload.length > bytesMax) break;
      frames.push(frame);
      bytes += frame.payload.length;
    }
    this.turn((core) => core.onLogRead(destination, frames));
    this.woken = true;
  }
}

export function nodeName(id: NodeId): string {
  return `${datacenterOfNode(id)}.${indexOfNode(id)}`;
}

function copyOf(frame: Bytes, length: number): Bytes {
  const copy = allocBytes(length);
  frame.copy(copy, 0, 0, length);
  return copy;
}
