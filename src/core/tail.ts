/*
 * The tail of this node's partitions: where a durable entry becomes visible and counts as applied (design, 3.1). With
 * R = 1 the head's proposals call it when their frame is durable.
 *
 * In: durable entries, in log order. Out: records changed, dots applied, listeners told.
 *
 * Keeps invariants 1 (an effect is proposed after its causes in this log, or after they were applied elsewhere, so it is
 * applied after them), 2 and 5.
 */
import { isPassing } from "./collector.ts";
import type { KeyRecord } from "./key-record.ts";
import type { NodeState } from "./node-state.ts";
import type { Partition } from "./partition.ts";
import type { Version } from "../protocol/version.ts";

/** Told when seqs of an origin are durable here, and visible or beaten. */
export type AppliedListener = (partition: Partition, datacenter: number, from: number, to: number) => void;

export class Tail {
  private readonly state: NodeState;
  private readonly listeners: AppliedListener[] = [];
  /** A version became visible that ends by itself, or is an end. */
  onPassing: (record: KeyRecord) => void = () => undefined;

  constructor(state: NodeState) {
    this.state = state;
  }

  onApplied(listener: AppliedListener): void {
    this.listeners.push(listener);
  }

  /**
   * A version's entry is durable. Answers whether it is visible now, or beaten by what is. `isNewest` says that it beats
   * everything before it (older-versions.ts).
   */
  applyVersion(record: KeyRecord, version: Version, isNewest = false): boolean {
    const before = record.bytes;
    const visible = this.state.partitionOf(record).apply(record, version, this.state.older, isNewest);
    record.pins--;
    record.used = true;
    record.loaded = true;
    if (!visible) return false;
    if (isPassing(version)) this.onPassing(record);
    if (record.dirty) this.state.dirtyBytes += record.bytes - before;
    else this.state.markDirty(record);
    return true;
  }

  /** Seqs of an origin are in, by the entry with this index. */
  seqsApplied(partition: Partition, datacenter: number, from: number, to: number, index: number): void {
    // Parts of a transaction that become visible at once count afterwards, one after the other.
    if (index > partition.appliedIndex) partition.appliedIndex = index;
    const applied = partition.appliedOf(datacenter);
    if (from === to) applied.add(from);
    else applied.addRange(from, to);
    for (const listener of this.listeners) listener(partition, datacenter, from, to);
  }
}
