/*
 * After all faults have ended: has everything completed (progress, invariants 2 and 12), and do all datacenters hold the same
 * state (invariant 10)?
 */
import type { NodeCore } from "../../core/node-core.ts";
import { compareVersions } from "../../protocol/version.ts";
import type { Simulation } from "./simulation.ts";
import type { SimNode } from "./sim-node.ts";
import { check } from "./violation.ts";
import { describeDot, describeVersion } from "./world-write.ts";

export function isSettled(simulation: Simulation): boolean {
  return [...leftOver(simulation)].length === 0;
}

/** Reports what is left over, then compares the states. */
export function checkSettled(simulation: Simulation): void {
  for (const [invariant, what] of leftOver(simulation)) check(false, invariant, () => `never ends: ${what}`);
  for (const node of simulation.nodes) {
    simulation.checks.get(node)?.checkRecords(node.core as NodeCore);
    checkAppliedSets(simulation, node);
  }
  checkSameState(simulation);
}

function* leftOver(simulation: Simulation): IterableIterator<[number, string]> {
  const { world, clients, nodes, network } = simulation;
  if (!network.isWhole) yield [12, "a link is down"];
  for (const client of clients) if (!client.isIdle) yield [12, client.describe()];
  for (const node of nodes) for (const what of leftAtNode(node)) yield [12, `${what} at node ${node.id}`];
  for (const node of nodes) {
    const prepared = simulation.checks.get(node)?.prepared ?? 0;
    if (prepared > 0) yield [9, `${prepared} transactions are prepared in the log of node ${node.id}`];
  }
  for (const datacenter of world.datacenters) {
    const { index, missing } = datacenter;
    if (missing.size > 0) yield [9, `datacenter ${index} has ${missing.size} transactions in part`];
    if (datacenter.applied.size === world.byDot.size) continue;
    const lacking = [...world.byDot.keys()].filter((dot) => !datacenter.applied.has(dot));
    const first = describeDot(lacking[0] as number);
    yield [2, `datacenter ${index} lacks ${lacking.length} writes, among them ${first}`];
  }
}

function* leftAtNode(node: SimNode): IterableIterator<string> {
  const { core } = node;
  if (core === undefined) {
    yield "it is down";
    return;
  }
  const sizes: Record<string, number> = {
    "writes that wait": core.gate.waitingCount,
    "bytes that wait": core.gate.waitingBytes,
    "writes held for the clock": core.gate.heldForClockCount,
    "dependencies asked for": core.remote.waitingCount,
    "dependencies to be answered": core.answers.waiters.size,
    "forwarded requests": core.forwarding.count,
    "records being loaded": core.state.loadingCount,
    proposals: core.state.proposals.inFlight,
    "bytes in flight": [...core.shippers.values()].reduce((sum, { inFlightBytes }) => sum + inFlightBytes, 0),
    "pins on records": pins(core),
    "ranges beyond a watermark": ranges(core),
    "writes not known to be stable": unstable(core),
    "transactions prepared": core.cohort.table.size,
    "bytes prepared": core.cohort.bytes,
    "transactions coordinated": core.coordinator.table.size,
    "transactions to begin again": core.transactions.allDelayed.length,
    "transactions of which parts wait": core.remoteTransactions.count,
    "operations that wait for a transaction": core.state.settling.count,
    "older versions": core.state.older.count,
    "bytes of older versions": core.state.older.bytes,
    "pinned times": core.state.older.pinCount,
    "bytes that pins keep": core.state.older.pinnedBytes,
    "tombstones and expired values": core.collector.count,
    "deletes for the store": core.state.collected.size + core.state.unlisted.size,
    "ends that the store lists": node.disk.listedCount,
  };
  for (const [what, size] of Object.entries(sizes)) if (size !== 0) yield `${size} ${what}`;
}

function pins(core: NodeCore): number {
  let count = 0;
  for (const { records } of core.state.partitions.values()) {
    for (const record of records.values()) count += Math.abs(record.pins);
  }
  // Each of these, and of those that leave the list of what passes, is held until its delete is in the store.
  return count - core.state.collected.size - core.state.unlisted.size;
}

function ranges(core: NodeCore): number {
  let count = 0;
  for (const partition of core.state.partitions.values()) {
    for (const set of [...partition.applied, ...partition.proposed]) count += set.rangeCount;
  }
  return count;
}

function unstable(core: NodeCore): number {
  let count = 0;
  for (const { applied, stable } of core.state.partitions.values()) {
    applied.forEach(({ watermark }, datacenter) => (count += watermark - (stable[datacenter] ?? 0)));
  }
  return count;
}

/** Every datacenter has applied the same seqs of every origin: none is skipped for ever. */
function checkAppliedSets(simulation: Simulation, node: SimNode): void {
  const { placement, nodes } = simulation;
  const core = node.core as NodeCore;
  for (const partition of core.state.partitions.values()) {
    partition.applied.forEach(({ watermark }, origin) => {
      const owner = nodes.find(({ id }) => id === placement.owner(origin, partition.id));
      const given = owner?.core?.state.local(partition.id)?.appliedOf(origin).watermark;
      check(given === watermark, 2, () => {
        return `node ${node.id} applied ${watermark} writes of ${origin}/${partition.id}, which gave out ${given}`;
      });
    });
  }
}

function checkSameState(simulation: Simulation): void {
  const [first, ...others] = simulation.world.datacenters;
  for (const other of others) {
    check(first?.current.size === other.current.size, 10, () => `datacenters 0 and ${other.index} hold other keys`);
    for (const [key, version] of first?.current ?? []) {
      const theirs = other.current.get(key);
      check(theirs !== undefined && compareVersions(theirs, version) === 0, 10, () => {
        return `${key} is ${describeVersion(version)} in datacenter 0, ${describeVersion(theirs)} in ${other.index}`;
      });
    }
  }
}
