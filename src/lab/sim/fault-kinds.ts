/*
 * Kinds of faults, as `--faults` names them. Restricting a plan to some of them leaves everything else as it was: each fault
 * has its random stream, so the others strike at the same moments at the same nodes, and a schedule can be shrunk.
 */
import type { FaultPlan, Plan } from "./plan.ts";

export const faultKinds = ["network", "partition", "crash", "disk", "clock", "pause", "rare"] as const;
export type FaultKind = (typeof faultKinds)[number];

const faultsOf: Readonly<Record<FaultKind, readonly (keyof FaultPlan)[]>> = {
  network: ["slowMs", "clogMs", "slowDatacenterMs"],
  partition: ["cutMs", "cutOneWayMs", "isolateMs", "flapMs", "tearMs"],
  crash: ["crashMs", "crashAllMs", "crashDatacenterMs", "powerCutMs", "goneMs"],
  disk: ["diskFullMs", "syncErrorMs"],
  clock: ["clockJumpMs", "clockAheadMs"],
  pause: ["pauseMs"],
  // Not a fault: pushes.ts.
  rare: [],
};

/** The same plan without the kinds of faults that are not in the list. */
export function restrictFaults(plan: Plan, kinds: readonly FaultKind[]): Plan {
  let { network, disk, clock, faults } = plan;
  for (const kind of faultKinds) {
    if (kinds.includes(kind)) continue;
    for (const fault of faultsOf[kind]) faults = { ...faults, [fault]: 0 };
    if (kind === "network") {
      network = { ...network, loss: 0, localLoss: 0, repeat: 0, anyOrder: false, bytesPerMs: Number.POSITIVE_INFINITY };
    }
    if (kind === "disk") disk = { ...disk, slowSync: 0, storeFailure: 0 };
    if (kind === "clock") clock = { skewMsMax: 0, driftMax: 0 };
  }
  return { ...plan, network, disk, clock, faults };
}

/** Reads a list such as `network,crash`; undefined when it names what there is not. */
export function parseFaultKinds(list: string): FaultKind[] | undefined {
  const words = list === "none" ? [] : list.split(",");
  const kinds = words.map((word) => faultKinds.find((kind) => kind === word));
  return kinds.every((kind) => kind !== undefined) ? kinds : undefined;
}
