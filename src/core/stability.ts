/*
 * Which writes are stable: applied in every datacenter (design, 3.3, 3.4). A stable dot need not enter a context any more,
 * and what was kept for it may go.
 *
 * In, at the origin: applied acknowledgements of the equivalents, with their clocks. Out: notices to the equivalents with
 * the greatest of those clocks. A node passes its own clock beyond a notice's before it treats a dot as stable: the floor of
 * whoever then leaves the dot out of a context rises to that clock, so visible times still follow causality everywhere.
 *
 * Notices are repeated to a peer whose link comes up, and every `repeatMs`, because a frame may be lost.
 */
import type { NodeState } from "./node-state.ts";
import type { Partition } from "./partition.ts";
import { datacenterOfNode } from "./placement.ts";
import type { NodeId } from "./placement.ts";
import type { Shipper } from "./shipper.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { encodeStable } from "../protocol/messages/stream.ts";
import type { StableNotice } from "../protocol/messages/stream.ts";

const noticeIntervalMs = 100;
const repeatMs = 10_000;

export class Stability {
  private readonly state: NodeState;
  private readonly shippers: ReadonlyMap<NodeId, Shipper>;
  /** Partitions of this node with acknowledgements that were not looked at yet. */
  private acked = new Set<Partition>();
  private readonly toTell = new Map<NodeId, Set<Partition>>();
  /** The greatest clock of any acknowledgement. */
  private clock: HybridTime = 0;
  private nextNoticeMs = 0;
  private nextRepeatMs = 0;
  private pending: { datacenter: number; notice: StableNotice }[] = [];

  constructor(state: NodeState, shippers: ReadonlyMap<NodeId, Shipper>) {
    this.state = state;
    this.shippers = shippers;
  }

  /** Own writes were applied here; alone in the world, they are stable at once. */
  onAppliedHere(partition: Partition): void {
    if (this.shippers.size === 0) {
      partition.stable[this.state.datacenter] = partition.appliedOf(this.state.datacenter).watermark;
    }
  }

  /** After a restart: no acknowledgement that was believed before had a clock above the bound on disk. */
  restore(bound: HybridTime): void {
    this.clock = Math.max(this.clock, bound);
  }

  /** The clock was accepted by the caller. */
  onAck(clock: HybridTime, partitions: readonly number[]): void {
    if (clock > this.clock) this.clock = clock;
    for (let i = 0; i < partitions.length; i += 2) {
      const partition = this.state.local(partitions[i] as number);
      if (partition !== undefined) this.acked.add(partition);
    }
  }

  /** A notice from the origin of these writes. */
  onNotice(peer: NodeId, notice: StableNotice): void {
    if (!this.state.acceptsClock(notice.clock)) return;
    this.state.clock.pass(notice.clock);
    this.settle(datacenterOfNode(peer), notice);
  }

  onLinkUp(peer: NodeId): void {
    this.tellAll(peer);
  }

  /** `reserve` makes sure that the disk covers a time: before that, a clock beyond it may not be told to anybody. */
  tick(reserve: (time: HybridTime) => void): void {
    this.settlePending(reserve);
    const { timerMs } = this.state;
    if (timerMs < this.nextNoticeMs) return;
    this.nextNoticeMs = timerMs + noticeIntervalMs;
    if (timerMs >= this.nextRepeatMs) {
      this.nextRepeatMs = timerMs + repeatMs;
      for (const peer of this.shippers.keys()) this.tellAll(peer);
    }
    const acked = this.acked;
    this.acked = new Set();
    for (const partition of acked) this.recompute(partition, reserve);
    this.tell();
  }

  private settlePending(reserve: (time: HybridTime) => void): void {
    if (this.pending.length === 0) return;
    const pending = this.pending;
    this.pending = [];
    for (const { datacenter, notice } of pending) {
      reserve(notice.clock);
      this.settle(datacenter, notice);
    }
  }

  /** Takes a notice, once the clock that a reader is told is beyond it. */
  private settle(datacenter: number, notice: StableNotice): void {
    if (this.state.clock.told() < notice.clock) {
      const others = this.pending.filter((other) => other.datacenter !== datacenter || !covers(notice, other.notice));
      this.pending = [...others, { datacenter, notice }].slice(-64);
      return;
    }
    for (let i = 0; i < notice.stable.length; i += 2) {
      const partition = this.state.local(notice.stable[i] as number);
      const seq = notice.stable[i + 1] as number;
      if (partition !== undefined && seq > (partition.stable[datacenter] ?? 0)) partition.stable[datacenter] = seq;
    }
  }

  /** What became stable is settled here first, then told: until the disk covers the clock it stays to be looked at. */
  private recompute(partition: Partition, reserve: (time: HybridTime) => void): void {
    let stable = partition.appliedOf(this.state.datacenter).watermark;
    for (const shipper of this.shippers.values()) {
      const acked = shipper.ackedOf(partition.id);
      if (acked !== undefined) stable = Math.min(stable, acked);
    }
    const own = this.state.datacenter;
    if (stable <= (partition.stable[own] ?? 0)) return;
    this.state.clock.pass(this.clock);
    if (this.state.clock.told() < this.clock) {
      reserve(this.clock);
      this.acked.add(partition);
      return;
    }
    partition.stable[own] = stable;
    for (const [peer, shipper] of this.shippers) {
      if (shipper.appliedOf(partition.id) !== undefined) this.tellLater(peer, partition);
    }
  }

  private tellAll(peer: NodeId): void {
    const shipper = this.shippers.get(peer);
    if (shipper === undefined) return;
    for (const partition of this.state.partitions.values()) {
      const stable = partition.stable[this.state.datacenter] ?? 0;
      if (stable > 0 && shipper.appliedOf(partition.id) !== undefined) this.tellLater(peer, partition);
    }
  }

  private tellLater(peer: NodeId, partition: Partition): void {
    const partitions = this.toTell.get(peer);
    if (partitions === undefined) this.toTell.set(peer, new Set([partition]));
    else partitions.add(partition);
  }

  private tell(): void {
    for (const [peer, partitions] of this.toTell) {
      if (partitions.size === 0 || !this.state.linksUp.has(peer)) continue;
      const stable: number[] = [];
      for (const partition of partitions) stable.push(partition.id, partition.stable[this.state.datacenter] ?? 0);
      partitions.clear();
      encodeStable(this.state.outboxes.to(peer), { clock: this.clock, stable });
    }
  }
}

/** Whether the newer notice says all that the older one did. */
function covers(newer: StableNotice, older: StableNotice): boolean {
  for (let i = 0; i < older.stable.length; i += 2) {
    let found = false;
    for (let j = 0; j < newer.stable.length && !found; j += 2) {
      found = newer.stable[j] === older.stable[i] && (newer.stable[j + 1] as number) >= (older.stable[i + 1] as number);
    }
    if (!found) return false;
  }
  return true;
}
