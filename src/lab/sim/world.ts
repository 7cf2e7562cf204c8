/*
 * What an all-knowing observer knows of the whole cluster: every write with its exact dependencies, and what is applied in
 * each datacenter. Checked at each step, so the first wrong step is the one that is reported:
 *
 *   1  what is applied in a datacenter has all its dependencies applied there, by exact dots; a transaction as a whole
 *   2  no dot is applied twice in a datacenter, no write gets two dots, no dot lies in a hole
 *   3  an effect becomes visible above its causes, in every datacenter; all parts of a transaction at one time
 *   5  a key's current version never goes back
 *   6  an acknowledged write is applied, and stays so; nothing is applied elsewhere that is not durable at home
 *   11 what is collected is applied everywhere, and nothing that it had beaten comes after it
 */
import { compareNames, compareVersions, effectExpire } from "../../protocol/version.ts";
import type { EffectKind, Version } from "../../protocol/version.ts";
import type { Thread } from "./thread.ts";
import {
  datacenterOfDotKey,
  describeDot,
  describeVersion,
  dotKeyOf,
  dotOf,
  lean,
  seqOfDotKey,
  tagOf,
  WorldPart,
  WorldWrite,
} from "./world-write.ts";
import type { DotKey } from "./world-write.ts";
import { causalChain } from "./causal-chain.ts";
import { KeyHistory } from "./key-history.ts";
import { check } from "./violation.ts";
import type { Story } from "./violation.ts";

interface Hole {
  readonly from: number;
  readonly to: number;
}

export class WorldDatacenter {
  readonly index: number;
  /** Visible time of each applied dot; of a transaction from the first part on. */
  readonly applied: Map<DotKey, number> = new Map();
  /** Parts that are not applied yet, of transactions of which some are. */
  readonly missing: Map<DotKey, Set<WorldPart>> = new Map();
  readonly current: Map<string, Version> = new Map();
  /** Transactions of which a part is committed here, and those that were aborted here, by name. */
  readonly decided: Set<string> = new Set();
  readonly aborted: Set<string> = new Set();
  /** The newest version of each key that ended and was collected here. */
  readonly collected: Map<string, Version> = new Map();
  private readonly histories: Map<string, KeyHistory> = new Map();

  constructor(index: number) {
    this.index = index;
  }

  history(key: string): KeyHistory {
    let history = this.histories.get(key);
    if (history === undefined) this.histories.set(key, (history = new KeyHistory()));
    return history;
  }

  /** Whether all of a write is applied here. */
  hasWhole(dot: DotKey): boolean {
    return this.applied.has(dot) && !this.missing.has(dot);
  }

  has(part: WorldPart): boolean {
    const { dot } = part.write;
    return dot !== undefined && this.applied.has(dot) && this.missing.get(dot)?.has(part) !== true;
  }

  apply(part: WorldPart, visible: number): void {
    const { write } = part;
    const dot = write.dot as DotKey;
    this.applied.set(dot, visible);
    if (!write.isTransaction) return;
    let missing = this.missing.get(dot);
    if (missing === undefined) this.missing.set(dot, (missing = new Set(write.parts)));
    missing.delete(part);
    if (missing.size === 0) this.missing.delete(dot);
  }
}

/** What a client means to write to one key. */
export interface MeantWrite {
  readonly key: string;
  readonly effect: EffectKind;
}

export class World {
  readonly datacenters: WorldDatacenter[];
  /** By value. */
  readonly parts: Map<string, WorldPart> = new Map();
  readonly byDot: Map<DotKey, WorldWrite> = new Map();
  /** Seqs of parts of transactions in the streams of their partitions. */
  private readonly partSeqs = new Map<DotKey, WorldPart>();
  /** Values of changes of an expiry, which are not in the version that they make, by dot and key. */
  private readonly unseenValues = new Map<string, string>();
  private readonly holes = new Map<number, Hole[]>();

  constructor(datacenters: number) {
    this.datacenters = Array.from({ length: datacenters }, (_, index) => new WorldDatacenter(index));
  }

  newWrite(meant: readonly MeantWrite[], thread: Thread): WorldWrite {
    const write = new WorldWrite(thread);
    for (const [index, { key, effect }] of meant.entries()) {
      const part = new WorldPart(write, index, `w${this.parts.size + 1}`, key, effect);
      this.parts.set(part.value, part);
      write.parts.push(part);
    }
    return write;
  }

  /** A version is applied in a datacenter: visible, or beaten by what is. */
  applied(datacenter: number, key: string, version: Version, isVisible: boolean): void {
    const here = this.datacenters[datacenter] as WorldDatacenter;
    const part = this.identify(datacenter, key, version);
    const { write } = part;
    const what = (): string => `${describeVersion(version)} of ${key} in datacenter ${datacenter}`;
    const story = (): Story => causalChain(this, write, undefined);
    check(!here.has(part), 2, () => `applied twice: ${what()}`, story);
    const { visible } = version;
    const others = here.applied.get(write.dot as DotKey) ?? visible;
    check(others === visible, 3, () => `visible at ${visible}, other parts at ${others}: ${what()}`, story);
    this.checkDependencies(here, write, visible);
    this.checkCollected(here, key, version, story);
    if (datacenterOfDotKey(write.dot as DotKey) === datacenter) {
      const { time } = version.touch ?? version;
      check(visible === time, 3, () => `visible at ${visible}, not at its time: ${what()}`);
    }
    here.apply(part, visible);
    const before = here.current.get(key);
    const wins = version.effect !== effectExpire && (before === undefined || compareVersions(version, before) > 0);
    const how = isVisible ? "replaced" : "lost to";
    check(wins === isVisible, 5, () => `${what()} ${how} ${describeVersion(before)}`, story);
    if (wins) here.current.set(key, lean(version));
    if (version.effect !== effectExpire) here.history(key).add(lean(version), story);
  }

  /** A tombstone or an expired value goes: nobody needs it any more. */
  collect(datacenter: number, key: string, version: Version): void {
    const here = this.datacenters[datacenter] as WorldDatacenter;
    const what = (): string => `${describeVersion(version)} of ${key} is collected in datacenter ${datacenter}`;
    const part = this.byDot.get(dotOf(version))?.part(key);
    for (const other of this.datacenters) {
      check(part !== undefined && other.has(part), 11, () => `${what()}, not applied yet in datacenter ${other.index}`);
    }
    check(version.deleted || version.expiry > 0, 11, () => `${what()}, and has no end`);
    const before = here.collected.get(key);
    if (before === undefined || compareVersions(version, before) > 0) here.collected.set(key, lean(version));
  }

  /** What a reader has seen that is told of nothing: what was there ended and was collected. */
  foundNothing(datacenter: number, key: string): Version | undefined {
    return this.datacenters[datacenter]?.collected.get(key);
  }

  /**
   * Nothing comes later that what was collected had beaten, nor anything that would have prolonged it. An effect on the expiry of
   * what it had beaten may come at any time, from who had not seen it: it is without effect where that is not there.
   */
  private checkCollected(here: WorldDatacenter, key: string, version: Version, story: () => Story): void {
    const collected = here.collected.get(key);
    if (collected === undefined) return;
    const order = compareNames(version, collected);
    const isIdle = version.effect === effectExpire && order < 0;
    check(
      order > 0 || isIdle,
      11,
      () => {
        const late = `${describeVersion(version)} of ${key} is applied in datacenter ${here.index}`;
        return `${late} after ${describeVersion(collected)} was collected there`;
      },
      story,
    );
  }

  /** An entry of a log changes an expiry: the version that it makes does not carry its value. */
  noteUnseenValue(dot: DotKey, key: string, value: string): void {
    this.unseenValues.set(`${dot} ${key}`, tagOf(value));
  }

  /** A part of a transaction has this seq in the stream of its own partition. */
  notePartSeq(dot: DotKey, value: string): void {
    const part = this.parts.get(tagOf(value));
    const other = this.partSeqs.get(dot);
    check(part !== undefined, 14, () => `nobody wrote ${tagOf(value)}`);
    check(other === undefined || other === part, 2, () => {
      return `${describeDot(dot)} was given to ${part.value} and to ${other?.value}`;
    });
    if (other === part) return;
    this.partSeqs.set(dot, part);
    this.checkHoles(dot);
  }

  /** A dot counts as applied in a datacenter: all of its write is, or it is that of a part, or will never be used. */
  checkCounted(datacenter: number, dot: DotKey): void {
    const here = this.datacenters[datacenter] as WorldDatacenter;
    const part = this.partSeqs.get(dot);
    if (part !== undefined) {
      check(
        here.has(part),
        1,
        () => `the seq of ${part.value} counts as applied in datacenter ${datacenter}, and it is not`,
      );
      return;
    }
    if (this.isInHole(dot)) return;
    const write = this.byDot.get(dot);
    const what = (): string => `${describeDot(dot)} (${write?.values}) counts as applied in datacenter ${datacenter}`;
    check(here.hasWhole(dot), 1, () => `${what()}, and not all of it is`);
  }

  private identify(datacenter: number, key: string, version: Version): WorldPart {
    const dot = dotOf(version);
    const value = version.touch === undefined ? tagOf(version.value) : this.unseenValues.get(`${dot} ${key}`);
    const part = value === undefined ? undefined : this.parts.get(value);
    check(part !== undefined && part.key === key, 14, () => `nobody wrote ${describeVersion(version)} to ${key}`);
    const { write } = part;
    if (write.dot === undefined) {
      const isAtHome = datacenterOfDotKey(dot) === datacenter;
      check(isAtHome, 6, () => `${describeVersion(version)} is applied in datacenter ${datacenter}, not yet at home`);
      this.firstApplied(write, dot, version);
    }
    part.version ??= lean(version);
    const known = part.version;
    check(write.dot === dot && compareVersions(known, version) === 0, 2, () => {
      return `one write took effect twice: ${describeVersion(known)} and ${describeVersion(version)}`;
    });
    if (version.effect !== effectExpire && version.touch !== undefined) this.dependsOnTouched(write, version);
    return part;
  }

  /** Whoever changes an expiry depends on the value that has it. */
  private dependsOnTouched(write: WorldWrite, { datacenter, partition, seq }: Version): void {
    const dot = dotKeyOf(datacenter, partition, seq);
    if (!write.dependencies.includes(dot)) write.dependencies.push(dot);
  }

  private firstApplied(write: WorldWrite, dot: DotKey, version: Version): void {
    const other = this.byDot.get(dot);
    check(other === undefined, 2, () => `${describeDot(dot)} was given to ${write.values} and to ${other?.values}`);
    write.dot = dot;
    const { time, datacenter, partition } = version.touch ?? version;
    write.name = { time, datacenter, partition, seq: version.dotSeq };
    write.dependencies = write.thread.dependencies(write.step);
    this.byDot.set(dot, write);
    this.checkHoles(dot);
  }

  private checkDependencies(here: WorldDatacenter, write: WorldWrite, visible: number): void {
    for (const cause of write.dependencies) {
      const causeVisible = here.applied.get(cause);
      const story = (): Story => causalChain(this, write, cause);
      check(causeVisible !== undefined, 1, () => this.describeMissing(here, write, cause), story);
      check(causeVisible < visible, 3, () => this.describeTimes(here, write, visible, cause, causeVisible), story);
      // Where it was written, one part of what it depends on was seen: the others are decided, and whoever sees this asks.
      if (datacenterOfDotKey(write.dot as DotKey) === here.index || this.isSeenThere(here, write, cause)) continue;
      check(here.hasWhole(cause), 1, () => `${this.describeMissing(here, write, cause)}, as a whole`, story);
    }
  }

  /** Whether a dependency is nearer through another one, which was written in that datacenter by who had seen it there. */
  private isSeenThere(here: WorldDatacenter, { dependencies }: WorldWrite, cause: DotKey): boolean {
    return dependencies.some((dot) => {
      const nearer = datacenterOfDotKey(dot) === here.index ? this.byDot.get(dot) : undefined;
      return nearer !== undefined && (nearer.dependencies.includes(cause) || nearer.judged.includes(cause));
    });
  }

  private describeTimes(
    here: WorldDatacenter,
    write: WorldWrite,
    visible: number,
    cause: DotKey,
    causeVisible: number,
  ): string {
    const effect = `${write.values} (${describeDot(write.dot as DotKey)}) became visible at ${visible}`;
    const because = `its cause ${this.byDot.get(cause)?.values} (${describeDot(cause)}) at ${causeVisible}`;
    return `${effect} in datacenter ${here.index}, ${because}`;
  }

  private describeMissing(here: WorldDatacenter, write: WorldWrite, cause: DotKey): string {
    const causing = this.byDot.get(cause);
    const effect = `${write.values} of ${write.first.key} (${describeDot(write.dot as DotKey)}) by ${write.thread.name}`;
    const because = `${causing?.values} of ${causing?.first.key}`;
    const missing = `${because} (${describeDot(cause)}) by ${causing?.thread.name}`;
    return `datacenter ${here.index} shows ${effect} without its cause ${missing}`;
  }

  /** What a conditional write was judged against is a cause too; known only once it is answered. */
  alsoDependsOn(write: WorldWrite, dot: DotKey): void {
    if (write.dependencies.includes(dot)) return;
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
    for (const dots of [this.byDot, this.partSeqs]) {
      for (const dot of dots.keys()) {
        const isIn = dot >= origin + from && dot <= origin + to;
        check(!isIn, 2, () => `${describeDot(dot)} lies in the hole ${from}..${to}`);
      }
    }
    if (holes === undefined) this.holes.set(origin, [{ from, to }]);
    else holes.push({ from, to });
  }

  private isInHole(dot: DotKey): boolean {
    const seq = seqOfDotKey(dot);
    return this.holes.get(dot - seq)?.some(({ from, to }) => seq >= from && seq <= to) === true;
  }

  private checkHoles(dot: DotKey): void {
    check(!this.isInHole(dot), 2, () => `${describeDot(dot)} lies in a hole`);
  }

  /** A reader who is told that a key has a value is told the one that was written. */
  toldValue(key: string, version: Version): void {
    if (version.deleted) return;
    const { datacenter, partition, seq, value } = version;
    const written = this.byDot.get(dotKeyOf(datacenter, partition, seq))?.part(key)?.value;
    check(
      tagOf(value) === written,
      14,
      () => `told ${tagOf(value)} of ${key}, not ${written}: ${describeVersion(version)}`,
    );
  }

  /** What a reader or writer is told of is applied in its datacenter, as it is told. */
  told(datacenter: number, key: string, version: Version): DotKey {
    const dot = dotOf(version);
    const here = this.datacenters[datacenter] as WorldDatacenter;
    const what = (): string => `${describeVersion(version)} of ${key} in datacenter ${datacenter}`;
    const part = this.byDot.get(dot)?.part(key);
    check(here.applied.has(dot), 6, () => `told of, but not durable: ${what()}`);
    check(part !== undefined, 14, () => `told of under another key: ${what()}`);
    check(here.has(part), 6, () => `told of, but not durable: ${what()}`);
    return dot;
  }
}
