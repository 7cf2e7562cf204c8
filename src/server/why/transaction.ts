/*
 * WHY of transactions: what one of another datacenter lacks here, at the node that coordinates it (core/transactions), and
 * what those of clients of this datacenter wait for that hold a key.
 */
import { nodeName } from "./cluster.ts";
import type { WhyNode } from "./cluster.ts";
import type { WhyTransaction, WhyUndecided } from "./report.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import type { NodeId } from "../../core/placement.ts";
import type { CohortNode, Coordinated } from "../../core/transactions/coordinated.ts";
import { transactionName } from "../../protocol/messages/transaction.ts";
import { datacenterOf, partitionOf } from "../../protocol/version.ts";
import type { Origin } from "../../protocol/version.ts";

/** The transaction with this dot, where it is under way and this node coordinates it. */
export function transactionHere(node: WhyNode, origin: Origin, seq: number): WhyTransaction | undefined {
  const { core } = node.driver;
  const id = { datacenter: datacenterOf(origin), partition: partitionOf(origin), number: seq };
  if (id.datacenter === core.state.datacenter) return undefined;
  const first = core.gate.find(origin, seq)?.write.part;
  const coordinated = core.coordinator.table.get(transactionName(id));
  if (coordinated === undefined && (first === undefined || first.count === 1)) return undefined;
  const here = indexesHere(coordinated, first !== undefined);
  const { partitions = [] } = first ?? coordinated?.own.find(({ index }) => index === 0)?.write.part ?? {};
  const missing = partitions.flatMap((partition, index) =>
    here.includes(index) ? [] : [{ index, partition, node: ownerName(node, partition) }],
  );
  if (partitions.length === 0) missing.push({ index: 0, partition: id.partition, node: ownerName(node, id.partition) });
  const lacks = lackOf(coordinated, first !== undefined, missing.length);
  return {
    lacks,
    ...(partitions.length === 0 ? {} : { parts: partitions.length }),
    here,
    missing,
    nodes: coordinated === undefined ? [] : lateNodes(node, coordinated),
  };
}

function indexesHere(coordinated: Coordinated | undefined, hasFirst: boolean): number[] {
  const here = new Set<number>(hasFirst ? [0] : []);
  for (const { index } of coordinated?.own ?? []) here.add(index);
  for (const { indexes } of coordinated?.cohorts.values() ?? []) for (const index of indexes) here.add(index);
  return [...here].toSorted((a, b) => a - b);
}

function lackOf(coordinated: Coordinated | undefined, hasFirst: boolean, missing: number): WhyTransaction["lacks"] {
  // The first part is reported once what it depends on is here.
  if (coordinated === undefined) return "dependencies";
  switch (coordinated.state) {
    case "collecting":
      if (coordinated.count === 0) return hasFirst ? "dependencies" : "parts";
      return missing > 0 ? "parts" : "disk";
    case "preparing":
      return coordinated.hasEveryVote ? "disk" : "votes";
    case "decided":
      return coordinated.isCommittedEverywhere ? "disk" : "commits";
    case "deciding":
    case "over":
      return "disk";
  }
}

/** Those that have not voted while that is waited for, or not committed. */
function lateNodes(node: WhyNode, { state, cohorts }: Coordinated): string[] {
  const isLate = ({ votedClock, committed }: CohortNode): boolean =>
    state === "preparing" ? votedClock === undefined : state === "decided" && !committed;
  const late: string[] = [];
  for (const [peer, cohort] of cohorts) if (isLate(cohort)) late.push(nodeName(node.cluster, peer));
  return late;
}

/** Transactions of this datacenter's clients that are prepared on a key. */
export function undecidedOn(node: WhyNode, { prepared = [] }: KeyRecord): WhyUndecided[] {
  const { state, cohort, coordinator } = node.driver.core;
  return prepared.flatMap(({ transaction: name, write }): WhyUndecided[] => {
    if (write.datacenter !== state.datacenter) return [];
    const here = coordinator.table.get(name);
    const there = cohort.table.get(name);
    if (here !== undefined) {
      const late = lateNodes(node, here);
      const detail = late.length === 0 ? "it is being synced to disk" : `it waits for ${late.join(", ")}`;
      return [undecided(node, state.self, here.sinceMs, detail)];
    }
    if (there === undefined) return [];
    const isLinked = state.linksUp.has(there.coordinator);
    const coordinatorName = nodeName(node.cluster, there.coordinator);
    const detail = isLinked
      ? `it waits for the decision of ${coordinatorName}`
      : `it waits for ${coordinatorName}, to which there is no link`;
    return [undecided(node, there.coordinator, there.sinceMs, detail)];
  });
}

function undecided(node: WhyNode, coordinator: NodeId, sinceMs: number, detail: string): WhyUndecided {
  const forMs = Math.max(0, Math.round(node.driver.core.state.timerMs - sinceMs));
  return { forMs, coordinator: nodeName(node.cluster, coordinator), detail };
}

function ownerName(node: WhyNode, partition: number): string {
  const { state, placement } = node.driver.core;
  return nodeName(node.cluster, placement.owner(state.datacenter, partition));
}
