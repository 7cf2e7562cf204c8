/*
 * Checks at one node, at each step of its log, through hooks on the tail, the clock and the owner of snapshots (what its log
 * says is checked in log-checks.ts):
 *
 *   1  a dot counts as applied once its write is, a transaction's once every part is
 *   4  nothing becomes visible, after a restart, at or below a time that was told before it; nothing on a key at or below a
 *      time that was promised for it
 *   6  nothing is applied before it is durable, and nothing applied is forgotten by a restart
 *   9  what a key shows at a time is what was visible there then
 *   12 what is bounded keeps its bound, after each turn
 */
import type { NodeCore } from "../../core/node-core.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import { compareVersions, datacenterOf, partitionOf } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import type { SnapshotAnswer } from "../../protocol/messages/snapshot.ts";
import type { Bytes } from "../../shared/bytes.ts";
import {
  forwardedRequestsMax,
  inFlightBytesMax,
  loadingKeysMax,
  recentFramesBytesMax,
  shipMessageBytes,
  shipWindowBytes,
  waitingBytesMax,
  waitingWritesMax,
} from "../../shared/limits.ts";
import { LogChecks } from "./log-checks.ts";
import { isNothing } from "./snapshot-checks.ts";
import type { SimNode } from "./sim-node.ts";
import { check } from "./violation.ts";
import { describeDot, describeVersion, dotKeyOf, originOfDotKey, seqOfDotKey } from "./world-write.ts";
import type { DotKey } from "./world-write.ts";
import type { World, WorldDatacenter } from "./world.ts";

/** What a restart may forget is at the end: of a run of hours only that much of it is looked at. */
const dotsLookedAtMax = 50_000;
/** The room at the gate for writes that wait for their record alone (core/dependency-gate.ts). */
const overflow = 2;
/** More than any write of the workload. */
const oneMoreBytes = shipMessageBytes;
/** A frame of the log holds what was proposed while the one before was synced. */
const frameBytesMax = inFlightBytesMax + oneMoreBytes;

export class NodeChecks {
  private readonly node: SimNode;
  private readonly world: World;
  private readonly log: LogChecks;
  /** What counts as applied at this node, in order. */
  private readonly dots: DotKey[] = [];
  /** The greatest time that was told in this incarnation, and in those before. */
  private toldNow = 0;
  private toldBefore = 0;

  constructor(node: SimNode, world: World) {
    this.node = node;
    this.world = world;
    this.log = new LogChecks(node, world, (dot) => void this.dots.push(dot));
  }

  hook(core: NodeCore): void {
    const { clock } = core.state;
    const told = clock.told.bind(clock);
    clock.told = () => {
      const time = told();
      if (time > this.toldNow) this.toldNow = time;
      return time;
    };
    const { tail, snapshots, collector, cohort } = core;
    const applyVersion = tail.applyVersion.bind(tail);
    tail.applyVersion = (record, version, isNewest) => {
      const isVisible = applyVersion(record, version, isNewest);
      this.applied(core, record, version, isVisible);
      return isVisible;
    };
    const seqsApplied = tail.seqsApplied.bind(tail);
    tail.seqsApplied = (partition, datacenter, from, to, index) => {
      for (const seq of new Set([from, to])) this.counted(dotKeyOf(datacenter, partition.id, seq));
      seqsApplied(partition, datacenter, from, to, index);
    };
    const collect = collector["collect"].bind(collector);
    collector["collect"] = (record, version) => {
      this.world.collect(this.node.datacenter, record.key, version);
      collect(record, version);
    };
    const drop = cohort["drop"].bind(cohort);
    cohort["drop"] = (transaction) => {
      this.log.dropped(transaction.name);
      drop(transaction);
    };
    const read = snapshots.read.bind(snapshots);
    snapshots.read = (keys, floor, time, done) => {
      read(keys, floor, time, (answers, failure) => {
        for (const [i, answer] of answers.entries()) this.promised(keys[i] as string, answer, time);
        done(answers, failure);
      });
    };
  }

  private counted(dot: DotKey): void {
    this.world.checkCounted(this.node.datacenter, dot);
    this.dots.push(dot);
  }

  private applied(core: NodeCore, record: KeyRecord, version: Version, isVisible: boolean): void {
    const partition = core.placement.partitionOfHash(record.hash);
    const what = (): string => `${describeVersion(version)} of ${record.key} at node ${this.node.id}`;
    check(version.index <= this.log.durableIndex(partition), 6, () => `applied before it is durable: ${what()}`);
    // What was prepared before may commit below: log-checks.ts and key-history.ts say how far.
    if (!this.log.wasPrepared(record.key, version)) {
      check(
        version.visible > this.toldBefore,
        4,
        () => `visible at or below ${this.toldBefore}, told before: ${what()}`,
      );
    }
    this.world.applied(this.node.datacenter, record.key, version, isVisible);
  }

  /** What a key shows now or at a time, and that nothing more becomes visible there before `validThrough`. */
  private promised(key: string, { version, validThrough }: SnapshotAnswer, time: number): void {
    const history = this.here.history(key);
    const through = time > 0 ? time : validThrough;
    const what = (): string => `node ${this.node.id} showed ${describeVersion(version)} of ${key} for ${through}`;
    check(time === 0 || validThrough === time, 9, () => `valid through ${validThrough}, ${what()}`);
    history.promiseThrough(through, `at or below ${through}, up to where ${what()}`);
    if (version !== undefined && version.visible > through) return;
    const then = history.at(through);
    const isSame =
      version === undefined
        ? isNothing(this.here, key, then)
        : then !== undefined && compareVersions(version, then) === 0;
    check(isSame, 9, () => `${what()}, and not ${describeVersion(then)}`);
  }

  frameDurable(frame: Bytes): void {
    this.log.frameDurable(frame);
  }

  /** Entries that were durable, but of which the core had not heard when it crashed, are applied now. */
  replayed(core: NodeCore, frame: Bytes): void {
    this.log.replayed(core, frame);
  }

  recovered(core: NodeCore): void {
    for (const dot of this.dots.slice(-dotsLookedAtMax)) {
      const origin = originOfDotKey(dot);
      const partition = core.state.local(partitionOf(origin));
      if (partition === undefined) continue;
      const isKnown = partition.appliedOf(datacenterOf(origin)).has(seqOfDotKey(dot));
      check(isKnown, 6, () => `node ${this.node.id} forgot at a restart that it applied ${describeDot(dot)}`);
    }
    this.log.checkPrepared(core);
    this.checkRecords(core);
  }

  /** The current version of every key is what the world says that it is. */
  checkRecords(core: NodeCore): void {
    const { placement, state } = core;
    for (const [key, version] of this.here.current) {
      const partition = state.local(placement.partitionOfHash(placement.hash(key)));
      if (partition === undefined) continue;
      const record = partition.records.get(key);
      const stored = record?.loaded === true ? undefined : this.node.stored(core, key);
      const found = [record?.current, stored]
        .filter((held) => held !== undefined)
        .toSorted(compareVersions)
        .at(-1);
      if (found === undefined && isNothing(this.here, key, version)) continue;
      const isSame = found !== undefined && compareVersions(found, version) === 0 && found.expiry === version.expiry;
      check(isSame, 6, () => {
        return `node ${this.node.id} holds ${describeVersion(found)} of ${key}, not ${describeVersion(version)}`;
      });
    }
  }

  /** After each turn. A size in bytes is told to be full, so one thing more may lie beyond it. */
  checkBounds(core: NodeCore): void {
    const { gate, state, recent } = core;
    const isWithin = (size: number, max: number, what: string): void =>
      check(size <= max, 12, () => `${size} ${what}, at most ${max}`);
    isWithin(gate.waitingCount, waitingWritesMax * overflow, "writes wait");
    isWithin(gate.waitingBytes, waitingBytesMax * overflow + oneMoreBytes, "bytes wait");
    isWithin(core.forwarding.count, forwardedRequestsMax, "forwarded requests");
    isWithin(state.proposals.inFlightBytes, inFlightBytesMax + oneMoreBytes, "bytes proposed");
    isWithin(state.loadingCount, loadingKeysMax, "records being loaded");
    // The newest stays, whatever its size.
    isWithin(recent.bytes, Math.max(recentFramesBytesMax, frameBytesMax), "bytes of recent frames");
    for (const { inFlightBytes } of core.shippers.values()) {
      // A frame is sent whole once there is room for any of it.
      isWithin(inFlightBytes, shipWindowBytes + frameBytesMax, "bytes shipped and not acknowledged");
    }
  }

  crashed(): void {
    this.toldBefore = Math.max(this.toldBefore, this.toldNow);
  }

  /** Transactions that this node's log has prepared, and neither committed nor dropped. */
  get prepared(): number {
    return this.log.preparedCount;
  }

  private get here(): WorldDatacenter {
    return this.world.datacenters[this.node.datacenter] as WorldDatacenter;
  }
}
