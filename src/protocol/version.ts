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
/** Sets, or with 0 ends, the expiry of one version of the key, and leaves its value as it is. */
export const effectExpire = 3;
export type EffectKind = typeof effectAssign | typeof effectDelete | typeof effectExpire;

/** A version by name, without what it wrote. */
export interface VersionName {
  readonly time: HybridTime;
  readonly datacenter: number;
  readonly partition: number;
}

/** The write that set the expiry of a version after it was written: its own version and, by `seq`, its dot. */
export interface Touch extends VersionName {
  readonly seq: number;
}

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
  /** What set `expiry`, where that was not the write of the value. Its dot stands for both: it depends on the value's. */
  readonly touch: Touch | undefined;
  /** The next smaller version of the key that snapshots may still ask for; it became visible earlier than this one. */
  older: Version | undefined = undefined;

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
    touch?: Touch,
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
    this.touch = touch;
  }

  get deleted(): boolean {
    return this.effect === effectDelete;
  }

  /** The name of the write that a reader of this has seen: the nearest of those that made it what it is. */
  get dotOrigin(): Origin {
    const { touch } = this;
    return touch === undefined
      ? originOf(this.datacenter, this.partition)
      : originOf(touch.datacenter, touch.partition);
  }

  get dotSeq(): number {
    return this.touch === undefined ? this.seq : this.touch.seq;
  }

  /** The same value with another expiry, set by `touch`, which became visible at `visible` by log entry `index`. */
  touched(touch: Touch, expiry: number, visible: HybridTime, index: number): Version {
    const { effect, value, time, datacenter, partition, seq } = this;
    return new Version(effect, value, time, datacenter, partition, seq, visible, index, expiry, touch);
  }

  /** Whether a reader at this wall time, in Unix ms, finds a value: a tombstone and an expired value are nothing. */
  isAlive(unixMs: number): boolean {
    return !this.deleted && (this.expiry === 0 || this.expiry > unixMs);
  }
}

/** A version whose value has expired, as a reader is told of it: nothing, with the dot of what it read. */
export class ExpiredVersion extends Version {
  override get deleted(): boolean {
    return true;
  }
}

/** What a reader at this wall time, in Unix ms, is told of a version. */
export function asSeenAt(version: Version, unixMs: number): Version {
  if (version.expiry === 0 || version.expiry > unixMs || version.deleted) return version;
  const { effect, time, datacenter, partition, seq, visible, index, expiry, touch } = version;
  return new ExpiredVersion(effect, "", time, datacenter, partition, seq, visible, index, expiry, touch);
}

type VersionOrder = VersionName & { readonly touch?: Touch | undefined };

/**
 * The order of last-writer-wins: time, then datacenter, then partition; between two of one value, the same for what set its
 * expiry. Negative, zero or positive.
 */
export function compareVersions(a: VersionOrder, b: VersionOrder): number {
  const order = compareNames(a, b);
  if (order !== 0 || a.touch === b.touch) return order;
  if (a.touch === undefined) return -1;
  return b.touch === undefined ? 1 : compareNames(a.touch, b.touch);
}

export function compareNames(a: VersionName, b: VersionName): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.datacenter !== b.datacenter) return a.datacenter - b.datacenter;
  return a.partition - b.partition;
}

/** A dot in words, as it stands in WHY, tokens in clear text and traces: `datacenter/partition/seq`. */
export function formatDot(origin: Origin, seq: number): string {
  return `${datacenterOf(origin)}/${partitionOf(origin)}/${seq}`;
}
