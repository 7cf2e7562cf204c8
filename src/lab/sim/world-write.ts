/*
 * One write of a client, known to the simulator by the value that it carries, which is unique (deletes carry one too:
 * nobody sees it, but it travels).
 */
import { formatDot, originOf } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import type { Thread } from "./thread.ts";

/** A dot as one number. */
export type DotKey = number;

const seqsMax = 2 ** 32;

export function dotKeyOf(datacenter: number, partition: number, seq: number): DotKey {
  return (datacenter * 64 + partition) * seqsMax + seq;
}
export function originOfDotKey(dot: DotKey): number {
  const packed = Math.floor(dot / seqsMax);
  return originOf(Math.floor(packed / 64), packed % 64);
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
  const { datacenter, partition, seq, time, value } = version;
  return `${tagOf(value)} (${formatDot(originOf(datacenter, partition), seq)} at ${time})`;
}

export class WorldWrite {
  /** Unique; what is written is this, perhaps made longer. */
  readonly value: string;
  readonly key: string;
  readonly thread: Thread;
  /** Its place in its thread. */
  step = 0;
  dot: DotKey | undefined = undefined;
  version: Version | undefined = undefined;
  dependencies: DotKey[] = [];
  acknowledged = false;

  constructor(value: string, key: string, thread: Thread) {
    this.value = value;
    this.key = key;
    this.thread = thread;
  }
}
