/*
 * Mutants of the collection of tombstones and expired values (docs/PROTOCOL.md; of the models: Collect Ship, Got, Goes).
 */
import type { Plan } from "../plan.ts";
import { transactional } from "./snapshot-mutants.ts";
import type { Mutant } from "./mutant.ts";

/** Few writes, many of them deletes, that others get late. */
function deleting(plan: Plan): Plan {
  const busy = transactional(plan, { remove: 6, expiring: 3, touch: 2, thinkMs: 200, snapshot: 1, keys: 12 });
  return { ...busy, nodesOf: [2, 2, 1], faults: { ...plan.faults, clogMs: 1_000, cutMs: 1_000, isolateMs: 3_000 } };
}

const preparedNotClosed: Mutant = {
  rule: "a closed time lies below what is prepared",
  seeds: 40,
  invariants: [11],
  stress: deleting,
  created({ closing }) {
    Reflect.set(closing, "oldestPrepared", () => Number.POSITIVE_INFINITY);
  },
};

const closedOnceReceived: Mutant = {
  rule: "a closed time counts once all below it is applied",
  seeds: 40,
  invariants: [11],
  stress: deleting,
  created({ state }) {
    for (const { closed } of state.partitions.values()) {
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
  created({ collector }) {
    collector["isStable"] = () => true;
  },
};

const collectedOpen: Mutant = {
  rule: "what ended goes once nothing older can still arrive",
  seeds: 20,
  invariants: [11],
  stress: deleting,
  created({ collector }) {
    collector["firstNotClosed"] = () => undefined;
  },
};

export const collectionMutants: Readonly<Record<string, Mutant>> = {
  "prepared-not-closed": preparedNotClosed,
  "closed-once-received": closedOnceReceived,
  "collected-unstable": collectedUnstable,
  "collected-open": collectedOpen,
};
