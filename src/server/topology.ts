/*
 * What clients need to know to find the owner of a key, and operators to find every node: COPS.TOPOLOGY, from the view.
 */
import type { Topology, TopologyNode } from "./resp/providers.ts";
import type { View, ViewDatacenter } from "../control/view.ts";
import { datacenterOfNode, indexOfNode } from "../core/placement.ts";
import type { NodeId, Placement } from "../core/placement.ts";
import { invariant } from "../shared/assert.ts";

/** As `self` tells it, which is in the view. */
export function topologyOf(view: View, self: NodeId, placement: Placement): Topology {
  const here = view.datacenters[datacenterOfNode(self)];
  const node = here?.nodes[indexOfNode(self)];
  invariant(here !== undefined && node !== undefined, "a node that runs is in the view");
  const others = view.datacenters.filter((datacenter) => datacenter !== here);
  return {
    cluster: view.cluster,
    datacenter: { name: here.name, index: here.index },
    node: node.name,
    partitions: view.partitions,
    view: view.number,
    hash: "murmur3_32 seed 0",
    nodes: [here, ...others].flatMap((datacenter) => topologyNodes(datacenter, placement)),
  };
}

function topologyNodes({ name: datacenterName, index, nodes }: ViewDatacenter, placement: Placement): TopologyNode[] {
  return nodes.map(({ id, name, host, respPort, httpPort }) => {
    const partitions = placement.partitionsOf(id);
    return { name, host, port: respPort, httpPort, datacenter: index, datacenterName, partitions };
  });
}
