/*
 * What clients need to know to find the owner of a key: COPS.TOPOLOGY.
 */
import type { NodeConfig } from "./config/node-config.ts";
import type { Topology, TopologyNode } from "./resp/providers.ts";
import { nodeIdOf } from "../core/placement.ts";
import type { Placement } from "../core/placement.ts";

/** The only view of the static placement. */
const staticView = 1;

export function topologyOf(config: NodeConfig, placement: Placement): Topology {
  const nodes: TopologyNode[] = config.cluster.datacenters.flatMap(({ nodes: own }, datacenter) =>
    own.map(({ name, host, respPort }, index) => {
      const partitions = placement.partitionsOf(nodeIdOf(datacenter, index));
      return { name, host, port: respPort, datacenter, partitions };
    }),
  );
  const here = config.datacenter.index;
  return {
    cluster: config.cluster.id,
    datacenter: config.datacenter,
    node: config.node.name,
    partitions: placement.partitions,
    view: staticView,
    hash: "murmur3_32 seed 0",
    nodes: nodes.toSorted((a, b) => Number(b.datacenter === here) - Number(a.datacenter === here)),
  };
}
