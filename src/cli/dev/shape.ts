/*
 * The shape of a development cluster and where its nodes listen: node n of datacenter d has RESP on port+100d+n, HTTP 30
 * and peers 60 above that. So the ports tell the node, and 30 nodes is the most that a datacenter has room for.
 */
import { datacentersMax, dependenciesMax, partitionsMax } from "../../shared/limits.ts";

export interface ClusterShape {
  readonly datacenters: number;
  readonly nodes: number;
  readonly partitions: number;
}

export const shapeDefault: ClusterShape = { datacenters: 3, nodes: 2, partitions: 32 };
export const basePortDefault = 7000;

const PORTS_PER_DATACENTER = 100;
const HTTP_PORT_OFFSET = 30;
const PEER_PORT_OFFSET = 60;
const NODES_MAX = HTTP_PORT_OFFSET;
const PORT_MAX = 65_535;

export interface NodePorts {
  readonly resp: number;
  readonly http: number;
  readonly peer: number;
}

export function portsOf(basePort: number, datacenter: number, node: number): NodePorts {
  const resp = basePort + PORTS_PER_DATACENTER * datacenter + node;
  return { resp, http: resp + HTTP_PORT_OFFSET, peer: resp + PEER_PORT_OFFSET };
}

export function datacenterName(datacenter: number): string {
  return `dc${datacenter}`;
}

export function nodeName(datacenter: number, node: number): string {
  return `dc${datacenter}-n${node}`;
}

/** What is wrong with a shape or a base port, in words; undefined when nothing is. */
export function shapeProblem(shape: ClusterShape, basePort: number): string | undefined {
  const { datacenters, nodes, partitions } = shape;
  if (!isBetween(datacenters, 1, datacentersMax)) return `--datacenters is 1 to ${datacentersMax}, not ${datacenters}`;
  if (!isBetween(nodes, 1, NODES_MAX)) return `--nodes is 1 to ${NODES_MAX}, not ${nodes}`;
  const partitionsLimit = Math.min(partitionsMax, Math.floor(dependenciesMax / datacenters));
  if (!isBetween(partitions, 1, partitionsLimit)) {
    return `--partitions is 1 to ${partitionsLimit} with ${datacenters} datacenters, not ${partitions}`;
  }
  const basePortMax = PORT_MAX - portsOf(0, datacenters - 1, nodes - 1).peer;
  if (!isBetween(basePort, 1, basePortMax)) {
    return `--port is 1 to ${basePortMax} for so many nodes, not ${basePort}`;
  }
  return undefined;
}

function isBetween(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

export function shapeText({ datacenters, nodes, partitions }: ClusterShape): string {
  return [
    counted(datacenters, "datacenter"),
    `${counted(nodes, "node")}${datacenters === 1 ? "" : " each"}`,
    counted(partitions, "partition"),
  ].join(", ");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
