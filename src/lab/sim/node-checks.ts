/*
 * Checks at one node, at each step of its log, through hooks on the tail and the clock:
 *
 *   3  visible times strictly increase along a partition's log, across restarts
 *   4  nothing becomes visible, after a restart, at or below a time that was told before it
 *   6  nothing is applied before it is durable, and nothing applied is forgotten by a restart
 *   7  a partition's log is numbered without gap or repetition
 *   12 what is bounded keeps its bound, after each turn
 */
import { isPassing } from "../../core/collector.ts";
import type { NodeCore } from "../../core/node-core.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import { EntryCursor, decodeHole, entryApply, entryHole, entryPut, entryReserve } from "../../protocol/log-entry.ts";
import { compareVersions, datacenterOf, partitionOf, Version } from "../../protocol/version.ts";
import { decodeWrite } from "../../protocol/write.ts";
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

interface PartitionLog {
  /** Of the newest durable entry. */
  index: number;
  visible: number;
}

export class NodeChecks {
  private readonly node: SimNode;
  private readonly world: World;
  /** What is applied at this node, in order. */
  private readonly dots: DotKey[] = [];
  private readonly logs = new Map<number, PartitionLog>();
  private readonly cursor = new EntryCursor();
  /** The greatest time that was told in this incarnation, and in those before. */
  private toldNow = 0;
  private toldBefore = 0;

  constructor(node: SimNode, world: World) {
    this.node = node;
    this.world = world;
  }

  hook(core: NodeCore): void {
    const { clock } = core.state;
    const told = clock.told.bind(clock);
    clock.told = () => {
      const time = told();
      if (time > this.toldNow) this.toldNow = time;
      return time;
    };
    const { tail } = core;
    const applyVersion = tail.applyVersion.bind(tail);
    tail.applyVersion = (record, version) => {
      const isVisible = applyVersion(record, version);
      this.applied(record, version, isVisible);
      return isVisible;
    };
  }

  private applied(record: KeyRecord, version: Version, isVisible: boolean): void {
    const partition = version.partition;
    const durable = this.logs.get(partition)?.index ?? 0;
    const what = (): string => `${describeVersion(version)} of ${record.key} at node ${this.node.id}`;
    check(version.index <= durable, 6, () => `applied before it is durable: ${what()}`);
    check(version.visible > this.toldBefore, 4, () => `visible at or below ${this.toldBefore}, told before: ${what()}`);
    this.world.applied(this.node.datacenter, record.key, version, isVisible);
    this.dots.push(dotKeyOf(version.datacenter, partition, version.seq));
  }

  frameDurable(frame: Bytes): void {
    const cursor = this.cursor.over(frame, 0, frame.length);
    while (cursor.next()) {
      if (cursor.kind === entryReserve) continue;
      this.entryDurable(cursor, true);
      if (cursor.kind === entryHole) this.hole(cursor);
    }
  }

  /** Entries that were durable, but of which the core had not heard when it crashed, are applied now. */
  replayed(frame: Bytes): void {
    const cursor = this.cursor.over(frame, 0, frame.length);
    while (cursor.next()) {
      if (cursor.kind === entryReserve) continue;
      this.entryDurable(cursor, false);
      if (cursor.kind === entryHole) this.hole(cursor);
      else this.replayedWrite(cursor);
    }
  }

  private entryDurable(cursor: EntryCursor, isNew: boolean): void {
    const { partition, index, visible } = cursor;
    const log = this.logs.get(partition) ?? { index: 0, visible: 0 };
    this.logs.set(partition, log);
    const what = (): string => `entry ${index} of partition ${partition} at node ${this.node.id}`;
    if (!isNew && index <= log.index) return;
    check(index === log.index + 1, 7, () => `${what()} follows entry ${log.index}`);
    check(visible > log.visible, 3, () => `${what()} is visible at ${visible}, the one before at ${log.visible}`);
    log.index = index;
    log.visible = visible;
  }

  private hole(cursor: EntryCursor): void {
    const { datacenter, from, to } = decodeHole(cursor.body);
    this.world.hole(datacenter, cursor.partition, from, to);
  }

  private replayedWrite(cursor: EntryCursor): void {
    check(cursor.kind === entryPut || cursor.kind === entryApply, 14, () => `an entry of kind ${cursor.kind}`);
    const { index, visible } = cursor;
    const { effect, value, time, datacenter, partition, seq, expiry, key } = decodeWrite(cursor.body);
    const here = this.here;
    const dot = dotKeyOf(datacenter, partition, seq);
    if (here.applied.has(dot)) return;
    this.dots.push(dot);
    const version = new Version(effect, value, time, datacenter, partition, seq, visible, index, expiry);
    const before = here.current.get(key);
    const wins = before === undefined || compareVersions(version, before) > 0;
    this.world.applied(this.node.datacenter, key, version, wins);
  }

  recovered(core: NodeCore): void {
    for (const dot of this.dots.slice(-dotsLookedAtMax)) {
      const origin = originOfDotKey(dot);
      const partition = core.state.local(partitionOf(origin));
      if (partition === undefined) continue;
      const isKnown = partition.appliedOf(datacenterOf(origin)).has(seqOfDotKey(dot));
      check(isKnown, 6, () => `node ${this.node.id} forgot at a restart that it applied ${describeDot(dot)}`);
    }
    this.checkRecords(core);
  }

  /** The current version of every key is what the world says that it is. */
  checkRecords(core: NodeCore): void {
    for (const [key, version] of this.here.current) {
      const partition = core.state.local(version.partition);
      if (partition === undefined) continue;
      const record = partition.records.get(key);
      const stored = record?.loaded === true ? undefined : this.node.stored(core, key);
      const found = [record?.current, stored]
        .filter((held) => held !== undefined)
        .toSorted(compareVersions)
        .at(-1);
      if (found === undefined && isPassing(version)) continue;
      const isSame = found !== undefined && compareVersions(found, version) === 0 && found.value === version.value;
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

  private get here(): WorldDatacenter {
    return this.world.datacenters[this.node.datacenter] as WorldDatacenter;
  }
}
