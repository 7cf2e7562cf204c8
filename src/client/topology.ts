/*
 * The topology as nodes tell it (`COPS.TOPOLOGY JSON`) and what the client makes of it: which node owns which partition.
 *
 * A node is believed no more than it must be: the text is parsed defensively, fields that this release does not know are
 * ignored, so a later server may add some, and what is missing or out of range is named in a ProtocolError.
 */
import { ProtocolError } from "./errors.ts";
import { topologyBytesMax } from "./limits.ts";
import { datacentersMax, nodesPerDatacenterMax, partitionsMax } from "../shared/limits.ts";
import { murmur3 } from "../shared/murmur3.ts";
import type { ByteString } from "../shared/bytes.ts";
import { textOf } from "./byte-text.ts";

export interface TopologyNode {
  readonly name: string;
  readonly host: string;
  /** Where it listens for RESP. */
  readonly port: number;
  /** Index of its datacenter. */
  readonly datacenter: number;
  /** The partitions that it owns. */
  readonly partitions: readonly number[];
}

export interface Topology {
  readonly cluster: string;
  /** The datacenter of the node that answered. */
  readonly datacenter: { readonly name: string; readonly index: number };
  /** P: a key's partition is murmur3 of its bytes (32 bits, seed 0) modulo P. */
  readonly partitions: number;
  /** Grows with every change of the assignment of partitions to nodes. */
  readonly view: number;
  /** Of this datacenter, and of others as far as they are known. */
  readonly nodes: readonly TopologyNode[];
}

const hashKnown = "murmur3_32 seed 0";

export function partitionOfKey(key: ByteString, topology: Topology): number {
  return murmur3(key, 0) % topology.partitions;
}

/** The nodes that a client of this datacenter speaks to. */
export function localNodes(topology: Topology): readonly TopologyNode[] {
  return topology.nodes.filter((node) => node.datacenter === topology.datacenter.index);
}

/** Throws ProtocolError. */
export function parseTopology(json: ByteString): Topology {
  if (json.length > topologyBytesMax) throw malformed(`${json.length} bytes long`);
  const root = recordOf(parseJson(textOf(json)), "not an object");
  const datacenter = recordOf(root["datacenter"], "datacenter is not an object");
  if (root["hash"] !== undefined && root["hash"] !== hashKnown) {
    throw malformed(`keys are placed by ${JSON.stringify(root["hash"])}, this release knows "${hashKnown}"`);
  }
  const partitions = whole(root["partitions"], 1, partitionsMax, "partitions");
  return {
    cluster: text(root["cluster"], "cluster"),
    datacenter: {
      name: text(datacenter["name"], "datacenter.name"),
      index: whole(datacenter["index"], 0, datacentersMax - 1, "datacenter.index"),
    },
    partitions,
    view: whole(root["view"], 0, Number.MAX_SAFE_INTEGER, "view"),
    nodes: list(root["nodes"], datacentersMax * nodesPerDatacenterMax, "nodes").map((node, index) =>
      parseNode(recordOf(node, `nodes[${index}] is not an object`), `nodes[${index}]`, partitions),
    ),
  };
}

function parseNode(node: Record<string, unknown>, where: string, partitions: number): TopologyNode {
  return {
    name: text(node["name"], `${where}.name`),
    host: text(node["host"], `${where}.host`),
    port: whole(node["port"], 1, 65_535, `${where}.port`),
    datacenter: whole(node["datacenter"], 0, datacentersMax - 1, `${where}.datacenter`),
    partitions: list(node["partitions"], partitions, `${where}.partitions`).map((partition) =>
      whole(partition, 0, partitions - 1, `${where}.partitions`),
    ),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new ProtocolError("topology: not JSON", error);
  }
}

function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(what);
  return value as Record<string, unknown>;
}

function list(value: unknown, lengthMax: number, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${what} is not an array`);
  if (value.length > lengthMax) throw malformed(`${what} has ${value.length} elements, more than make sense`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string" || value === "") throw malformed(`${what} is not a text`);
  return value;
}

function whole(value: unknown, min: number, max: number, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw malformed(`${what} is not a whole number from ${min} to ${max}`);
  }
  return value;
}

function malformed(what: string): ProtocolError {
  return new ProtocolError(`topology: ${what}`);
}
