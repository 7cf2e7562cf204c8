/*
 * `DIR/config.json`: the configuration file of a development cluster, an ordinary one (`cops server --config` reads it).
 * Written by the first `cops up`, with an id and a secret of its own. Later ones change what their flags say (ports and
 * the delay of the wide area) and keep everything else, so that it can be edited by hand.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { replaceFile } from "./atomic-file.ts";
import type { ClusterFile } from "./cluster-file.ts";
import type { ClusterShape, NodePorts } from "./shape.ts";
import { datacenterName, nodeName, portsOf } from "./shape.ts";
import { CliError } from "../errors.ts";

export const CONFIG_FILE_NAME = "config.json";
/** Below the development cluster's directory: the data directories of its nodes. */
export const NODES_DIRECTORY_NAME = "nodes";

const host = "127.0.0.1";

/** What this file has to know of it; the rest passes through untouched. */
const devConfigSchema = z.looseObject({
  cluster: z.looseObject({
    id: z.string(),
    partitions: z.int(),
    datacenters: z.array(z.looseObject({ name: z.string(), nodes: z.array(z.looseObject({ name: z.string() })) })),
  }),
});
export type DevConfig = z.output<typeof devConfigSchema>;

/** Undefined where there is none. Throws CliError BAD_CLUSTER_FILE. */
export function readDevConfig(directory: string): DevConfig | undefined {
  const path = join(directory, CONFIG_FILE_NAME);
  if (!existsSync(path)) return undefined;
  try {
    return devConfigSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
    throw new CliError("BAD_CLUSTER_FILE", `${path} is not the configuration of a development cluster`, error);
  }
}

export function newDevConfig(partitions: number): DevConfig {
  return {
    cluster: {
      id: `dev-${randomBytes(4).toString("hex")}`,
      secret: randomBytes(16).toString("hex"),
      partitions,
      datacenters: [],
    },
    dataDirectory: NODES_DIRECTORY_NAME,
    allowFaults: true,
    // Several nodes share one machine.
    cacheBytes: "64MiB",
    // Two are filled with zeros before the first write.
    logSegmentBytes: "8MiB",
    minFreeBytes: "128MiB",
  };
}

/** The configuration with addresses for every node, and what else `cops up` was told. */
export function settledDevConfig(
  config: DevConfig,
  shape: ClusterShape,
  basePort: number,
  wanDelayMs: number,
): DevConfig {
  const datacenters = Array.from({ length: shape.datacenters }, (_, d) => ({
    name: datacenterName(d),
    nodes: Array.from({ length: shape.nodes }, (__, n) => nodeAddress(nodeName(d, n), portsOf(basePort, d, n))),
  }));
  return { ...config, wanDelayMs, cluster: { ...config.cluster, datacenters } };
}

function nodeAddress(name: string, { resp, http, peer }: NodePorts): { name: string; [setting: string]: unknown } {
  return { name, host, respPort: resp, httpPort: http, peerPort: peer };
}

/** Only its owner may read it: it holds the cluster's secret. */
export function writeDevConfig(directory: string, config: DevConfig): void {
  replaceFile(join(directory, CONFIG_FILE_NAME), `${JSON.stringify(config, null, 2)}\n`, 0o600);
}

/** The cluster as it is told to tools, with nothing running yet. */
export function clusterFileOf(config: DevConfig, shape: ClusterShape, basePort: number): ClusterFile {
  const datacenters = Array.from({ length: shape.datacenters }, (_, index) => ({
    name: datacenterName(index),
    index,
    nodes: Array.from({ length: shape.nodes }, (__, n) => {
      const { resp, http, peer } = portsOf(basePort, index, n);
      const name = nodeName(index, n);
      return { name, pid: null, resp: `${host}:${resp}`, http: `${host}:${http}`, peer: `${host}:${peer}` };
    }),
  }));
  return { cluster: config.cluster.id, datacenters };
}

/** The shape of what is there; undefined when its datacenters differ in size, so that no `cops up` made it. */
export function shapeOfConfig({ cluster }: DevConfig): ClusterShape | undefined {
  const [first] = cluster.datacenters;
  const nodes = first?.nodes.length ?? 0;
  if (cluster.datacenters.some((datacenter) => datacenter.nodes.length !== nodes)) return undefined;
  return { datacenters: cluster.datacenters.length, nodes, partitions: cluster.partitions };
}
