/*
 * WHY at the origin of a write: how far it has come on its way to one destination (core/shipper.ts).
 */
import { datacenterName, downLink, msSince, nodeName } from "./cluster.ts";
import type { WhyNode } from "./cluster.ts";
import { shippedArgs } from "./messages.ts";
import type { WhyLocation } from "./report.ts";
import { datacenterOfNode } from "../../core/placement.ts";
import type { NodeId } from "../../core/placement.ts";
import type { Shipper } from "../../core/shipper.ts";

/** Answers one location for each seq. */
export function answerShipped(node: WhyNode, args: unknown): WhyLocation[] {
  const { partition, destination, seqs } = shippedArgs.parse(args);
  node.driver.beginTurn();
  return seqs.map((seq) => locationOf(node, partition, seq, destination));
}

function locationOf(node: WhyNode, id: number, seq: number, destination: NodeId): WhyLocation {
  const { core } = node.driver;
  const partition = core.state.local(id);
  const shipper = core.shippers.get(destination);
  if (partition === undefined || shipper === undefined) {
    return { where: "unknown", detail: `partition ${id} does not ship from here to node ${destination}` };
  }
  if (seq > partition.seq) return { where: "unknown", detail: "its origin has not given out this number" };
  if (!partition.appliedOf(core.state.datacenter).has(seq)) {
    return { where: "not-shipped", detail: "its origin is still syncing it to disk" };
  }
  return stageOf(node, shipper, id, seq);
}

function stageOf(node: WhyNode, shipper: Shipper, partition: number, seq: number): WhyLocation {
  const { core } = node.driver;
  const there = datacenterName(node.cluster, datacenterOfNode(shipper.destination));
  const stage = shipper.whereIs(partition, seq);
  const { lagMs, bytes } = core.lag.behind(core.state.nowMs, core.logEnd, (id) => shipper.appliedOf(id));
  switch (stage) {
    case "applied":
      return { where: "applied", detail: `${there} has acknowledged it as applied` };
    case "closed":
      return closed(node, shipper.destination, there, lagMs);
    case "queued":
      return {
        where: "not-shipped",
        forMs: lagMs,
        detail: `its origin is sending what comes before; ${there} is ${bytes} bytes of log behind`,
      };
    case "in-flight":
      return { where: "in-flight", forMs: msSince(shipper.oldestSentMs ?? core.state.nowMs) };
    case "received":
      return { where: "in-flight", detail: `${there} has acknowledged it as received, not as applied` };
  }
}

function closed(node: WhyNode, destination: NodeId, there: string, lagMs: number): WhyLocation {
  const down = downLink(node.cluster, destination);
  const name = nodeName(node.cluster, destination);
  if (down === undefined) {
    return { where: "not-shipped", forMs: lagMs, detail: `${name} in ${there} has not opened its stream yet` };
  }
  const why = down.lastError === undefined ? "" : `: ${down.lastError}`;
  return {
    where: "not-shipped",
    forMs: msSince(down.since),
    detail: `its origin has no link to ${name} in ${there}${why}`,
  };
}
