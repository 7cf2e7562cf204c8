/*
 * What a node that starts waits for from other nodes, for a bounded while each: it may be the first of all to start.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DriverLogger } from "./node-driver.ts";
import { datacenterOfNode } from "../core/placement.ts";
import type { NodeCore } from "../core/node-core.ts";

/** How long a node with an empty directory waits to hear from other datacenters. */
const hearMsMax = 3_000;
/** How long a node that serves waits for the links inside its datacenter before it says that it is ready regardless. */
const linkMsMax = 10_000;
const stepMs = 20;

/** Until every stream to another datacenter was opened from there; whoever opens one says what it has of this node. */
export async function hearOthers(core: NodeCore, logger: DriverLogger, signal: AbortSignal): Promise<void> {
  const unheard = (): number => [...core.shippers.values()].filter((shipper) => !shipper.isOpen).length;
  const silent = await untilNone(unheard, hearMsMax, signal);
  const warning = "begins with an empty directory, and not all other datacenters could be asked";
  if (silent > 0) logger.warn({ silent }, warning);
}

/**
 * Until the other nodes of this datacenter, which own the rest of the keys, are linked: whoever is told "ready" may ask for
 * any key. One of them may be down for long, which is no reason to be taken for a node that does not start.
 */
export async function linkedInside(core: NodeCore, logger: DriverLogger, signal: AbortSignal): Promise<void> {
  const { state, placement } = core;
  const inside = placement.peersOf(state.self).filter((peer) => datacenterOfNode(peer) === state.datacenter);
  const unlinked = (): number => inside.filter((peer) => !state.linksUp.has(peer)).length;
  const missing = await untilNone(unlinked, linkMsMax, signal);
  if (missing > 0) logger.warn({ missing }, "nodes of this datacenter are not linked, so their keys cannot be reached");
}

/** How many are left when that time is over. Rejects when `signal` is raised. */
async function untilNone(left: () => number, waitMsMax: number, signal: AbortSignal): Promise<number> {
  for (let waitedMs = 0; waitedMs < waitMsMax && left() > 0; waitedMs += stepMs) {
    await sleep(stepMs, undefined, { signal });
  }
  return left();
}
