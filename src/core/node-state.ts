/*
 * What the parts of a node's core share: who the node is, its clock, its partitions, its proposals, what it is about to
 * send and load. Each part (sessions, gate, shippers, ...) is a file of its own that holds one of these.
 */
import { HybridClock } from "./clock.ts";
import { Counters } from "./counters.ts";
import type { Effects } from "./effects.ts";
import type { KeyRecord } from "./key-record.ts";
import { OlderVersions } from "./older-versions.ts";
import { Outboxes } from "./outboxes.ts";
import { Partition } from "./partition.ts";
import { datacenterOfNode } from "./placement.ts";
import type { NodeId, Placement } from "./placement.ts";
import { Proposals } from "./proposals.ts";
import { Settling } from "./transactions/settling.ts";
import { maxSkewMs } from "../shared/limits.ts";
import { invariant } from "../shared/assert.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { datacenterOf, partitionOf } from "../protocol/version.ts";
import type { Origin, Version } from "../protocol/version.ts";
import type { ByteString } from "../shared/bytes.ts";

/** Told when a record's stored version is in memory. */
export interface LoadWaiter {
  recordLoaded(record: KeyRecord): void;
}

export class NodeState {
  readonly self: NodeId;
  readonly datacenter: number;
  readonly placement: Placement;
  readonly effects: Effects;
  readonly clock: HybridClock = new HybridClock();
  readonly counters: Counters = new Counters();
  readonly proposals: Proposals = new Proposals();
  /** Superseded versions, for snapshots. */
  readonly older: OlderVersions = new OlderVersions();
  /** Who waits for transactions that hold keys. */
  readonly settling: Settling = new Settling(() => this.timerMs);
  readonly outboxes: Outboxes;
  /** The partitions that this node owns, by id. */
  readonly partitions: Map<number, Partition> = new Map();
  readonly linksUp: Set<NodeId> = new Set();
  /** Wall time of the current turn, in Unix ms. */
  nowMs = 0;
  /** Milliseconds that have passed, for timeouts and retries: wall time may jump, and they must not wait for its return. */
  timerMs = 0;
  /** Why client writes are refused, as an error code and words; undefined while they are not. */
  writesRefused: string | undefined;
  /** Changed records that the next checkpoint takes. */
  dirty: KeyRecord[] = [];
  dirtyBytes = 0;
  /** A checkpoint is being taken: what changed before it began must get into the store with it. */
  checkpointing = false;
  /** When the first of them changed. */
  dirtySinceMs = 0;
  /** Records of which nothing is left, until their deletes are in the store. */
  collected: Set<KeyRecord> = new Set();
  /** When the first of them was collected. */
  collectedSinceMs = 0;
  /** Records that the store lists as passing and that are not, until it does not any more; they stay in memory. */
  unlisted: Set<KeyRecord> = new Set();
  private readonly loading = new Map<KeyRecord, LoadWaiter[]>();
  private toLoad: KeyRecord[] = [];
  private woken = false;
  private readonly byId: (Partition | undefined)[] = [];

  constructor(self: NodeId, placement: Placement, effects: Effects) {
    this.self = self;
    this.datacenter = datacenterOfNode(self);
    this.placement = placement;
    this.effects = effects;
    this.outboxes = new Outboxes(() => this.wake());
    for (const p of placement.partitionsOf(self)) {
      const partition = new Partition(p, this.datacenter, placement.datacenters);
      this.partitions.set(p, partition);
      this.byId[p] = partition;
    }
  }

  /** The partition of this id when this node owns it. */
  local(partition: number): Partition | undefined {
    return this.byId[partition];
  }

  /** The partition that a record of this node belongs to. */
  partitionOf(record: KeyRecord): Partition {
    const partition = this.byId[this.placement.partitionOfHash(record.hash)];
    invariant(partition !== undefined, "a record belongs to one of this node's partitions");
    return partition;
  }

  /** The partition of an origin, when this node owns it; undefined also for a datacenter that there is not. */
  localOfOrigin(origin: Origin): Partition | undefined {
    if (datacenterOf(origin) >= this.placement.datacenters) return undefined;
    return this.byId[partitionOf(origin)];
  }

  /** Whether everybody has what a reader of this version has seen: then it need not enter a context. */
  isStable(version: Version): boolean {
    const origin = version.dotOrigin;
    return this.byId[partitionOf(origin)]?.isStable(datacenterOf(origin), version.dotSeq) === true;
  }

  /** Asks for a flush after the events at hand. */
  wake(): void {
    if (this.woken) return;
    this.woken = true;
    this.effects.wake();
  }

  flushBegins(): void {
    this.woken = false;
  }

  /** Whether a clock from elsewhere may be believed; one too far ahead would drag every clock with it (design, 3.9). */
  acceptsClock(time: HybridTime): boolean {
    if (time <= this.clock.physicalTime + maxSkewMs * ticksPerMs) return true;
    this.counters.clocksRefused++;
    return false;
  }

  markDirty(record: KeyRecord): void {
    if (record.dirty) return;
    record.dirty = true;
    if (this.dirty.length === 0) this.dirtySinceMs = this.timerMs;
    this.dirty.push(record);
    this.dirtyBytes += record.bytes;
  }

  /** Reads a record's stored version; `waiter` is told when it is there. */
  load(record: KeyRecord, waiter: LoadWaiter): void {
    invariant(!record.loaded, "a record is loaded once");
    const waiting = this.loading.get(record);
    if (waiting !== undefined) {
      waiting.push(waiter);
      return;
    }
    record.pins++;
    this.loading.set(record, [waiter]);
    this.toLoad.push(record);
    this.counters.readsFromStore++;
    this.wake();
  }

  get loadingCount(): number {
    return this.loading.size;
  }

  takeLoads(): KeyRecord[] {
    const records = this.toLoad;
    if (records.length > 0) this.toLoad = [];
    return records;
  }

  /** The record has its stored version: those who waited go on. */
  loaded(record: KeyRecord): void {
    const waiting = this.loading.get(record);
    if (waiting === undefined) return;
    this.loading.delete(record);
    record.pins--;
    for (const waiter of waiting) waiter.recordLoaded(record);
  }

  record(partition: Partition, key: ByteString): KeyRecord {
    return partition.record(key, this.placement.hash(key));
  }
}
