/*
 * Finds what a command speaks to: the development cluster of --data (or COPS_DATA), or with --host and --port a node of
 * any cluster, which then says who else there is.
 */
import { z } from "zod";
import { splitAddress } from "./dev/busy-ports.ts";
import type { ClusterDatacenter, ClusterFile, ClusterNode } from "./dev/cluster-file.ts";
import { readClusterFile } from "./dev/cluster-file.ts";
import { readDevConfig } from "./dev/dev-config.ts";
import { CliError } from "./errors.ts";
import type { RespAddress } from "./resp-connection.ts";
import { RespConnection, textOf } from "./resp-connection.ts";
import { nearestWord } from "../server/config/edit-distance.ts";

export interface TargetOptions {
  readonly data: string;
  readonly host?: string;
  readonly port?: number;
  readonly password?: string;
  /** Of the development cluster. */
  readonly datacenter?: string;
}

export interface ClusterTarget {
  readonly cluster: ClusterFile;
  readonly password: string | undefined;
}

/** Connects to the node that was named, or to the first of the development cluster that answers. */
export async function openResp(options: TargetOptions): Promise<RespConnection> {
  if (isAnyCluster(options)) return RespConnection.open(namedNode(options));
  const { cluster, password } = developmentCluster(options);
  const nodes = candidates(cluster, options.datacenter);
  let last: unknown;
  for (const node of nodes) {
    try {
      return await RespConnection.open({ ...splitAddress(node.resp), password });
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== "UNREACHABLE") throw error;
      last = error;
    }
  }
  const where = options.datacenter === undefined ? "" : ` in datacenter ${options.datacenter}`;
  throw new CliError(
    "UNREACHABLE",
    `no node of the cluster in ${options.data} answers${where}; start it with \`cops up\``,
    last,
  );
}

/** Every node of the cluster. */
export async function findCluster(options: TargetOptions): Promise<ClusterTarget> {
  if (!isAnyCluster(options)) return developmentCluster(options);
  const connection = await RespConnection.open(namedNode(options));
  try {
    const reply = await connection.ask("COPS.TOPOLOGY", "JSON");
    return { cluster: clusterOfTopology(reply), password: options.password };
  } finally {
    connection.close();
  }
}

/** Throws CliError USAGE for a datacenter that the cluster does not have. */
export function datacenterNamed(cluster: ClusterFile, name: string): ClusterDatacenter {
  const found = cluster.datacenters.find((datacenter) => datacenter.name === name || String(datacenter.index) === name);
  if (found !== undefined) return found;
  const names = cluster.datacenters.map((datacenter) => datacenter.name);
  const meant = nearestWord(name, names);
  const right = meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${meant}?`;
  throw new CliError("USAGE", `there is no datacenter ${name}; ${right}`);
}

function isAnyCluster({ host, port }: TargetOptions): boolean {
  return host !== undefined || port !== undefined;
}

function namedNode({ host = "127.0.0.1", port = 7000, password }: TargetOptions): RespAddress {
  return { host, port, password };
}

/** What the configuration file says is the password; a stray COPS_PASSWORD is for other clusters. */
function developmentCluster({ data }: TargetOptions): ClusterTarget {
  const password = readDevConfig(data)?.["password"];
  return { cluster: readClusterFile(data), password: typeof password === "string" ? password : undefined };
}

/** Running nodes first. */
function candidates(cluster: ClusterFile, datacenter: string | undefined): ClusterNode[] {
  const all = datacenter === undefined ? cluster.datacenters : [datacenterNamed(cluster, datacenter)];
  return all.flatMap(({ nodes }) => nodes).toSorted((a, b) => Number(a.pid === null) - Number(b.pid === null));
}

const topologySchema = z.looseObject({
  cluster: z.string(),
  nodes: z.array(
    z.looseObject({
      name: z.string(),
      host: z.string(),
      port: z.int(),
      httpPort: z.int().optional(),
      peerPort: z.int().optional(),
      datacenter: z.int(),
      datacenterName: z.string().optional(),
    }),
  ),
});

function clusterOfTopology(reply: unknown): ClusterFile {
  const parsed = topologySchema.safeParse(typeof reply === "string" ? parsedJson(textOf(reply)) : undefined);
  if (!parsed.success) throw new CliError("BAD_REPLY", "the node's COPS.TOPOLOGY says something else than expected");
  const { cluster, nodes } = parsed.data;
  const indexes = [...new Set(nodes.map((node) => node.datacenter))].toSorted((a, b) => a - b);
  const datacenters = indexes.map((index) => {
    const members = nodes.filter((node) => node.datacenter === index);
    const name = members[0]?.datacenterName ?? `dc${index}`;
    return { name, index, nodes: members.map((node) => nodeOfTopology(node)) };
  });
  return { cluster, datacenters };
}

function nodeOfTopology(node: z.output<typeof topologySchema>["nodes"][number]): ClusterNode {
  const { name, host, port, httpPort, peerPort } = node;
  if (httpPort === undefined) throw new CliError("BAD_REPLY", `${host}:${port} does not tell the nodes' HTTP ports`);
  return { name, pid: null, resp: `${host}:${port}`, http: `${host}:${httpPort}`, peer: `${host}:${peerPort ?? 0}` };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError("BAD_REPLY", "the node's COPS.TOPOLOGY is no JSON", error);
  }
}
