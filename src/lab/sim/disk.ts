/*
 * One node's disk: its log and its store, as far as the driver uses them, on virtual time.
 *
 * What it does is a sequence of file operations, and power may be cut after each of them (`cutPowerAfter`), before whoever
 * asked for it hears:
 *
 *   append     written ──▶ synced ──▶ told
 *   batch      written ──▶ synced ──▶ told
 *   truncate   a file removed ──▶ the directory synced ──▶ the next file ...
 *
 * Fault model: what is synced stays; what is written and not synced is there or not; what is being written is lost (a torn
 * frame is cut off by the Log adapter, whose own tests prove it, as the Store's keep batches whole); a file whose removal is
 * not synced may be back. An append, a batch and a truncation may be under way at once, and each has its own luck. Syncs
 * may be slow; one that fails ends the node (`failSync`); a batch may fail; a full disk holds appends up.
 *
 * The log's files hold a few frames each, so its start is stricter than that of segments.
 */
import { invariant } from "../../shared/assert.ts";
import { allocBytes } from "../../shared/bytes.ts";
import type { Bytes, ByteString } from "../../shared/bytes.ts";
import type { Random } from "../../shared/random.ts";
import { keyOfListed, listedKeyEnd, listedKeyStart } from "../../protocol/record.ts";
import { sweepKeysMax } from "../../shared/limits.ts";
import type { CommittedFrame } from "../../core/recent-frames.ts";
import type { DiskPlan } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";
import { check } from "./violation.ts";

const framingBytes = 16;
const fullRetryMs = 250;
/** Share of an operation's time in which it is written; the sync takes the rest. */
const writtenAfter = 0.2;
const framesPerFile = 4;

interface Batch {
  readonly puts: readonly (readonly [key: ByteString, value: Bytes])[];
  readonly deletes: readonly ByteString[];
}

/** What was asked for and not told of. */
interface UnderWay<T> {
  readonly what: T;
  isWritten: boolean;
}

export class Disk {
  readonly store: Map<ByteString, Bytes> = new Map();
  private frames: CommittedFrame[] = [];
  start = 0;
  end = 0;
  isFull = false;
  filesRemoved = 0;
  filesBack = 0;
  /** Grows at each crash: what was scheduled before does not happen. */
  private life = 0;
  private appending: UnderWay<CommittedFrame> | undefined;
  private writing: UnderWay<Batch> | undefined;
  /** Frames of the file that was removed last, while that is not synced. */
  private removing: readonly CommittedFrame[] = [];
  private truncatedTo = 0;
  private isTruncating = false;
  private slowUntilMs = 0;
  private operationsLeft = 0;
  private powerIsCut: () => void = () => undefined;
  private stop: (() => void) | undefined;
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
    const append = { what: frame, isWritten: false };
    this.appending = append;
    this.writeAndSync(append, this.syncMs(), () => this.finishAppend(frame, done));
  }

  private finishAppend(frame: CommittedFrame, done: (frame: CommittedFrame) => void): void {
    if (this.isFull) {
      this.later(fullRetryMs, () => this.finishAppend(frame, done));
      return;
    }
    if (this.stop !== undefined) {
      this.syncFailed(frame, done, this.stop);
      return;
    }
    this.appending = undefined;
    this.take(frame);
    if (!this.operated()) done(frame);
  }

  /** Whoever asked for the sync stops for good. The frame may be on disk all the same. */
  private syncFailed(_frame: CommittedFrame, _done: (frame: CommittedFrame) => void, stop: () => void): void {
    this.stop = undefined;
    stop();
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

  /** Which records the store lists as passing, from a place on. */
  sweepLater(from: ByteString, done: (keys: ByteString[], next: ByteString | undefined) => void): void {
    this.later(this.plan.readMs * this.spread(), () => {
      const listed = [...this.store.keys()].filter((key) => key >= from && key < listedKeyEnd).toSorted();
      const found = listed.slice(0, sweepKeysMax);
      const last = found.length < sweepKeysMax ? undefined : found.at(-1);
      done(found.map(keyOfListed), last === undefined ? undefined : `${last}\0`);
    });
  }

  write({ puts, deletes }: Batch, done: (failed: boolean) => void): void {
    invariant(this.writing === undefined, "one batch at a time");
    const batch = { what: { puts, deletes }, isWritten: false };
    this.writing = batch;
    this.writeAndSync(batch, this.syncMs() * 3, () => {
      this.writing = undefined;
      const failed = this.isFull || (!this.healthy && this.random.chance(this.plan.storeFailure));
      if (!failed) this.put({ puts, deletes });
      if (!this.operated()) done(failed);
    });
  }

  private writeAndSync(operation: UnderWay<unknown>, forMs: number, synced: () => void): void {
    this.later(forMs * writtenAfter, () => {
      operation.isWritten = true;
      if (!this.operated()) this.later(forMs * (1 - writtenAfter), synced);
    });
  }

  /** In the background, one file after the other. */
  truncate(before: number): void {
    check(before <= this.end, 6, () => `the log is truncated at ${before}, beyond its end ${this.end}`);
    this.truncatedTo = Math.max(this.truncatedTo, before);
    if (!this.isTruncating) this.removeNext();
  }

  private removeNext(): void {
    const kept = this.frames.findIndex((frame) => frame.end > this.truncatedTo);
    const count = Math.min(framesPerFile, kept < 0 ? this.frames.length : kept);
    this.isTruncating = count > 0;
    if (count === 0) return;
    this.later(this.plan.syncMs * this.spread() * writtenAfter, () => {
      this.filesRemoved++;
      this.removing = this.frames.slice(0, count);
      this.frames = this.frames.slice(count);
      this.start = this.frames[0]?.position ?? this.end;
      if (this.operated()) return;
      this.later(this.syncMs(), () => {
        this.removing = [];
        if (!this.operated()) this.removeNext();
      });
    });
  }

  /** Power is cut: what was under way is there or not, and nobody hears of it. */
  crash(): void {
    this.life++;
    const { appending, writing, removing } = this;
    if (this.survives(appending)) this.take(appending.what);
    if (this.survives(writing)) this.put(writing.what);
    if (removing.length > 0 && this.random.chance(this.plan.keepUnsynced)) {
      this.frames = [...removing, ...this.frames];
      this.start = removing[0]?.position ?? this.start;
      this.filesBack++;
    }
    this.appending = undefined;
    this.writing = undefined;
    this.removing = [];
    this.isTruncating = false;
    this.truncatedTo = 0;
    this.operationsLeft = 0;
    this.stop = undefined;
  }

  private survives<T>(operation: UnderWay<T> | undefined): operation is UnderWay<T> {
    return operation !== undefined && this.random.chance(this.plan.keepUnsynced) && operation.isWritten;
  }

  /** Power is cut right after that many more file operations: `cut` crashes the node. */
  cutPowerAfter(operations: number, cut: () => void): void {
    if (this.operationsLeft > 0) return;
    this.operationsLeft = operations;
    this.powerIsCut = cut;
  }

  /** The next sync of the log fails: `stop` ends the node. */
  failSync(stop: () => void): void {
    this.stop = stop;
  }

  /** Every sync takes long for a while. */
  slow(forMs: number): void {
    this.slowUntilMs = this.scheduler.nowMs + forMs;
  }

  /** A file operation took effect. Answers whether power was cut then: nobody hears of it. */
  private operated(): boolean {
    if (this.operationsLeft === 0 || --this.operationsLeft > 0) return false;
    this.powerIsCut();
    return true;
  }

  get isBusyTwice(): boolean {
    return [this.appending !== undefined, this.writing !== undefined, this.isTruncating].filter(Boolean).length > 1;
  }

  /** The end of the log goes back to what it was before its last frame: what no disk does that is synced. For mutants. */
  loseLast(): void {
    const last = this.frames.pop();
    if (last !== undefined) this.end = last.position;
  }

  /** The frame that is being appended. */
  get underWay(): CommittedFrame {
    invariant(this.appending !== undefined, "an append is under way");
    return this.appending.what;
  }

  /** Records in the store that end. */
  get listedCount(): number {
    let count = 0;
    for (const key of this.store.keys()) if (key >= listedKeyStart && key < listedKeyEnd) count++;
    return count;
  }

  heal(): void {
    this.healthy = true;
    this.isFull = false;
    this.slowUntilMs = 0;
    this.operationsLeft = 0;
    this.stop = undefined;
  }

  private take(frame: CommittedFrame): void {
    this.frames.push(frame);
    this.end = frame.end;
  }

  private put({ puts, deletes }: Batch): void {
    for (const [key, value] of puts) this.store.set(key, value);
    for (const key of deletes) this.store.delete(key);
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
    const isSlow = this.random.chance(this.plan.slowSync) || this.scheduler.nowMs < this.slowUntilMs;
    const slow = !this.healthy && isSlow;
    return (slow ? this.plan.slowSyncMs : this.plan.syncMs) * this.spread();
  }

  private spread(): number {
    return 0.5 + this.random.below(1024) / 1024;
  }
}
