/*
 * What an all-knowing observer knows of the whole cluster: every write with its exact dependencies, and what is applied in
 * each datacenter. Checked at each step, so the first wrong step is the one that is reported:
 *
 *   1  what is applied in a datacenter has all its dependencies applied there, by exact dots
 *   2  no dot is applied twice in a datacenter, no write gets two dots, no dot lies in a hole
 *   3  an effect becomes visible above its causes, in every datacenter
 *   5  a key's current version never goes back
 *   6  an acknowledged write is applied, and stays so; nothing is applied elsewhere that is not durable at home
 */
import { isPassing } from "../../core/collector.ts";
import { compareVersions, datacenterOf, partitionOf, Version } from "../../protocol/version.ts";
import type { Thread } from "./thread.ts";
import { describeDot, describeVersion, dotKeyOf, tagOf, WorldWrite } from "./world-write.ts";
import type { DotKey } from "./world-write.ts";
import { causalChain } from "./causal-chain.ts";
import { check } from "./violation.ts";
import type { Story } from "./violation.ts";

interface Hole {
  readonly from: number;
  readonly to: number;
}

export class WorldDatacenter {
  readonly index: number;
  /** Visible time of each applied dot. */
  readonly applied: Map<DotKey, number> = new Map();
  readonly current: Map<string, Version> = new Map();

  constructor(index: number) {
    this.index = index;
  }
}

export class World {
  readonly datacenters: WorldDatacenter[];
  readonly writes: Map<string, WorldWrite> = new Map();
  readonly byDot: Map<DotKey, WorldWrite> = new Map();
  private readonly holes = new Map<number, Hole[]>();

  constructor(datacenters: number) {
    this.datacenters = Array.from({ length: datacenters }, (_, index) => new WorldDatacenter(index));
  }

  newWrite(key: string, thread: Thread): WorldWrite {
    const write = new WorldWrite(`w${this.writes.size + 1}`, key, thread);
    this.writes.set(write.value, write);
    return write;
  }

  /** A version is applied in a datacenter: visible, or beaten by what is. */
  applied(datacenter: number, key: string, version: Version, isVisible: boolean): void {
    const here = this.datacenters[datacenter] as WorldDatacenter;
    const write = this.identify(datacenter, key, version);
    const dot = write.dot as DotKey;
    const what = (): string => `${describeVersion(version)} of ${key} in datacenter ${datacenter}`;
    const story = (): Story => causalChain(this, write, undefined);
    check(!here.applied.has(dot), 2, () => `applied twice: ${what()}`, story);
    this.checkDependencies(here, write, version.visible);
    if (version.datacenter === datacenter) {
      check(version.visible === version.time, 3, () => `visible at ${version.visible}, not at its time: ${what()}`);
    }
    here.applied.set(dot, version.visible);
    const before = here.current.get(key);
    const wins = before === undefined || compareVersions(version, before) > 0;
    const how = isVisible ? "replaced" : "lost to";
    check(wins === isVisible, 5, () => `${what()} ${how} ${describeVersion(before)}`, story);
    if (wins) here.current.set(key, version);
  }

  private identify(datacenter: number, key: string, version: Version): WorldWrite {
    const write = this.writes.get(tagOf(version.value));
    check(write !== undefined && write.key === key, 14, () => `nobody wrote ${describeVersion(version)} to ${key}`);
    const dot = dotKeyOf(version.datacenter, version.partition, version.seq);
    if (write.dot === undefined) {
      const isAtHome = version.datacenter === datacenter;
      check(isAtHome, 6, () => `${describeVersion(version)} is applied in datacenter ${datacenter}, not yet at home`);
      this.firstApplied(write, dot, version);
    }
    const known = write.version as Version;
    check(write.dot === dot && compareVersions(known, version) === 0, 2, () => {
      return `one write took effect twice: ${describeVersion(known)} and ${describeVersion(version)}`;
    });
    return write;
  }

  private firstApplied(write: WorldWrite, dot: DotKey, version: Version): void {
    const other = this.byDot.get(dot);
    check(other === undefined, 2, () => `${describeDot(dot)} was given to ${write.value} and to ${other?.value}`);
    write.dot = dot;
    write.version = lean(version);
    write.dependencies = write.thread.dependencies(write.step);
    this.byDot.set(dot, write);
    const holes = this.holes.get(dotKeyOf(version.datacenter, version.partition, 0)) ?? [];
    for (const { from, to } of holes) {
      check(version.seq < from || version.seq > to, 2, () => `${describeDot(dot)} lies in the hole ${from}..${to}`);
    }
  }

  private checkDependencies(here: WorldDatacenter, write: WorldWrite, visible: number): void {
    for (const cause of write.dependencies) {
      const causeVisible = here.applied.get(cause);
      const story = (): Story => causalChain(this, write, cause);
      check(causeVisible !== undefined, 1, () => this.describeMissing(here, write, cause), story);
      check(causeVisible < visible, 3, () => this.describeTimes(here, write, visible, cause, causeVisible), story);
    }
  }

  private describeTimes(
    here: WorldDatacenter,
    write: WorldWrite,
    visible: number,
    cause: DotKey,
    causeVisible: number,
  ): string {
    const effect = `${write.value} (${describeDot(write.dot as DotKey)}) became visible at ${visible}`;
    const because = `its cause ${this.byDot.get(cause)?.value} (${describeDot(cause)}) at ${causeVisible}`;
    return `${effect} in datacenter ${here.index}, ${because}`;
  }

  private describeMissing(here: WorldDatacenter, write: WorldWrite, cause: DotKey): string {
    const causing = this.byDot.get(cause);
    const effect = `${write.value} of ${write.key} (${describeDot(write.dot as DotKey)}) by ${write.thread.name}`;
    const missing = `${causing?.value} of ${causing?.key} (${describeDot(cause)}) by ${causing?.thread.name}`;
    return `datacenter ${here.index} shows ${effect} without its cause ${missing}`;
  }

  /** What a conditional write was judged against is a cause too; known only once it is answered. */
  alsoDependsOn(write: WorldWrite, dot: DotKey): void {
    write.dependencies.push(dot);
    for (const here of this.datacenters) {
      const visible = here.applied.get(write.dot as DotKey);
      if (visible !== undefined) this.checkDependencies(here, write, visible);
    }
  }

  hole(datacenter: number, partition: number, from: number, to: number): void {
    const origin = dotKeyOf(datacenter, partition, 0);
    const holes = this.holes.get(origin);
    if (holes?.some((hole) => hole.from === from && hole.to === to) === true) return;
    for (const dot of this.byDot.keys()) {
      const isIn = dot >= origin + from && dot <= origin + to;
      check(!isIn, 2, () => `${describeDot(dot)} lies in the hole ${from}..${to}`);
    }
    if (holes === undefined) this.holes.set(origin, [{ from, to }]);
    else holes.push({ from, to });
  }

  /**
   * What a reader has seen that was told of nothing: the tombstone or expired value that was there, collected meanwhile. Where
   * it is a cause of what the reader does next, it must be applied wherever that shows.
   */
  collected(datacenter: number, key: string): DotKey | undefined {
    const version = this.datacenters[datacenter]?.current.get(key);
    if (version === undefined || !isPassing(version)) return undefined;
    return dotKeyOf(datacenterOf(version.dotOrigin), partitionOf(version.dotOrigin), version.dotSeq);
  }

  /** What a reader or writer is told of is applied in its datacenter, as it is told. */
  told(datacenter: number, key: string, version: Version): DotKey {
    const dot = dotKeyOf(version.datacenter, version.partition, version.seq);
    const visible = this.datacenters[datacenter]?.applied.get(dot);
    const what = (): string => `${describeVersion(version)} of ${key} in datacenter ${datacenter}`;
    check(visible !== undefined, 6, () => `told of, but not durable: ${what()}`);
    check(this.byDot.get(dot)?.key === key, 14, () => `told of under another key: ${what()}`);
    return dot;
  }
}

/** A version without what makes its value long: there are many of them. */
function lean(version: Version): Version {
  const { effect, value, time, datacenter, partition, seq, visible, index, expiry } = version;
  const tag = tagOf(value);
  if (tag === value) return version;
  return new Version(effect, tag, time, datacenter, partition, seq, visible, index, expiry);
}
