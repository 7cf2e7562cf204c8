/*
 * Mutants of the collection of tombstones and expired values (docs/PROTOCOL.md; of the models: Collect Ship, Got, Goes).
 */
import type { NodeCore } from "../../../core/node-core.ts";
import { transTimeMs } from "../../../shared/limits.ts";
import { ticksPerMs } from "../../../protocol/hybrid-time.ts";
import type { FaultPlan, Plan } from "../plan.ts";
import { transactional } from "./snapshot-mutants.ts";
import type { Mutant } from "./mutant.ts";

/** Few writes, many of them deletes, that others get late. */
function deleting(plan: Plan): Plan {
  const busy = transactional(plan, { remove: 6, expiring: 3, touch: 2, thinkMs: 200, snapshot: 1, keys: 12 });
  return { ...busy, nodesOf: [2, 2, 1], faults: { ...plan.faults, clogMs: 1_000, cutMs: 1_000, isolateMs: 3_000 } };
}

/** Decisions that take long to reach the disk, while what was prepared is deleted, and nothing is written over that. */
function lateDecisions(plan: Plan): Plan {
  const seldom = { actors: 6, thinkMs: 1_200, keys: 8, hotKeys: 8, read: 0, write: 0, remove: 8, burstMax: 1 };
  const noFaults = Object.fromEntries(Object.keys(plan.faults).map((fault) => [fault, 0])) as unknown as FaultPlan;
  return {
    ...transactional(plan, { ...seldom, chain: 0, snapshot: 0, permissions: 0, transaction: 8 }),
    nodesOf: [3, 1],
    clock: { skewMsMax: 5, driftMax: 0 },
    faults: noFaults,
    disk: { ...plan.disk, syncMs: 1, slowSync: 0.1, slowSyncMs: 3_000, storeFailure: 0 },
    network: { ...plan.network, localDelayMs: 0.5, wideDelayMs: 1, loss: 0, localLoss: 0, bytesPerMs: 1_000 },
  };
}

/**
 * Older versions and what ended go as early as all other rules allow: breaks none of them, since who asks for what was before is
 * told so. A run is short beside the time that they stay.
 */
function eagerly({ collector, state: { older } }: NodeCore): void {
  const expire = older.expire.bind(older);
  older.expire = (now, timerMs) => expire(now + transTimeMs * ticksPerMs, timerMs);
  const heldBy = collector.heldBy.bind(collector);
  collector.heldBy = (record) => {
    const why = heldBy(record);
    const version = record.current;
    if (why !== "transTime" || version === undefined || version.older !== undefined) return why;
    if (!collector["isStable"](record, version)) return "stability";
    return collector.openDatacenter(record) === undefined ? undefined : "closed time";
  };
}

const preparedNotClosed: Mutant = {
  rule: "a closed time lies below what is prepared",
  from: 16,
  seeds: 200,
  invariants: [11],
  stress: lateDecisions,
  created(core) {
    eagerly(core);
    Reflect.set(core.closing, "oldestPrepared", () => Number.POSITIVE_INFINITY);
  },
};

const closedOnceReceived: Mutant = {
  rule: "a closed time counts once all below it is applied",
  seeds: 560,
  invariants: [11],
  stress: deleting,
  created(core) {
    eagerly(core);
    for (const { closed } of core.state.partitions.values()) {
      const closedOf = closed.closedOf.bind(closed);
      closed.closedOf = (datacenter) => closedOf(datacenter, Number.POSITIVE_INFINITY);
    }
  },
};

const collectedUnstable: Mutant = {
  rule: "what ended goes once it is applied everywhere",
  seeds: 20,
  invariants: [11],
  stress: deleting,
  created(core) {
    eagerly(core);
    core.collector["isStable"] = () => true;
  },
};

const collectedOpen: Mutant = {
  rule: "what ended goes once nothing older can still arrive",
  seeds: 140,
  invariants: [11],
  stress: deleting,
  created(core) {
    eagerly(core);
    core.collector["firstNotClosed"] = () => undefined;
  },
};

const pinsForgotten: Mutant = {
  rule: "what was visible at a pinned time is kept for as long as it is pinned",
  seeds: 40,
  invariants: [9, 11],
  stress: (plan) => transactional(plan, { remove: 2 }),
  created({ state: { older } }) {
    older["keepForPins"] = () => false;
  },
};

/** No mutant: what those above rest on beside the rule that they break. */
export const eagerCollection: Mutant = {
  rule: "what ended may go as early as all rules but transTime allow",
  seeds: 20,
  invariants: [],
  stress: lateDecisions,
  created: eagerly,
};

export const collectionMutants: Readonly<Record<string, Mutant>> = {
  "prepared-not-closed": preparedNotClosed,
  "closed-once-received": closedOnceReceived,
  "collected-unstable": collectedUnstable,
  "collected-open": collectedOpen,
  "pins-forgotten": pinsForgotten,
};
