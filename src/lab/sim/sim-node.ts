/*
 * One node of a simulated cluster: the real NodeCore, driven as src/server/node-driver.ts drives it, on virtual time.
 *
 *   down ──start: recovery from the disk──▶ running ──crash──▶ down
 *   running ──pause──▶ paused: nothing happens to it until it resumes; then everything does, in order, the first of it at the
 *       time at which it fell asleep: a process that is stopped in the middle of a turn believes that it is still then
 *
 * A broken invariant of the core ends the run: it is not caught here.
 */
import type { Checkpoint } from "../../core/checkpoint.ts";
import type { Effects } from "../../core/effects.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import { NodeCore } from "../../core/node-core.ts";
import { metaKey, restoreMeta } from "../../core/node-meta.ts";
import type { NodeId, Placement } from "../../core/placement.ts";
import { datacenterOfNode } from "../../core/placement.ts";
import { Recovery } from "../../core/recovery.ts";
import { decodeRecord, recordKey } from "../../protocol/record.ts";
import type { Version } from "../../protocol/version.ts";
import type { Bytes, ByteString } from "../../shared/bytes.ts";
import type { Random } from "../../shared/random.ts";
import type { Disk } from "./disk.ts";
import type { Network, NetworkUser } from "./network.ts";
import type { NodeObserver } from "./node-observer.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";
import { check } from "./violation.ts";
import type { WallClock } from "./wall-clock.ts";

const tickMs = 20;
const turnMs = 0.02;

export interface SimNodeParts {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly placement: Placement;
  readonly trace: Trace;
  readonly random: Random;
  readonly cacheBytes: number;
  readonly observer: NodeObserver;
}

export class SimNode implements Effects, NetworkUser {
  readonly id: NodeId;
  readonly datacenter: number;
  readonly disk: Disk;
  readonly clock: WallClock;
  /** Undefined while it is down. */
  core: NodeCore | undefined;
  incarnation = 0;
  checkpoints = 0;
  private flushDue = false;
  private pausedUntilMs = 0;
  /** What happened to it while it was paused, in order. */
  private deferred: ((core: NodeCore) => void)[] = [];
  private checkpointing = false;
  private readonly parts: SimNodeParts;

  constructor(id: NodeId, disk: Disk, clock: WallClock, parts: SimNodeParts) {
    this.id = id;
    this.datacenter = datacenterOfNode(id);
    this.disk = disk;
    this.clock = clock;
    this.parts = parts;
  }

  owns(partition: number): boolean {
    return this.parts.placement.owner(this.datacenter, partition) === this.id;
  }

  get isRunning(): boolean {
    return this.core !== undefined;
  }

  get isCheckpointing(): boolean {
    return this.checkpointing;
  }

  get isPaused(): boolean {
    return this.pausedUntilMs > this.parts.scheduler.nowMs;
  }

  start(): void {
    const { placement, cacheBytes, observer, network, trace } = this.parts;
    this.incarnation++;
    this.flushDue = false;
    this.checkpointing = false;
    const core = new NodeCore({ self: this.id, placement, effects: this, cacheBytes });
    this.core = core;
    this.setNow(core);
    observer.created(this, core);
    this.recover(core);
    observer.recovered(this, core);
    trace.note("start", this.id, this.incarnation, () => `${this.id}, incarnation ${this.incarnation}`);
    this.flush();
    network.nodeStarted(this.id, this);
    this.tickLater(this.incarnation);
  }

  private recover(core: NodeCore): void {
    const meta = this.disk.store.get(metaKey);
    const from = meta === undefined ? 0 : restoreMeta(core, meta);
    check(meta !== undefined || this.disk.start === 0, 6, () => `node ${this.id} lost its checkpoint`);
    const recovery = new Recovery(core);
    const frames = this.disk.read(from, Number.POSITIVE_INFINITY);
    for (const record of recovery.recordsToLoad(frames.map((frame) => frame.payload))) {
      recovery.load(record, this.stored(core, record.key));
    }
    for (const frame of frames) {
      core.marks.at(frame.position);
      recovery.replay(frame.payload);
      this.parts.observer.replayed(this, core, frame.payload);
    }
    core.logEnd = this.disk.end;
    recovery.finish();
  }

  /** What the store holds of a key. */
  stored(core: NodeCore, key: ByteString): Version | undefined {
    const value = this.disk.store.get(storeKeyOf(core, key));
    return value === undefined ? undefined : decodeRecord(value);
  }

  crash(): void {
    if (this.core === undefined) return;
    this.parts.trace.note("crash", this.id, this.incarnation, () => `${this.id}`);
    this.parts.observer.crashed(this, this.core);
    this.core = undefined;
    this.pausedUntilMs = 0;
    this.deferred = [];
    this.disk.crash();
    this.parts.network.nodeCrashed(this.id);
  }

  pause(forMs: number): void {
    if (this.core === undefined) return;
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.parts.scheduler.nowMs + forMs);
    this.parts.trace.note("pause", this.id, forMs);
    this.resumeLater(this.incarnation);
  }

  private resumeLater(incarnation: number): void {
    this.parts.scheduler.at(this.pausedUntilMs, () => {
      if (incarnation !== this.incarnation) return;
      let isFirst = true;
      for (let event = this.deferred.shift(); event !== undefined; event = this.deferred.shift()) {
        if (this.isPaused || this.core === undefined) {
          this.deferred.unshift(event);
          return;
        }
        if (isFirst) event(this.core);
        else this.now(this.core, event);
        isFirst = false;
      }
    });
  }

  /** Hands an event to the core, now or when the node resumes; never to a later incarnation. */
  turn(event: (core: NodeCore) => void): void {
    if (this.core === undefined) return;
    if (this.isPaused || this.deferred.length > 0) this.deferred.push(event);
    else this.now(this.core, event);
  }

  private now(core: NodeCore, event: (core: NodeCore) => void): void {
    this.setNow(core);
    event(core);
  }

  private setNow(core: NodeCore): void {
    const { nowMs } = this.parts.scheduler;
    core.setNow(this.clock.read(nowMs), this.clock.steady(nowMs));
  }

  linkUp(peer: NodeId): void {
    this.turn((core) => core.onLinkUp(peer));
  }

  linkDown(peer: NodeId): void {
    this.turn((core) => core.onLinkDown(peer));
  }

  frame(peer: NodeId, frame: Bytes): void {
    this.turn((core) => core.onFrame(peer, frame));
  }

  wake(): void {
    if (this.flushDue) return;
    this.flushDue = true;
    const { incarnation } = this;
    this.parts.scheduler.after(turnMs, () => {
      if (incarnation === this.incarnation) this.turn(() => this.flush());
    });
  }

  persist(frame: Bytes, length: number): void {
    this.disk.append(frame, length, (appended) =>
      this.turn((core) => {
        this.parts.trace.note("durable", this.id, appended.end);
        this.parts.observer.frameDurable(this, appended.payload);
        core.onDurable(appended.position, appended.end, frame, length);
        this.flush();
      }),
    );
  }

  send(peer: NodeId, frame: Bytes, length: number): void {
    this.parts.network.send(this.id, peer, frame, length);
  }

  load(records: readonly KeyRecord[]): void {
    const keys = records.map((record) => storeKeyOf(this.core as NodeCore, record.key));
    this.disk.getLater(keys, (values) =>
      this.turn((core) => {
        records.forEach((record, i) => {
          const value = values[i];
          core.onLoaded(record, value === undefined ? undefined : decodeRecord(value));
        });
        this.wake();
      }),
    );
  }

  readLog(destination: NodeId, position: number, bytesMax: number): void {
    this.disk.readLater(position, bytesMax, (frames) =>
      this.turn((core) => {
        core.onLogRead(destination, frames);
        this.wake();
      }),
    );
  }

  sweep(from: ByteString): void {
    this.disk.sweepLater(from, (keys, next) => this.turn((core) => core.onSwept(keys, next)));
  }

  /** Refuses writes for as long as the disk is full. */
  setDiskFull(isFull: boolean): void {
    this.disk.isFull = isFull;
    this.turn((core) => core.refuseWrites(isFull ? "the disk is full" : undefined));
  }

  checkpoint(): void {
    if (this.checkpointing || this.isPaused || this.core === undefined) return;
    this.checkpointing = true;
    this.turn((core) => {
      const checkpoint = core.beginCheckpoint();
      this.parts.trace.note("checkpoint", this.id, checkpoint.position);
      this.takeBatchLater(checkpoint);
    });
  }

  /** A while later, so that records change between the position of a checkpoint and their turn in it. */
  private takeBatchLater(checkpoint: Checkpoint): void {
    const { incarnation } = this;
    this.parts.scheduler.after(this.parts.random.below(2_000) / 100, () => {
      if (incarnation === this.incarnation) this.turn(() => this.takeBatch(checkpoint));
    });
  }

  private takeBatch(checkpoint: Checkpoint): void {
    const batch = checkpoint.take();
    this.disk.write(batch, (failed) =>
      this.turn((core) => {
        if (failed) {
          checkpoint.abandon();
          this.checkpointing = false;
          return;
        }
        checkpoint.batchDurable();
        if (!batch.last) {
          this.takeBatchLater(checkpoint);
          return;
        }
        this.checkpointing = false;
        this.checkpoints++;
        this.disk.truncate(Math.min(checkpoint.position, core.shippedFrom));
      }),
    );
  }

  private flush(): void {
    this.flushDue = false;
    this.core?.flush();
  }

  private tickLater(incarnation: number): void {
    this.parts.scheduler.after(tickMs, () => {
      if (incarnation !== this.incarnation || this.core === undefined) return;
      if (!this.isPaused) this.turn((core) => core.tick());
      this.tickLater(incarnation);
    });
  }
}

function storeKeyOf(core: NodeCore, key: ByteString): ByteString {
  const hash = core.placement.hash(key);
  return recordKey(core.placement.partitionOfHash(hash), hash, key);
}
