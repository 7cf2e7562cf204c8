/*
 * The dependency gate: a write from another datacenter waits here until everything that it depends on holds, then goes to
 * the head (design, 3.3; paper, 4.5 dep_check). A blocked write blocks nothing but what depends on it.
 *
 *   received ──▶ dropped: its dot was proposed, or waits here already
 *            ──▶ waiting ──every dependency holds, its record is loaded, the clock allows it──▶ ready ──▶ proposed
 *            ──▶ dropped for now: no room; the stream is opened again later (stream-receiver.ts)
 *
 * Room is given by age. When it is full, the youngest of those that wait are dropped in favour of an older one: the oldest
 * write that is missing here waits for nothing that is younger, so it gets in, asks for what it needs, and leaves; then the
 * next. (Given first come, first served, writes that all wait for one that is dropped each time it comes would fill the
 * room for ever: it is never registered, so nobody ever asks whether its own dependencies hold.)
 *
 * Room is for writes that wait for others. One that waits for its record alone gets in beyond it, within `overflow`: those
 * that fill the room may be waiting for just this one, and it leaves as soon as the store answers.
 *
 * A dependency is a dot, and it holds when *that dot* was proposed earlier in this log, or applied at another node of the
 * datacenter. ("The key is at this version or later" is unsound with nearest dependencies: docs/PROTOCOL.md, step R4.)
 * A prefix holds when every seq up to it is in.
 *
 * A part of a transaction goes the same way, and when it is ready is handed to those who wait for the other parts
 * (transactions/remote-transactions.ts); it takes its room until it is prepared or committed.
 *
 * Keeps invariant 1, and of invariant 3 that visible times follow causality: answers from other nodes carry their clock,
 * and this node's clock passes it before anything that waited is proposed.
 */
import { DotWaiters } from "./dot-waiters.ts";
import type { DotWaiter } from "./dot-waiters.ts";
import type { Head } from "./head.ts";
import type { KeyRecord } from "./key-record.ts";
import type { LoadWaiter, NodeState } from "./node-state.ts";
import type { Partition } from "./partition.ts";
import { isHeld } from "./prepared-write.ts";
import type { RemoteChecks } from "./remote-checks.ts";
import { untilFree } from "./transactions/settling.ts";
import type { SettleWaiter } from "./transactions/settling.ts";
import { appliedRangesMax, maxSkewMs, waitingBytesMax, waitingWritesMax } from "../shared/limits.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import { originOf } from "../protocol/version.ts";
import type { Origin } from "../protocol/version.ts";
import type { Write } from "../protocol/write.ts";

const writeOverheadBytes = 300;
/** How far beyond the room writes go that wait for their record alone. */
const overflow = 2;
/** When room is made, about the youngest tenth goes, found by a sample of about this many. */
const makeRoomSample = 512;
const makeRoomKeep = 0.9;

export class WaitingWrite implements DotWaiter, LoadWaiter, SettleWaiter {
  readonly write: Write;
  readonly origin: Origin;
  readonly partition: Partition;
  readonly record: KeyRecord;
  /** Wall time at which it was received, in Unix ms. */
  readonly since: number;
  /** What it still waits for: dots, its record, the clock. */
  missing = 0;
  /** Counted on by a transaction that is being decided: it makes room for nobody. */
  held = false;
  /** Made room for an older one; whoever still tells it something is not heard. */
  dropped = false;
  private readonly gate: DependencyGate;

  constructor(gate: DependencyGate, write: Write, partition: Partition, record: KeyRecord, since: number) {
    this.gate = gate;
    this.write = write;
    this.origin = originOf(write.datacenter, write.partition);
    this.partition = partition;
    this.record = record;
    this.since = since;
  }

  get bytes(): number {
    const { write } = this;
    const dependencies = write.dependencies.dots.length + write.dependencies.prefixes.length;
    return writeOverheadBytes + write.key.length + write.value.length + dependencies * 8;
  }

  dotHolds(): void {
    this.holdsOneMore();
  }

  recordLoaded(): void {
    this.holdsOneMore();
  }

  settled(): void {
    this.holdsOneMore();
  }

  /** Looks again, and waits again if need be. */
  waitedTooLong(): void {
    this.holdsOneMore();
  }

  holdsOneMore(): void {
    if (--this.missing === 0 && !this.dropped) this.gate.becameReady(this);
  }
}

export class DependencyGate {
  /** Waiters for dots of this node's own partitions, told when those are proposed. */
  private readonly proposedWaiters = new DotWaiters();
  private readonly waiting = new Map<Origin, Map<number, WaitingWrite>>();
  private ready: WaitingWrite[] = [];
  private heldForClock: WaitingWrite[] = [];
  private draining = false;
  waitingCount = 0;
  waitingBytes = 0;
  /** No waiting write has a greater time. While a full gate is sent ever younger writes, nobody looks through all that wait. */
  private youngestMax = 0;
  /** A write that waited was dropped to make room: its stream must be opened again. */
  onDropped: (origin: Origin) => void = () => undefined;
  /** A part of a transaction is here, and what it depends on holds. */
  onPartReady: (waiter: WaitingWrite) => void = () => undefined;
  /** A part that was ready was dropped to make room. */
  onPartDropped: (waiter: WaitingWrite) => void = () => undefined;
  /** Whether a part that comes again is prepared here, or more. */
  isPrepared: (write: Write) => boolean = () => false;
  private readonly state: NodeState;
  private readonly head: Head;
  private readonly remote: RemoteChecks;

  constructor(state: NodeState, head: Head, remote: RemoteChecks) {
    this.state = state;
    this.head = head;
    this.remote = remote;
  }

  /** Takes in a received write. False when there is no room for it to wait: it must be sent again later. */
  admit(partition: Partition, write: Write): boolean {
    const { counters } = this.state;
    const origin = originOf(write.datacenter, write.partition);
    if (this.isKnown(partition, origin, write)) {
      counters.writesRepeated++;
      return true;
    }
    const record = this.state.record(partition, write.key);
    const waiter = new WaitingWrite(this, write, partition, record, this.state.nowMs);
    const isFree = this.isFree(waiter);
    if (isFree && write.part === undefined && !this.mustWait(waiter) && !this.wouldScatter(partition, write)) {
      this.head.apply(partition, record, write);
      this.drain();
      return true;
    }
    const times = isFree ? overflow : 1;
    if (this.wouldScatter(partition, write) || (!this.hasRoom(waiter, times) && !this.makeRoom(waiter, times))) {
      counters.writesDropped++;
      return false;
    }
    this.wait(waiter);
    return true;
  }

  /** A part of a transaction is prepared here, or in the log: it needs no room any more. */
  partTaken(waiter: WaitingWrite): void {
    if (waiter.dropped) return;
    waiter.dropped = true;
    this.forget(waiter);
    waiter.record.pins--;
  }

  /** Whether parts may be prepared and decided now. */
  get mayPrepare(): boolean {
    return !this.isShut;
  }

  /** Seqs of an origin entered this node's log. */
  onProposed(partition: Partition, datacenter: number, from: number, to: number): void {
    if (this.proposedWaiters.size === 0) return;
    const origin = originOf(datacenter, partition.id);
    if (from === to) this.proposedWaiters.dotIsIn(origin, from);
    else this.proposedWaiters.rangeIsIn(origin, from, to);
    this.proposedWaiters.prefixIsIn(origin, partition.proposedOf(datacenter).watermark);
    this.drain();
  }

  /** Time has passed: writes that were ahead of the clock may go on. */
  tick(): void {
    if (this.heldForClock.length > 0) {
      const held = this.heldForClock;
      this.heldForClock = [];
      for (const waiter of held) {
        if (waiter.dropped) continue;
        if (this.isAheadOfClock(waiter.write)) this.heldForClock.push(waiter);
        else waiter.holdsOneMore();
      }
    }
    this.drain();
  }

  becameReady(waiter: WaitingWrite): void {
    this.ready.push(waiter);
    this.state.wake();
  }

  /** Proposes what is ready. A loop, not a recursion: one proposal may free a chain of thousands. */
  drain(): void {
    if (this.draining || this.ready.length === 0) return;
    this.draining = true;
    let next = 0;
    while (next < this.ready.length && !this.isShut) {
      const waiter = this.ready[next++] as WaitingWrite;
      if (waiter.dropped) continue;
      if (this.mustWait(waiter)) {
        this.await(waiter);
        continue;
      }
      if (waiter.write.part !== undefined) {
        this.onPartReady(waiter);
        continue;
      }
      this.forget(waiter);
      this.head.apply(waiter.partition, waiter.record, waiter.write);
      waiter.record.pins--;
    }
    this.ready = next === this.ready.length ? [] : this.ready.slice(next);
    this.draining = false;
  }

  get heldForClockCount(): number {
    return this.heldForClock.length;
  }

  /** The oldest write that waits, by wall time received; undefined when none does. Linear. */
  oldestSince(): number | undefined {
    let oldest: number | undefined;
    for (const waiter of this.all()) if (oldest === undefined || waiter.since < oldest) oldest = waiter.since;
    return oldest;
  }

  find(origin: Origin, seq: number): WaitingWrite | undefined {
    return this.waiting.get(origin)?.get(seq);
  }

  *all(): IterableIterator<WaitingWrite> {
    for (const seqs of this.waiting.values()) yield* seqs.values();
  }

  /** Whether a dependency holds, for the purpose of proposing. */
  holds(origin: Origin, seq: number, prefix: boolean): boolean {
    const partition = this.state.localOfOrigin(origin);
    if (partition === undefined) return this.remote.holds(origin, seq);
    const proposed = partition.proposedOf(origin >>> 16);
    return prefix ? proposed.watermark >= seq : proposed.has(seq);
  }

  isAheadOfClock(write: Write): boolean {
    return write.time > this.state.clock.physicalTime + maxSkewMs * ticksPerMs;
  }

  private isKnown(partition: Partition, origin: Origin, write: Write): boolean {
    if (partition.proposedOf(write.datacenter).has(write.seq)) return true;
    if (this.waiting.get(origin)?.has(write.seq) === true) return true;
    return write.part !== undefined && this.isPrepared(write);
  }

  private mustWait(waiter: WaitingWrite): boolean {
    return this.needsRecord(waiter) || isHeld(waiter.record);
  }

  /**
   * Whether the record must be read first, to tell whether this write beats it, what it is an effect on, or because what it
   * hides is pinned for a scan.
   */
  private needsRecord({ record, partition, write }: WaitingWrite): boolean {
    if (record.loaded || record.latest !== undefined) return false;
    const isBlind = write.part === undefined && write.target === undefined && this.state.older.pinCount === 0;
    return !isBlind || write.time <= partition.greatestTime;
  }

  /** Also for a write that was greater than all when it came, and was overtaken while it waited. */
  private await(waiter: WaitingWrite): void {
    waiter.missing++;
    if (this.needsRecord(waiter)) this.state.load(waiter.record, waiter);
    else this.state.settling.wait(waiter.record, untilFree, waiter);
  }

  /** Nothing may be proposed now: others' writes wait as clients' do, so that what is in flight stays bounded. */
  private get isShut(): boolean {
    return this.state.writesRefused !== undefined || !this.head.canPropose;
  }

  private hasRoom(waiter: WaitingWrite, times: number): boolean {
    return this.waitingCount < waitingWritesMax * times && this.waitingBytes + waiter.bytes <= waitingBytesMax * times;
  }

  /** Drops the youngest that wait, as long as they are younger than this one, until it has room. Answers whether it has. */
  private makeRoom(waiter: WaitingWrite, times: number): boolean {
    while (waiter.write.time < this.youngestMax && !this.hasRoom(waiter, times)) {
      const young = this.youngTime();
      this.youngestMax = 0;
      for (const other of this.all()) {
        const { time } = other.write;
        if (other.held) continue;
        if (time >= young && time > waiter.write.time) this.drop(other);
        else this.youngestMax = Math.max(this.youngestMax, time);
      }
    }
    return this.hasRoom(waiter, times);
  }

  /**
   * A time that about a tenth of the waiting writes have or are above, and at least one: the youngest go, be it several of
   * different datacenters with the same time.
   */
  private youngTime(): number {
    const sample: number[] = [];
    const step = Math.max(1, Math.floor(this.waitingCount / makeRoomSample));
    let at = 0;
    for (const { write } of this.all()) if (at++ % step === 0) sample.push(write.time);
    sample.sort((first, second) => first - second);
    return sample[Math.floor(sample.length * makeRoomKeep)] ?? 0;
  }

  private drop(waiter: WaitingWrite): void {
    waiter.dropped = true;
    this.state.counters.writesDropped++;
    this.forget(waiter);
    waiter.record.pins--;
    const { dots, prefixes } = waiter.write.dependencies;
    this.unregisterAll(waiter, dots, false);
    this.unregisterAll(waiter, prefixes, true);
    if (waiter.write.part !== undefined) this.onPartDropped(waiter);
    this.onDropped(waiter.origin);
  }

  private unregisterAll(waiter: WaitingWrite, pairs: readonly number[], prefix: boolean): void {
    for (let i = 0; i < pairs.length; i += 2) {
      const origin = pairs[i] as number;
      const seq = pairs[i + 1] as number;
      if (this.state.localOfOrigin(origin) === undefined) this.remote.unregister(origin, seq, prefix, waiter);
      else this.proposedWaiters.remove(origin, seq, prefix, waiter);
    }
  }

  /**
   * Whether applying it would leave yet another gap in what is applied of its origin, where there are as many as may be. The
   * oldest missing write of an origin never does: it closes one.
   */
  private wouldScatter(partition: Partition, write: Write): boolean {
    const proposed = partition.proposedOf(write.datacenter);
    return proposed.rangeCount >= appliedRangesMax && !proposed.touches(write.seq);
  }

  /** Whether it could be proposed now, but perhaps for its record. */
  private isFree(waiter: WaitingWrite): boolean {
    if (this.isShut || this.isAheadOfClock(waiter.write)) return false;
    const { dots, prefixes } = waiter.write.dependencies;
    for (let i = 0; i < dots.length; i += 2) {
      if (!this.holds(dots[i] as number, dots[i + 1] as number, false)) return false;
    }
    for (let i = 0; i < prefixes.length; i += 2) {
      if (!this.holds(prefixes[i] as number, prefixes[i + 1] as number, true)) return false;
    }
    return true;
  }

  private wait(waiter: WaitingWrite): void {
    const { write } = waiter;
    this.state.counters.writesBlocked++;
    let seqs = this.waiting.get(waiter.origin);
    if (seqs === undefined) this.waiting.set(waiter.origin, (seqs = new Map<number, WaitingWrite>()));
    seqs.set(write.seq, waiter);
    this.waitingCount++;
    this.waitingBytes += waiter.bytes;
    this.youngestMax = Math.max(this.youngestMax, write.time);
    waiter.record.pins++;
    waiter.missing = 1;
    this.registerAll(waiter, write.dependencies.dots, false);
    this.registerAll(waiter, write.dependencies.prefixes, true);
    if (this.mustWait(waiter)) this.await(waiter);
    if (this.isAheadOfClock(write)) {
      waiter.missing++;
      this.state.counters.writesHeldForClock++;
      this.heldForClock.push(waiter);
    }
    waiter.holdsOneMore();
  }

  private registerAll(waiter: WaitingWrite, pairs: readonly number[], prefix: boolean): void {
    for (let i = 0; i < pairs.length; i += 2) {
      const origin = pairs[i] as number;
      const seq = pairs[i + 1] as number;
      if (this.holds(origin, seq, prefix)) continue;
      const local = this.state.localOfOrigin(origin) !== undefined;
      const registered = local
        ? this.proposedWaiters.register(origin, seq, prefix, waiter)
        : this.remote.register(origin, seq, prefix, waiter);
      if (registered !== "repeated") waiter.missing++;
    }
  }

  private forget(waiter: WaitingWrite): void {
    const seqs = this.waiting.get(waiter.origin);
    seqs?.delete(waiter.write.seq);
    if (seqs?.size === 0) this.waiting.delete(waiter.origin);
    this.waitingCount--;
    this.waitingBytes -= waiter.bytes;
  }
}
