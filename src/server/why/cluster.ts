/*
 * What WHY has to know of the cluster beside the core: what things are called, and how the links are.
 */
import type { NodeDriver } from "../node-driver.ts";
import { datacenterOfNode, indexOfNode } from "../../core/placement.ts";
import type { NodeId } from "../../core/placement.ts";
import type { LinkStats } from "../../net/transport.ts";

export interface WhyCluster {
  /** In the order of their indexes; as in the configuration. */
  readonly datacenters: readonly { readonly name: string; readonly nodes: readonly { readonly name: string }[] }[];
  readonly links: () => readonly LinkStats[];
}

/** A node that answers WHY. */
export interface WhyNode {
  readonly driver: NodeDriver;
  readonly cluster: WhyCluster;
}

export function datacenterName(cluster: WhyCluster, datacenter: number): string {
  return cluster.datacenters[datacenter]?.name ?? `datacenter ${datacenter}`;
}

export function nodeName(cluster: WhyCluster, node: NodeId): string {
  return cluster.datacenters[datacenterOfNode(node)]?.nodes[indexOfNode(node)]?.name ?? `node ${node}`;
}

/** The link to a peer where it is down. */
export function downLink(cluster: WhyCluster, peer: NodeId): LinkStats | undefined {
  return cluster.links().find((link) => link.peer === peer && !link.up);
}

/** How long ago that was by this machine's clock. */
export function msSince(unixMs: number): number {
  return Math.max(0, Math.round(Date.now() - unixMs));
}
