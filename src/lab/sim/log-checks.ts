/*
 * Checks of what is in one node's log, entry by entry, once each is durable:
 *
 *   3  visible times strictly increase along a partition's log, across restarts; but a part of a transaction that was prepared
 *      lies above its prepare only, and the parts of one transaction lie at one time
 *   7  a partition's log is numbered without gap or repetition
 *   9  what is committed was prepared, but at the coordinator; what is aborted in a datacenter is committed nowhere there, and
 *      nothing is aborted elsewhere than at home
 */
import type { NodeCore } from "../../core/node-core.ts";
import { versionOf } from "../../core/head.ts";
import type { PreparedWrite } from "../../core/prepared-write.ts";
import {
  decodeHole,
  decodePrepared,
  EntryCursor,
  entryAbort,
  entryApply,
  entryApplyPart,
  entryHole,
  entryPart,
  entryPrepare,
  entryPut,
  isNodeEntry,
} from "../../protocol/log-entry.ts";
import { decodeTransactionId, transactionName } from "../../protocol/messages/transaction.ts";
import { compareVersions, effectExpire } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import { decodeWrite } from "../../protocol/write.ts";
import type { Write } from "../../protocol/write.ts";
import type { Bytes } from "../../shared/bytes.ts";
import type { SimNode } from "./sim-node.ts";
import { check } from "./violation.ts";
import { dotKeyOf, dotOf } from "./world-write.ts";
import type { DotKey } from "./world-write.ts";
import type { World, WorldDatacenter } from "./world.ts";

interface PartitionLog {
  /** Of the newest durable entry. */
  index: number;
  /** The greatest of any. */
  visible: number;
  /** The transaction that the newest entry is a part of. */
  transaction: string;
}

export class LogChecks {
  private readonly node: SimNode;
  private readonly world: World;
  /** A replayed entry that nobody had heard of made a dot count as applied. */
  private readonly counted: (dot: DotKey) => void;
  private readonly logs = new Map<number, PartitionLog>();
  private readonly cursor = new EntryCursor();
  /** The time of each prepare that is neither committed nor aborted, by transaction and key. */
  private readonly prepared = new Map<string, Map<string, number>>();
  /** Transactions that were dropped, in memory. */
  private readonly abandoned = new Set<string>();
  /** Parts whose prepares were in the log, by dot and key. */
  private readonly committed = new Set<string>();

  constructor(node: SimNode, world: World, counted: (dot: DotKey) => void) {
    this.node = node;
    this.world = world;
    this.counted = counted;
  }

  durableIndex(partition: number): number {
    return this.logs.get(partition)?.index ?? 0;
  }

  wasPrepared(key: string, version: Version): boolean {
    return this.committed.has(`${dotOf(version)} ${key}`);
  }

  get preparedCount(): number {
    return this.prepared.size;
  }

  frameDurable(frame: Bytes): void {
    const cursor = this.cursor.over(frame, 0, frame.length);
    while (cursor.next()) this.entryDurable(cursor);
  }

  /** Entries that were durable, but of which the core had not heard when it crashed, are applied now. */
  replayed(core: NodeCore, frame: Bytes): void {
    const cursor = this.cursor.over(frame, 0, frame.length);
    while (cursor.next()) {
      const isNew = isNodeEntry(cursor.kind) || cursor.index > this.durableIndex(cursor.partition);
      if (isNew) this.entryDurable(cursor, core);
    }
  }

  /** The coordinator said so. That this is in the log a crash may take back, and a checkpoint may leave the prepare out. */
  dropped(name: string): void {
    this.abandoned.add(name);
  }

  /** What was prepared is there after a restart, as it was. */
  checkPrepared(core: NodeCore): void {
    for (const [name, keys] of this.prepared) {
      const transaction = core.cohort.table.get(name);
      if (transaction === undefined && this.abandoned.has(name)) this.prepared.delete(name);
      else this.checkParts(name, keys, transaction?.parts ?? []);
    }
  }

  private checkParts(name: string, keys: ReadonlyMap<string, number>, parts: readonly PreparedWrite[]): void {
    for (const [key, time] of keys) {
      const part = parts.find(({ record }) => record.key === key);
      const what = (): string => `that ${name} is prepared on ${key}, at ${time}`;
      check(part?.time === time, 9, () => `node ${this.node.id} forgot at a restart ${what()}`);
    }
  }

  private entryDurable(cursor: EntryCursor, replaying?: NodeCore): void {
    const { kind, partition, index, visible, body } = cursor;
    if (kind === entryAbort) this.aborted(transactionName(decodeTransactionId(body)));
    if (isNodeEntry(kind)) return;
    const log = this.logs.get(partition) ?? { index: 0, visible: 0, transaction: "" };
    this.logs.set(partition, log);
    const what = (): string => `entry ${index} of partition ${partition} at node ${this.node.id}`;
    check(index === log.index + 1, 7, () => `${what()} follows entry ${log.index}`);
    const transaction = this.take(cursor, log, replaying);
    if (transaction === undefined) {
      check(visible > log.visible, 3, () => `${what()} is visible at ${visible}, one before at ${log.visible}`);
    }
    log.index = index;
    log.visible = Math.max(log.visible, visible);
    log.transaction = transaction ?? "";
  }

  /** Answers the transaction that it is a part of. */
  private take(cursor: EntryCursor, log: PartitionLog, replaying: NodeCore | undefined): string | undefined {
    const { kind, partition, index, visible, body } = cursor;
    if (kind === entryHole) {
      const { datacenter, from, to } = decodeHole(body);
      this.world.hole(datacenter, partition, from, to);
    } else if (kind === entryPrepare) this.prepareDurable(cursor);
    const isPart = kind === entryPart || kind === entryApplyPart;
    if (!isPart && kind !== entryPut && kind !== entryApply) return undefined;
    // Only what is looked at is decoded: puts are most of a log.
    const isLookedAt = isPart || replaying !== undefined || body.bytes[body.offset] === effectExpire;
    if (!isLookedAt) return undefined;
    const write = decodeWrite(body);
    const dot = dotKeyOf(write.datacenter, write.part?.coordinator ?? partition, write.part?.seq ?? write.seq);
    if (write.effect === effectExpire) this.world.noteUnseenValue(dot, write.key, write.value);
    const transaction = isPart ? this.partDurable(write, dot, visible, log) : undefined;
    if (replaying !== undefined) this.replayedWrite(write, dot, visible, index);
    return transaction;
  }

  private prepareDurable({ body, visible }: EntryCursor): void {
    const name = transactionName(decodePrepared(body).id);
    const { key } = decodeWrite(body);
    const keys = this.prepared.get(name) ?? new Map<string, number>();
    this.prepared.set(name, keys);
    check(!keys.has(key), 9, () => `${name} is prepared twice on ${key} at node ${this.node.id}`);
    keys.set(key, visible);
  }

  private partDurable(write: Write, dot: DotKey, visible: number, log: PartitionLog): string {
    const { datacenter, partition, key, value, part, seq } = write;
    const { coordinator = 0, number = 0, index = 0, seq: dotSeq = 0 } = part ?? {};
    const isHome = datacenter === this.node.datacenter;
    const name = transactionName({ datacenter, partition: coordinator, number: isHome ? number : dotSeq });
    const what = (): string => `${name} on ${key} at node ${this.node.id}`;
    if (index !== 0) this.world.notePartSeq(dotKeyOf(datacenter, partition, seq), value);
    this.here.decided.add(name);
    check(!this.here.aborted.has(name), 9, () => `committed and aborted: ${what()}`);
    const keys = this.prepared.get(name);
    const preparedAt = keys?.get(key);
    if (preparedAt !== undefined) {
      check(visible > preparedAt, 3, () => `visible at ${visible}, prepared at ${preparedAt}: ${what()}`);
      keys?.delete(key);
      if (keys?.size === 0) this.prepared.delete(name);
      this.committed.add(`${dot} ${key}`);
      return name;
    }
    check(this.node.owns(coordinator), 9, () => `committed and never prepared: ${what()}`);
    const isAbove = visible > log.visible || (log.transaction === name && visible === log.visible);
    check(isAbove, 3, () => `visible at ${visible}, an entry before at ${log.visible}: ${what()}`);
    return name;
  }

  private aborted(name: string): void {
    const what = (): string => `${name} at node ${this.node.id}`;
    check(!this.here.decided.has(name), 9, () => `aborted and committed: ${what()}`);
    check(name.startsWith(`${this.node.datacenter}/`), 9, () => `aborted elsewhere than at home: ${what()}`);
    this.here.aborted.add(name);
    this.prepared.delete(name);
  }

  private replayedWrite(write: Write, dot: DotKey, visible: number, index: number): void {
    const { here } = this;
    const { key, datacenter, partition, seq, part } = write;
    const before = here.current.get(key);
    const version = versionOf(write, before, visible, index);
    const wins = version.effect !== effectExpire && (before === undefined || compareVersions(version, before) > 0);
    this.world.applied(this.node.datacenter, key, version, wins);
    if (part === undefined) this.counted(dot);
    else if (part.index !== 0) this.counted(dotKeyOf(datacenter, partition, seq));
  }

  private get here(): WorldDatacenter {
    return this.world.datacenters[this.node.datacenter] as WorldDatacenter;
  }
}
