/*
 * Writes and what they leave behind, as the model of causal-model.ts has them.
 */
import type { HistoryDot, HistoryVersion, Seen } from "../../format.ts";

export interface ModelWrite {
  /** One key, or all keys of a transaction; undefined: a delete, or a touch. */
  readonly parts: ReadonlyMap<string, string | undefined>;
  readonly datacenter: number;
  readonly partition: number;
  readonly seq: number;
  readonly time: number;
  /** The tick at which what it leaves expires. */
  readonly expiry: number;
  /** Of a touch: what it sets the expiry of. */
  readonly base: ModelWrite | undefined;
  readonly dependencies: readonly ModelWrite[];
  /** Its client never learned of it. */
  readonly isUnknown: boolean;
}

/** What a key shows: what was written, and what touched that last. */
export interface Shown {
  readonly write: ModelWrite;
  readonly touch: ModelWrite | undefined;
}

/** What `write` leaves on each of its keys. */
export function shownBy(write: ModelWrite): Shown {
  return write.base === undefined ? { write, touch: undefined } : { write: write.base, touch: write };
}

/** The write that a reader has seen: the nearest of those that made it what it is. */
export function nearest({ write, touch }: Shown): ModelWrite {
  return touch ?? write;
}

/** The order of last-writer-wins. */
export function isNewer(left: Shown, right: Shown): boolean {
  const order = compare(left.write, right.write);
  if (order !== 0) return order > 0;
  if (left.touch === undefined) return false;
  return right.touch === undefined || compare(left.touch, right.touch) > 0;
}

function compare(left: ModelWrite, right: ModelWrite): number {
  if (left.time !== right.time) return left.time - right.time;
  return left.datacenter === right.datacenter ? left.partition - right.partition : left.datacenter - right.datacenter;
}

export function isGone(shown: Shown, key: string, tick: number): boolean {
  return shown.write.parts.get(key) === undefined || nearest(shown).expiry <= tick;
}

export function dotOf({ datacenter, partition, seq }: ModelWrite): HistoryDot {
  return [datacenter, partition, seq];
}

export function versionOf({ write, touch }: Shown): HistoryVersion {
  const { time, datacenter, partition } = write;
  if (touch === undefined) return [time, datacenter, partition];
  return [time, datacenter, partition, touch.time, touch.datacenter, touch.partition];
}

/** What a reader at `tick` is told. */
export function seenOf(shown: Shown | undefined, key: string, tick: number): Seen {
  if (shown === undefined) return { saw: "never" };
  const [dot, version] = [dotOf(nearest(shown)), versionOf(shown)];
  const value = shown.write.parts.get(key);
  if (value === undefined) return { saw: "tombstone", dot, version };
  return { saw: isGone(shown, key, tick) ? "expired" : "value", dot, version, value };
}
