/*
 * Versions, dots and origins (design, section 2).
 *
 * A `Version` is one write as it is kept in memory: what it did, its version (time, datacenter, partition), its dot
 * (datacenter, partition, seq), and when it became visible here. It never changes once it is committed, so readers may
 * hold it without copying.
 *
 * Invariant: two writes never share a version or a dot, because times strictly increase within a log and a partition's
 * sequence numbers are never handed out twice (design, 3.4).
 */
import type { ByteString } from "../shared/bytes.ts";
import type { HybridTime } from "./hybrid-time.ts";

/** (datacenter, partition) of a dot, packed: datacenter * 65536 + partition. */
export type Origin = number;

export function originOf(datacenter: number, partition: number): Origin {
  return datacenter * 65536 + partition;
}
export function datacenterOf(origin: Origin): number {
  return origin >>> 16;
}
export function partitionOf(origin: Origin): number {
  return origin & 0xffff;
}

/** What a write does to its key. Further kinds are further numbers; a reader refuses those that it does not know. */
export const effectAssign = 1;
export const effectDelete = 2;
export type EffectKind = typeof effectAssign | typeof effectDelete;

export class Version {
  readonly effect: EffectKind;
  /** The assigned value; empty for a delete. */
  readonly value: ByteString;
  readonly time: HybridTime;
  readonly datacenter: number;
  readonly partition: number;
  readonly seq: number;
  /** When it became visible in this datacenter, in this datacenter's hybrid time. */
  readonly visible: HybridTime;
  /** Number of the log entry of this partition, here, that made it visible: what replay compares with. */
  readonly index: number;
  /** Milliseconds since 1970 at which the value expires; 0 for never. */
  readonly expiry: number;

  constructor(
    effect: EffectKind,
    value: ByteString,
    time: HybridTime,
    datacenter: number,
    partition: number,
    seq: number,
    visible: HybridTime,
    index: number,
    expiry: number,
  ) {
    this.effect = effect;
    this.value = value;
    this.time = time;
    this.datacenter = datacenter;
    this.partition = partition;
    this.seq = seq;
    this.visible = visible;
    this.index = index;
    this.expiry = expiry;
  }

  get deleted(): boolean {
    return this.effect === effectDelete;
  }
}

type VersionOrder = Pick<Version, "time" | "datacenter" | "partition">;

/** The order of last-writer-wins: time, then datacenter, then partition. Negative, zero or positive. */
export function compareVersions(a: VersionOrder, b: VersionOrder): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.datacenter !== b.datacenter) return a.datacenter - b.datacenter;
  return a.partition - b.partition;
}

/** A dot in words, as it stands in WHY, tokens in clear text and traces: `datacenter/partition/seq`. */
export function formatDot(origin: Origin, seq: number): string {
  return `${datacenterOf(origin)}/${partitionOf(origin)}/${seq}`;
}
