/*
 * Collects tombstones and expired values (design, 3.8).
 *
 *   applied with an end ──▶ candidate, in memory ──collectible──▶ gone: nothing in memory, its delete in the next checkpoint
 *   checkpointed and evicted ──▶ listed in the store, found again by a sweep
 *
 * One goes when it is applied in every datacenter (so nobody needs its dot as a cause), when no older write can arrive any more
 * (the closed time of every origin lies above it), and when no snapshot can ask for what was before it (`transTimeMs`).
 * An expired value likewise, counted from its expiry: no effect that would have prolonged it can still arrive.
 *
 * Its delete goes into the batch that moves the checkpoint's position, and no earlier: replayed over a store without it, an
 * older write that it had beaten would come back to life.
 *
 * Keeps invariant 11. Bounded (invariant 12) by what is in memory anyway, and by `collectedMax`.
 */
import type { Closing } from "./closing.ts";
import type { KeyRecord } from "./key-record.ts";
import type { LoadWaiter, NodeState } from "./node-state.ts";
import {
  collectedMax,
  collectorCandidatesMax,
  collectorVisitsPerTick,
  sweepIntervalMs,
  transTimeMs,
} from "../shared/limits.ts";
import { hybridTimeOfUnixMs, ticksPerMs } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { listedKeyStart } from "../protocol/record.ts";
import type { Version } from "../protocol/version.ts";
import type { ByteString } from "../shared/bytes.ts";

/** Whether a version ends by itself or is an end. */
export function isPassing(version: Version): boolean {
  return version.deleted || version.expiry !== 0;
}

/** Why a candidate is not collected yet. */
export type HeldBy = "expiry" | "transTime" | "stability" | "closed time" | "use" | "room";

export class Collector implements LoadWaiter {
  /** Something would be further if the clock that this node tells went on with the wall clock. */
  waitsForClock = false;
  private readonly candidates = new Set<KeyRecord>();
  private round: Iterator<KeyRecord> | undefined;
  /** Where the sweep of the store goes on. */
  private sweepFrom: ByteString = listedKeyStart;
  private nextSweepMs = sweepIntervalMs;
  private sweeping = false;
  private readonly state: NodeState;
  private readonly closing: Closing;

  constructor(state: NodeState, closing: Closing) {
    this.state = state;
    this.closing = closing;
  }

  get count(): number {
    return this.candidates.size;
  }

  /** A record whose current version is passing. */
  add(record: KeyRecord): void {
    if (record.listed) return;
    record.listed = true;
    this.candidates.add(record);
  }

  /** It leaves memory; the store lists it. */
  forget(record: KeyRecord): void {
    if (!record.listed) return;
    record.listed = false;
    this.candidates.delete(record);
  }

  tick(): void {
    this.waitsForClock = false;
    this.visitSome();
    this.sweep();
  }

  /** What the store lists from where the sweep was on; undefined as `next` at its end. */
  onSwept(keys: readonly ByteString[], next: ByteString | undefined): void {
    this.sweeping = false;
    this.sweepFrom = next ?? listedKeyStart;
    const { placement } = this.state;
    for (const key of keys) {
      const hash = placement.hash(key);
      const partition = this.state.local(placement.partitionOfHash(hash));
      if (partition === undefined) continue;
      const record = partition.record(key, hash);
      if (!record.loaded && record.latest === undefined) this.state.load(record, this);
      else this.recordLoaded(record);
    }
  }

  /** A record that the store listed: perhaps it is not passing any more, then its line goes. */
  recordLoaded(record: KeyRecord): void {
    const { current } = record;
    if (current === undefined) return;
    if (isPassing(current)) this.add(record);
    // Held by others, or not in the store as it is: it is swept again.
    else if (!record.dirty && record.pins === 0 && this.state.unlisted.size < collectedMax) {
      record.pins++;
      this.state.unlisted.add(record);
    }
  }

  /** Why a candidate is still there; undefined when it may go. */
  heldBy(record: KeyRecord): HeldBy | undefined {
    const { state } = this;
    const version = record.current;
    if (version === undefined || record.pins > 0 || record.writing || state.older.pinCount > 0) return "use";
    if (!record.loaded || record.pendingLsn > state.proposals.durableLsn) return "use";
    // The checkpoint under way has to write it: its position may be behind the delete, while the store still holds a value.
    if (record.dirty && state.checkpointing) return "use";
    const told = state.clock.told();
    const end = endOf(version);
    if (end >= told) return "expiry";
    if (version.older !== undefined || end + transTimeMs * ticksPerMs > told) return "transTime";
    if (!this.isStable(record, version)) return "stability";
    if (this.firstNotClosed(record, boundOf(version)) !== undefined) return "closed time";
    return state.collected.size >= collectedMax ? "room" : undefined;
  }

  all(): IterableIterator<KeyRecord> {
    return this.candidates.values();
  }

  /** The first datacenter of which an older write of this candidate's key may still arrive; undefined when there is none. */
  openDatacenter(record: KeyRecord): number | undefined {
    const { current } = record;
    return current === undefined ? undefined : this.firstNotClosed(record, boundOf(current));
  }

  private visitSome(): void {
    for (let visits = 0; visits < collectorVisitsPerTick; visits++) {
      this.round ??= this.candidates.values();
      const next = this.round.next();
      if (next.done === true) {
        this.round = undefined;
        return;
      }
      this.visit(next.value);
    }
  }

  private visit(record: KeyRecord): void {
    const version = record.current;
    if (version === undefined || !isPassing(version)) {
      this.forget(record);
      return;
    }
    const reason = this.heldBy(record);
    if (reason === undefined) this.collect(record, version);
    else if (reason === "transTime" || (reason === "expiry" && endOf(version) < this.state.clock.physicalTime)) {
      this.waitsForClock = true;
    }
  }

  private collect(record: KeyRecord, version: Version): void {
    const { state } = this;
    this.forget(record);
    // What snapshots could have seen before its end is not known any more; none can ask.
    const end = version.deleted ? version.visible : hybridTimeOfUnixMs(version.expiry);
    state.older.floor = Math.max(state.older.floor, record.unknownBefore, end);
    state.older.collectedUpTo = Math.max(state.older.collectedUpTo, end);
    const partition = state.partitionOf(record);
    const before = record.bytes;
    partition.collect(record);
    if (record.dirty) state.dirtyBytes += record.bytes - before;
    record.pins++;
    if (state.collected.size === 0) state.collectedSinceMs = state.timerMs;
    state.collected.add(record);
    if (version.deleted) state.counters.tombstonesCollected++;
    else state.counters.expiredCollected++;
  }

  private isStable(record: KeyRecord, version: Version): boolean {
    const partition = this.state.partitionOf(record);
    const { touch } = version;
    const isDone = (datacenter: number, time: HybridTime): boolean =>
      partition.closed.stableOf(datacenter, partition.stable[datacenter] ?? 0) >= time;
    if (!isDone(version.datacenter, version.time)) return false;
    return touch === undefined || isDone(touch.datacenter, touch.time);
  }

  private firstNotClosed(record: KeyRecord, bound: HybridTime): number | undefined {
    const { state } = this;
    const partition = state.partitionOf(record);
    for (let d = 0; d < state.placement.datacenters; d++) {
      const applied = partition.appliedOf(d).watermark;
      const closed = d === state.datacenter ? this.closing.time : partition.closed.closedOf(d, applied);
      if (closed <= bound) return d;
    }
    return undefined;
  }

  /** A little at a time: what was checkpointed and left memory, or is from before a restart. */
  private sweep(): void {
    const { timerMs } = this.state;
    if (this.sweeping || timerMs < this.nextSweepMs || this.candidates.size >= collectorCandidatesMax) return;
    this.nextSweepMs = timerMs + sweepIntervalMs;
    this.sweeping = true;
    this.state.effects.sweep(this.sweepFrom);
  }
}

/** When it became nothing here. */
function endOf(version: Version): HybridTime {
  return version.deleted ? version.visible : Math.max(version.visible, hybridTimeOfUnixMs(version.expiry));
}

/** No write that could matter to this key has a version at or below this, once it may go. */
function boundOf(version: Version): HybridTime {
  const time = Math.max(version.time, version.touch?.time ?? 0);
  return version.deleted ? time : Math.max(time, hybridTimeOfUnixMs(version.expiry));
}
