/*
 * One write of a client: what it writes to one key, or as a transaction to several, under one dot. Each of its parts is known to
 * the simulator by the value that it carries, which is unique (deletes and changes of an expiry carry one too: nobody sees it,
 * but it travels).
 */
import { effectExpire, formatDot, originOf, Version } from "../../protocol/version.ts";
import type { EffectKind } from "../../protocol/version.ts";
import type { Thread } from "./thread.ts";

/** A dot as one number. */
export type DotKey = number;

const seqsMax = 2 ** 32;

export function dotKeyOf(datacenter: number, partition: number, seq: number): DotKey {
  return (datacenter * 64 + partition) * seqsMax + seq;
}
/** What a reader of this version has seen, by its dot. */
export function dotOf(version: Version): DotKey {
  const { datacenter, partition } = version.touch ?? version;
  return dotKeyOf(datacenter, partition, version.dotSeq);
}
export function originOfDotKey(dot: DotKey): number {
  const packed = Math.floor(dot / seqsMax);
  return originOf(Math.floor(packed / 64), packed % 64);
}
export function datacenterOfDotKey(dot: DotKey): number {
  return Math.floor(dot / seqsMax / 64);
}
export function seqOfDotKey(dot: DotKey): number {
  return dot % seqsMax;
}
export function describeDot(dot: DotKey): string {
  return formatDot(originOfDotKey(dot), seqOfDotKey(dot));
}

/** A value without what makes it long: its first part names its write. */
export function tagOf(value: string): string {
  const end = value.indexOf(".");
  return end < 0 ? value : value.slice(0, end);
}

export function describeVersion(version: Version | undefined): string {
  if (version === undefined) return "nothing";
  const { time, value, touch } = version;
  const touched = touch === undefined ? "" : `, its expiry set at ${touch.time}`;
  return `${tagOf(value)} (${describeDot(dotOf(version))} at ${time}${touched})`;
}

/** A version by itself, without what makes its value long and without those before it: there are many of them. */
export function lean(version: Version): Version {
  const { effect, value, time, datacenter, partition, seq, visible, index, expiry, touch } = version;
  return new Version(effect, tagOf(value), time, datacenter, partition, seq, visible, index, expiry, touch);
}

export class WorldPart {
  readonly write: WorldWrite;
  readonly index: number;
  /** Unique; what is written is this, perhaps made longer. */
  readonly value: string;
  readonly key: string;
  readonly effect: EffectKind;
  /** Once it is applied somewhere. */
  version: Version | undefined = undefined;

  constructor(write: WorldWrite, index: number, value: string, key: string, effect: EffectKind) {
    this.write = write;
    this.index = index;
    this.value = value;
    this.key = key;
    this.effect = effect;
  }

  /** Its version, also before it is applied anywhere, where that is known. */
  get name(): Version | undefined {
    if (this.version !== undefined || this.effect === effectExpire) return this.version;
    const { name } = this.write;
    if (name === undefined) return undefined;
    const { time, datacenter, partition, seq } = name;
    return new Version(this.effect, this.value, time, datacenter, partition, seq, 0, 0, 0);
  }
}

/** The name of a write as a whole: its version and its dot. */
interface WriteName {
  readonly time: number;
  readonly datacenter: number;
  readonly partition: number;
  readonly seq: number;
}

export class WorldWrite {
  readonly thread: Thread;
  readonly parts: WorldPart[] = [];
  /** Its place in its thread. */
  step = 0;
  dot: DotKey | undefined = undefined;
  /** Once a part of it is applied somewhere. */
  name: WriteName | undefined = undefined;
  dependencies: DotKey[] = [];
  acknowledged = false;

  constructor(thread: Thread) {
    this.thread = thread;
  }

  /** What it was judged against: dependencies too, known once it is answered. */
  get judged(): readonly DotKey[] {
    return this.thread.sawOf(this.step);
  }

  get first(): WorldPart {
    return this.parts[0] as WorldPart;
  }

  get isTransaction(): boolean {
    return this.parts.length > 1;
  }

  /** All its values, in words. */
  get values(): string {
    return this.parts.map(({ value }) => value).join("+");
  }

  part(key: string): WorldPart | undefined {
    return this.parts.find((part) => part.key === key);
  }
}
