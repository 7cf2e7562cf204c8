/*
 * Everything that a node keeps for later, and what holds it back (invariant 12): for metrics, `cops status --kept`, the
 * simulator and tests. A plain value, read off the parts of the core when somebody asks.
 *
 * The time of asking grows with what is under way, not with what is kept: of what can be many, a sample is looked at, oldest
 * first as far as that is known (kept-tally.ts).
 */
import { Tally } from "./kept-tally.ts";
import type { Holder, Kept } from "./kept-tally.ts";
import type { WaitingWrite } from "./dependency-gate.ts";
import type { KeyRecord } from "./key-record.ts";
import type { NodeCore } from "./node-core.ts";
import { isHeld } from "./prepared-write.ts";
import type { Coordinated, Order } from "./transactions/coordinated.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import { datacenterOf, originOf } from "../protocol/version.ts";

/** What an answer to a numbered request costs beside its key and value. An estimate, in bytes. */
const requestOverheadBytes = 200;

export function keptBy(core: NodeCore): Kept[] {
  return [
    supersededVersions(core),
    pinnedSnapshots(core),
    passingValues(core),
    collectedValues(core),
    writesForShipping(core),
    waitingWrites(core),
    arrivedParts(core),
    coordinatedTransactions(core),
    preparedTransactions(core),
    delayedTransactions(core),
    decisionsAwaited(core),
    ...numberedRequests(core),
    changedRecords(core),
    recordsInMemory(core),
  ];
}

function supersededVersions({ state }: NodeCore): Kept {
  const { count, bytes, oldest } = state.older;
  const oldestMs = oldest === undefined ? 0 : msSince(state.clock.told(), oldest);
  return { what: "superseded versions", count, bytes, oldestMs, heldBy: held(count, "transTime") };
}

function pinnedSnapshots({ state }: NodeCore): Kept {
  const { pinCount: count, pinnedBytes: bytes, oldestPinMs } = state.older;
  const oldestMs = state.timerMs - (oldestPinMs ?? state.timerMs);
  return { what: "pinned snapshots", count, bytes, oldestMs, heldBy: held(count, "scan") };
}

/** Tombstones, expired values, and values that will expire. */
function passingValues(core: NodeCore): Kept {
  const { state, collector } = core;
  const told = state.clock.told();
  const tally = new Tally();
  for (const record of collector.all()) {
    if (tally.isEnough) break;
    const visible = record.current?.visible ?? told;
    const why = collector.heldBy(record);
    if (why === "stability") tally.add(record.bytes, -msSince(told, visible), why, notStable(core, record));
    else if (why === "closed time") {
      tally.add(record.bytes, -msSince(told, visible), why, datacenter(collector.openDatacenter(record)));
    } else tally.add(record.bytes, -msSince(told, visible), why ?? "visit");
  }
  return tally.kept("tombstones and expiring values", collector.count, 0);
}

/**
 * Which datacenter has not applied all that a candidate stands for. Its origin knows from acknowledgements; the others know
 * that the origin has not told them.
 */
function notStable({ state, shippers }: NodeCore, record: KeyRecord): Holder {
  const origin = record.current?.datacenter;
  if (origin !== state.datacenter) return datacenter(origin);
  const { id, seq } = state.partitionOf(record);
  let behind: Holder = {};
  let least = seq;
  for (const shipper of shippers.values()) {
    const acked = shipper.ackedOf(id);
    if (acked === undefined || acked >= least) continue;
    least = acked;
    behind = { datacenter: shipper.datacenter };
  }
  return behind;
}

function collectedValues({ state }: NodeCore): Kept {
  const tally = new Tally();
  for (const record of state.collected) {
    if (tally.isEnough) break;
    tally.add(record.bytes, state.collectedSinceMs, "checkpoint");
  }
  return tally.kept("collected values", state.collected.size, state.timerMs);
}

function writesForShipping({ state, shippers, lag, logEnd }: NodeCore): Kept {
  let count = 0;
  let bytes = 0;
  let oldestMs = 0;
  const heldBy = [];
  for (const [node, shipper] of shippers) {
    let missing = 0;
    for (const { id, seq } of state.partitions.values()) {
      const applied = shipper.appliedOf(id);
      if (applied !== undefined) missing += Math.max(0, seq - applied.watermark);
    }
    const behind = lag.behind(state.nowMs, logEnd, (id) => shipper.appliedOf(id));
    count = Math.max(count, missing);
    bytes = Math.max(bytes, behind.bytes);
    oldestMs = Math.max(oldestMs, Math.round(behind.lagMs));
    if (missing === 0) continue;
    const why = state.linksUp.has(node) ? (shipper.isOpen ? "acknowledgement" : "stream") : "link";
    heldBy.push({ why, datacenter: shipper.datacenter, node, count: missing });
  }
  return { what: "writes for shipping", count, bytes, oldestMs, heldBy };
}

function waitingWrites(core: NodeCore): Kept {
  const { gate, state } = core;
  const tally = new Tally();
  for (const waiter of gate.all()) {
    if (tally.isEnough) break;
    const [why, holder] = holdOf(core, waiter);
    tally.add(waiter.bytes, waiter.since, why, holder);
  }
  const { heldBy } = tally.kept("", gate.waitingCount, 0);
  const oldestMs = Math.max(0, Math.round(state.nowMs - (gate.oldestSince() ?? state.nowMs)));
  return { what: "waiting writes", count: gate.waitingCount, bytes: gate.waitingBytes, oldestMs, heldBy };
}

function holdOf(core: NodeCore, { write, record }: WaitingWrite): readonly [why: string, holder: Holder] {
  const { gate, state } = core;
  if (gate.isAheadOfClock(write)) return ["clock", { datacenter: write.datacenter }];
  const origin =
    firstMissing(core, write.dependencies.dots, false) ?? firstMissing(core, write.dependencies.prefixes, true);
  if (origin !== undefined) return ["dependency", { datacenter: datacenterOf(origin) }];
  if (state.writesRefused !== undefined) return ["writes refused", {}];
  if (write.part !== undefined) return ["parts", {}];
  if (!record.loaded && record.latest === undefined) return ["store", {}];
  return [isHeld(record) ? "decision" : "log", {}];
}

function firstMissing({ gate }: NodeCore, pairs: readonly number[], prefix: boolean): number | undefined {
  for (let i = 0; i < pairs.length; i += 2) {
    if (!gate.holds(pairs[i] as number, pairs[i + 1] as number, prefix)) return pairs[i];
  }
  return undefined;
}

/** Transactions of other datacenters of which parts are here; the parts count as waiting writes too. */
function arrivedParts({ remoteTransactions, state }: NodeCore): Kept {
  const tally = new Tally();
  for (const { id, coordinator, parts } of remoteTransactions.all()) {
    if (tally.isEnough) break;
    let bytes = 0;
    let sinceMs = state.nowMs;
    for (const part of parts.values()) {
      bytes += part.bytes;
      sinceMs = Math.min(sinceMs, part.since);
    }
    if (coordinator === state.self) tally.add(bytes, sinceMs, "parts", { datacenter: id.datacenter });
    else tally.add(bytes, sinceMs, "coordinator", { node: coordinator });
  }
  return tally.kept("transactions arrived in part", remoteTransactions.count, state.nowMs);
}

function coordinatedTransactions(core: NodeCore): Kept {
  const { coordinator, state } = core;
  const tally = new Tally();
  for (const transaction of coordinator.table.values()) {
    if (tally.isEnough) break;
    const [why, holder] = stageOf(core, transaction);
    tally.add(bytesOf(transaction), transaction.sinceMs, why, holder);
  }
  return tally.kept("transactions coordinated", coordinator.table.size, state.timerMs);
}

/** What a transaction waits for that this node coordinates. */
function stageOf({ gate }: NodeCore, transaction: Coordinated): readonly [why: string, holder: Holder] {
  const { id, state, count, reported, cohorts } = transaction;
  switch (state) {
    case "collecting": {
      const part = gate.find(originOf(id.datacenter, id.partition), id.number);
      if (count === 0 && part !== undefined) return ["dependency", {}];
      return [count === 0 || reported < count ? "parts" : "log", { datacenter: id.datacenter }];
    }
    case "preparing":
      for (const [node, { votedClock }] of cohorts) if (votedClock === undefined) return ["vote", { node }];
      return ["store", {}];
    case "decided":
      for (const [node, { committed }] of cohorts) if (!committed) return ["commit", { node }];
      return ["log", {}];
    case "deciding":
    case "over":
      return ["log", {}];
  }
}

function bytesOf({ order, own }: Coordinated): number {
  if (order !== undefined) return bytesOfOrder(order);
  let bytes = 0;
  for (const { write } of own) bytes += write.key.length + write.value.length;
  return bytes;
}

function bytesOfOrder({ writes }: Order): number {
  let bytes = 0;
  for (const { key, value } of writes) bytes += key.length + value.length;
  return bytes;
}

function preparedTransactions({ cohort, state }: NodeCore): Kept {
  const tally = new Tally();
  for (const { coordinator, state: stage, sinceMs } of cohort.table.values()) {
    if (tally.isEnough) break;
    if (stage !== "prepared") tally.add(0, sinceMs, "log");
    else tally.add(0, sinceMs, state.linksUp.has(coordinator) ? "decision" : "link", { node: coordinator });
  }
  return { ...tally.kept("transactions prepared", cohort.table.size, state.timerMs), bytes: cohort.bytes };
}

function delayedTransactions({ transactions, state }: NodeCore): Kept {
  const tally = new Tally();
  for (const { order, sinceMs } of transactions.allDelayed) {
    if (tally.isEnough) break;
    tally.add(bytesOfOrder(order), sinceMs, "conflict");
  }
  return tally.kept("transactions delayed", transactions.allDelayed.length, state.timerMs);
}

/** Operations that wait until a transaction is decided that holds their key. */
function decisionsAwaited({ state }: NodeCore): Kept {
  const { count, oldestMs } = state.settling;
  const ageMs = state.timerMs - (oldestMs ?? state.timerMs);
  return { what: "operations behind transactions", count, bytes: 0, oldestMs: ageMs, heldBy: held(count, "decision") };
}

function numberedRequests({ head, state }: NodeCore): Kept[] {
  const { requests } = head;
  const tally = new Tally();
  let silentMs = state.timerMs;
  for (const [client, { usedMs, requests: answers }] of requests.clients()) {
    silentMs = Math.min(silentMs, usedMs);
    for (const { key, version } of answers.values()) {
      if (tally.isEnough) break;
      tally.add(requestOverheadBytes + client.length + key.length + (version?.value.length ?? 0), usedMs, "client");
    }
    if (tally.isEnough) break;
  }
  const count = requests.clientCount;
  const oldestMs = state.timerMs - silentMs;
  const clients = { what: "clients of requests", count, bytes: count * requestOverheadBytes, oldestMs };
  return [tally.kept("request ids", requests.size, state.timerMs), { ...clients, heldBy: held(count, "retention") }];
}

function changedRecords({ state }: NodeCore): Kept {
  const { length: count } = state.dirty;
  const oldestMs = count === 0 ? 0 : state.timerMs - state.dirtySinceMs;
  return { what: "changed records", count, bytes: state.dirtyBytes, oldestMs, heldBy: held(count, "checkpoint") };
}

function recordsInMemory({ cache, state }: NodeCore): Kept {
  let count = 0;
  for (const { records } of state.partitions.values()) count += records.size;
  return { what: "records in memory", count, bytes: cache.bytes, oldestMs: 0, heldBy: [] };
}

function held(count: number, why: string): Kept["heldBy"] {
  return count === 0 ? [] : [{ why, count }];
}

function datacenter(index: number | undefined): Holder {
  return index === undefined ? {} : { datacenter: index };
}

function msSince(now: number, time: number): number {
  return Math.max(0, Math.round((now - time) / ticksPerMs));
}
