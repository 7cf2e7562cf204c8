/*
 * One node's disk: its log and its store, as far as the driver uses them, on virtual time.
 *
 * Fault model: an append or a batch is durable when its sync is done; a crash before that keeps it whole or loses it whole
 * (a torn frame is cut off by the Log adapter, whose own tests prove it, so it is a lost one here). Syncs may be slow, a
 * batch may fail, and a full disk holds appends up. What is durable stays: media faults are left to the adapters.
 *
 * The log's start is exact to the frame, which is stricter than segments are.
 */
import { invariant } from "../../shared/assert.ts";
import { allocBytes } from "../../shared/bytes.ts";
import type { Bytes, ByteString } from "../../shared/bytes.ts";
import type { Random } from "../../shared/random.ts";
import type { CommittedFrame } from "../../core/recent-frames.ts";
import type { DiskPlan } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";
import { check } from "./violation.ts";

const framingBytes = 16;
const fullRetryMs = 250;

type Puts = readonly (readonly [key: ByteString, value: Bytes])[];

export class Disk {
  readonly store: Map<ByteString, Bytes> = new Map();
  private frames: CommittedFrame[] = [];
  start = 0;
  end = 0;
  isFull = false;
  /** Grows at each crash: what was scheduled before does not happen. */
  private life = 0;
  private appending: CommittedFrame | undefined;
  private writing: Puts | undefined;
  private readonly scheduler: Scheduler;
  private readonly random: Random;
  private readonly plan: DiskPlan;
  private healthy = false;

  constructor(scheduler: Scheduler, random: Random, plan: DiskPlan) {
    this.scheduler = scheduler;
    this.random = random;
    this.plan = plan;
  }

  append(bytes: Bytes, length: number, done: (frame: CommittedFrame) => void): void {
    invariant(this.appending === undefined, "one append at a time");
    const payload = allocBytes(length);
    bytes.copy(payload, 0, 0, length);
    const frame = { position: this.end, end: this.end + framingBytes + length, payload };
    this.appending = frame;
    this.later(this.syncMs(), () => this.finishAppend(frame, done));
  }

  private finishAppend(frame: CommittedFrame, done: (frame: CommittedFrame) => void): void {
    if (this.isFull) {
      this.later(fullRetryMs, () => this.finishAppend(frame, done));
      return;
    }
    this.appending = undefined;
    this.take(frame);
    done(frame);
  }

  /** A whole frame at least, about `bytesMax`. */
  read(from: number, bytesMax: number): CommittedFrame[] {
    check(from >= this.start, 6, () => `the log is read at ${from}, but begins at ${this.start}`);
    const frames: CommittedFrame[] = [];
    let bytes = 0;
    for (let i = this.indexOf(from); i < this.frames.length; i++) {
      const frame = this.frames[i] as CommittedFrame;
      if (frames.length > 0 && bytes + frame.payload.length > bytesMax) break;
      bytes += frame.payload.length;
      frames.push(frame);
    }
    return frames;
  }

  /** The log may be truncated while a read is under way; that read then gives nothing. */
  readLater(from: number, bytesMax: number, done: (frames: CommittedFrame[]) => void): void {
    check(from >= this.start, 6, () => `shipping asks for the log at ${from}, but it begins at ${this.start}`);
    this.later(this.plan.readMs * this.spread(), () => done(from < this.start ? [] : this.read(from, bytesMax)));
  }

  getLater(keys: readonly ByteString[], done: (values: (Bytes | undefined)[]) => void): void {
    this.later(this.plan.readMs * this.spread(), () => done(keys.map((key) => this.store.get(key))));
  }

  write(puts: Puts, done: (failed: boolean) => void): void {
    invariant(this.writing === undefined, "one batch at a time");
    this.writing = puts;
    this.later(this.syncMs() * 3, () => {
      this.writing = undefined;
      const failed = this.isFull || (!this.healthy && this.random.chance(this.plan.storeFailure));
      if (!failed) this.put(puts);
      done(failed);
    });
  }

  truncate(before: number): void {
    check(before <= this.end, 6, () => `the log is truncated at ${before}, beyond its end ${this.end}`);
    if (before <= this.start) return;
    const keep = this.frames.findIndex((frame) => frame.end > before);
    this.frames = keep < 0 ? [] : this.frames.slice(keep);
    this.start = this.frames[0]?.position ?? this.end;
  }

  /** Power is cut: what was under way is there or not, and nobody hears of it. */
  crash(): void {
    this.life++;
    if (this.appending !== undefined && this.random.chance(this.plan.keepUnsynced)) this.take(this.appending);
    if (this.writing !== undefined && this.random.chance(this.plan.keepUnsynced)) this.put(this.writing);
    this.appending = undefined;
    this.writing = undefined;
  }

  /** The end of the log goes back to what it was before its last frame: what no disk does that is synced. For mutants. */
  loseLast(): void {
    const last = this.frames.pop();
    if (last !== undefined) this.end = last.position;
  }

  /** The frame that is being appended. */
  get underWay(): CommittedFrame {
    invariant(this.appending !== undefined, "an append is under way");
    return this.appending;
  }

  heal(): void {
    this.healthy = true;
    this.isFull = false;
  }

  private take(frame: CommittedFrame): void {
    this.frames.push(frame);
    this.end = frame.end;
  }

  private put(puts: Puts): void {
    for (const [key, value] of puts) this.store.set(key, value);
  }

  private indexOf(position: number): number {
    let low = 0;
    let high = this.frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.frames[middle] as CommittedFrame).position < position) low = middle + 1;
      else high = middle;
    }
    const found = this.frames[low]?.position ?? this.end;
    check(found === position, 6, () => `the log is read at ${position}, where no frame begins`);
    return low;
  }

  private later(delayMs: number, run: () => void): void {
    const { life } = this;
    this.scheduler.after(delayMs, () => {
      if (life === this.life) run();
    });
  }

  private syncMs(): number {
    const slow = !this.healthy && this.random.chance(this.plan.slowSync);
    return (slow ? this.plan.slowSyncMs : this.plan.syncMs) * this.spread();
  }

  private spread(): number {
    return 0.5 + this.random.below(1024) / 1024;
  }
}
