/*
 * Reads the node's status (status.ts) off its parts. Linear in links, shippers and waiting writes; asked for by people.
 */
import type { HttpOptions } from "./http-options.ts";
import { readiness } from "./readiness.ts";
import type { NodeStatus, ShippingStatus } from "./status.ts";
import type { NodeCore } from "../../core/node-core.ts";
import { indexOfNode } from "../../core/placement.ts";

export function nodeStatus(options: HttpOptions): NodeStatus {
  const { driver, cluster } = options;
  driver.beginTurn();
  const { core, log, store } = driver;
  const { state, placement } = core;
  const datacenter = cluster.datacenters[state.datacenter];
  const index = indexOfNode(state.self);
  const { segments, bytes } = log.stats();
  return {
    cluster: cluster.id,
    datacenter: { name: datacenter?.name ?? String(state.datacenter), index: state.datacenter },
    node: { name: datacenter?.nodes[index]?.name ?? String(index), index },
    pid: process.pid,
    version: options.version,
    uptimeSeconds: Math.round(process.uptime()),
    ready: readiness(options).ready,
    partitions: { total: placement.partitions, owned: placement.partitionsOf(state.self) },
    clock: { told: core.clockTold, skewMs: skewMs(core) },
    log: { start: log.start, end: log.end, bytes, segments },
    store: { bytes: store.stats().bytes },
    dirtyBytes: state.dirtyBytes,
    shipping: shippingStatus(core),
    waiting: { count: core.gate.waitingCount, bytes: core.gate.waitingBytes, oldestMs: oldestWaitingMs(core) },
    kept: core.kept(),
    links: options.links(),
    counters: Object.fromEntries(Object.entries(state.counters)),
    refusingWrites: refusingWrites(core) ?? null,
  };
}

export function shippingStatus(core: NodeCore): ShippingStatus[] {
  return Array.from(core.shippers.values(), (shipper) => {
    const { lagMs, bytes } = core.lag.behind(core.state.nowMs, core.logEnd, (id) => shipper.appliedOf(id));
    return {
      destination: shipper.destination,
      datacenter: shipper.datacenter,
      open: shipper.isOpen,
      behindBytes: bytes,
      inFlightBytes: shipper.inFlightBytes,
      lagMs: Math.round(lagMs),
    };
  });
}

/** How long the oldest waiting write has waited; 0 when none does. */
export function oldestWaitingMs({ gate, state }: NodeCore): number {
  const since = gate.oldestSince();
  return since === undefined ? 0 : Math.max(0, Math.round(state.nowMs - since));
}

export function refusingWrites({ state, head }: NodeCore): string | undefined {
  if (state.writesRefused !== undefined) return state.writesRefused;
  return head.clockIsAhead ? "the clock is ahead of most other nodes'" : undefined;
}

/** The median: one peer with a wrong clock does not show. */
function skewMs(core: NodeCore): number {
  const skews = Array.from(core.skew.skews(), ([, aheadMs]) => aheadMs).toSorted((a, b) => a - b);
  return Math.round(skews[Math.floor((skews.length - 1) / 2)] ?? 0);
}
