/*
 * The seed's names for what the core knows by NodeId (docs/SEED.md): a server's ID is datacenter * 1000 + partition, one
 * node owns exactly one partition, and integer key k lives in partition k mod S. Servers and clients of a datacenter find
 * each other on localhost:20000+ID.
 */
import { defaultKeyHash, nodeIdOf, datacenterOfNode, indexOfNode, Placement } from "../../core/placement.ts";
import type { KeyHash, NodeId } from "../../core/placement.ts";
import { datacentersMax, nodesPerDatacenterMax } from "../../shared/limits.ts";

/** datacenter * 1000 + partition. */
export type ServerId = number;

export const loopback = "127.0.0.1";

const idsPerDatacenter = 1000;
const portMax = 65_535;

export interface Shape {
  /** N. */
  readonly datacenters: number;
  /** S: partitions, and hence servers, of each datacenter. */
  readonly partitions: number;
}

export function serverIdOf(datacenter: number, partition: number): ServerId {
  return datacenter * idsPerDatacenter + partition;
}

export function serverIdOfNode(node: NodeId): ServerId {
  return serverIdOf(datacenterOfNode(node), indexOfNode(node));
}

export function datacenterOfServer(id: ServerId): number {
  return Math.floor(id / idsPerDatacenter);
}

function partitionOfServer(id: ServerId): number {
  return id % idsPerDatacenter;
}

export function nodeIdOfServer(id: ServerId): NodeId {
  return nodeIdOf(datacenterOfServer(id), partitionOfServer(id));
}

/** Where server `id` listens for the servers and clients of its datacenter. COPS_SEED_BASE_PORT replaces the 20000. */
export function localPortOf(id: ServerId): number {
  return Number(process.env["COPS_SEED_BASE_PORT"] ?? 20_000) + id;
}

/** What is wrong with a server's name in a cluster of this shape; undefined when nothing is. */
export function serverProblem(id: ServerId, shape: Shape): string | undefined {
  return shapeProblem(shape) ?? placeProblem(id, shape);
}

/** What is wrong with a client of this datacenter, whose size only its servers know; undefined when nothing is. */
export function clientProblem(datacenter: number, partitions: number): string | undefined {
  return serverProblem(serverIdOf(datacenter, partitions - 1), { datacenters: datacenter + 1, partitions });
}

function shapeProblem({ datacenters, partitions }: Shape): string | undefined {
  if (datacenters < 1 || datacenters > datacentersMax) return `there are 1 to ${datacentersMax} datacenters`;
  if (partitions < 1 || partitions > nodesPerDatacenterMax) return `there are 1 to ${nodesPerDatacenterMax} partitions`;
  return undefined;
}

function placeProblem(id: ServerId, { datacenters, partitions }: Shape): string | undefined {
  if (datacenterOfServer(id) >= datacenters || partitionOfServer(id) >= partitions) {
    return `server ${id} is not one of ${datacenters} datacenters with ${partitions} partitions`;
  }
  const port = localPortOf(id);
  return port > 0 && port <= portMax ? undefined : `server ${id} would need port ${port}, and ${portMax} is the last`;
}

export function seedPlacement({ datacenters, partitions }: Shape): Placement {
  const nodesOf = Array.from({ length: datacenters }, () => partitions);
  return new Placement(nodesOf, partitions, seedKeyHash(partitions));
}

/** Decimal keys of any length are placed by their value; others, which the seed does not have, as everywhere. */
function seedKeyHash(partitions: number): KeyHash {
  return (key) => {
    if (!/^\d+$/.test(key)) return defaultKeyHash(key);
    let remainder = 0;
    for (let i = 0; i < key.length; i++) remainder = (remainder * 10 + key.charCodeAt(i) - 48) % partitions;
    return remainder;
  };
}

/** A word of a command line or a scenario as a number; undefined unless it is decimal digits of a safe integer. */
export function wholeNumber(word: string | undefined): number | undefined {
  if (word === undefined || !/^\d{1,15}$/.test(word)) return undefined;
  return Number(word);
}

export function isPort(port: number | undefined): port is number {
  return port !== undefined && port >= 1 && port <= portMax;
}
