/*
 * Whether a node should get clients: it has recovered, serves, and sees the other nodes of its datacenter, which own the
 * rest of the keys. Other datacenters do not matter: causal+ is there so that operations end here (design, 1).
 */
import type { HttpOptions } from "./http-options.ts";
import { datacenterOfNode, indexOfNode } from "../../core/placement.ts";
import type { NodeId } from "../../core/placement.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not; empty when it is. */
  readonly reasons: readonly string[];
  /** What works worse than it should; clients are served. */
  readonly warnings: readonly string[];
}

type Asked = Pick<HttpOptions, "driver" | "cluster" | "phase">;

export function readiness({ driver, cluster, phase }: Asked): Readiness {
  const { state, placement, head } = driver.core;
  const peers = placement.peersOf(state.self).filter((peer) => !state.linksUp.has(peer));
  const isLocal = (peer: NodeId): boolean => datacenterOfNode(peer) === state.datacenter;
  const name = (peer: NodeId): string => {
    const datacenter = cluster.datacenters[datacenterOfNode(peer)];
    return `${datacenter?.nodes[indexOfNode(peer)]?.name ?? peer} in ${datacenter?.name ?? datacenterOfNode(peer)}`;
  };
  const now = phase();
  const reasons = now === "serving" ? [] : [`the node is ${now}`];
  for (const peer of peers) if (isLocal(peer)) reasons.push(`no link to ${name(peer)}, which owns keys`);
  const warnings: string[] = [];
  if (state.writesRefused !== undefined) warnings.push(`writes are refused: ${state.writesRefused}`);
  if (head.clockIsAhead) warnings.push("writes are refused: the clock is ahead of most other nodes'");
  for (const peer of peers) if (!isLocal(peer)) warnings.push(`no link to ${name(peer)}: replication waits`);
  return { ready: reasons.length === 0, reasons, warnings };
}
