/*
 * `DIR/cluster.json`: the truth about a development cluster, for every tool that speaks to it. The shape is a promise to
 * users:
 *
 *     {"cluster":ID,"datacenters":[{"name","index","nodes":[{"name","pid","resp":"127.0.0.1:7000","http":…,"peer":…}]}]}
 *
 * `pid` is null while the node does not run. Rewritten in one step whenever a pid changes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { replaceFile } from "./atomic-file.ts";
import { CliError } from "../errors.ts";

const CLUSTER_FILE_NAME = "cluster.json";

const address = z.string().regex(/^.+:\d+$/);
const nodeSchema = z.object({
  name: z.string(),
  pid: z.int().positive().nullable(),
  resp: address,
  http: address,
  peer: address,
});
const datacenterSchema = z.object({ name: z.string(), index: z.int().nonnegative(), nodes: z.array(nodeSchema) });
const clusterFileSchema = z.object({ cluster: z.string(), datacenters: z.array(datacenterSchema) });

export type ClusterNode = Readonly<z.output<typeof nodeSchema>>;
export type ClusterDatacenter = Readonly<z.output<typeof datacenterSchema>>;
export type ClusterFile = Readonly<z.output<typeof clusterFileSchema>>;

/** Throws CliError NO_CLUSTER where there is none, BAD_CLUSTER_FILE where it is something else. */
export function readClusterFile(directory: string): ClusterFile {
  const path = join(directory, CLUSTER_FILE_NAME);
  const parsed = clusterFileSchema.safeParse(readJson(directory, path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CliError(
    "BAD_CLUSTER_FILE",
    `${path} is damaged at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
  );
}

function readJson(directory: string, path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CliError("BAD_CLUSTER_FILE", `${path} is no JSON`, error);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const remedy = "start one with `cops up`, or say where it is with --data DIR or COPS_DATA";
    throw new CliError("NO_CLUSTER", `there is no development cluster in ${directory}; ${remedy}`, error);
  }
}

export function writeClusterFile(directory: string, cluster: ClusterFile): void {
  replaceFile(join(directory, CLUSTER_FILE_NAME), `${JSON.stringify(cluster, null, 2)}\n`);
}

/** The same cluster with one node's pid changed. */
export function withPid(cluster: ClusterFile, name: string, pid: number | null): ClusterFile {
  const datacenters = cluster.datacenters.map((datacenter) => ({
    ...datacenter,
    nodes: datacenter.nodes.map((node) => (node.name === name ? { ...node, pid } : node)),
  }));
  return { ...cluster, datacenters };
}
