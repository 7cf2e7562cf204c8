/*
 * Asks every node of a cluster how it is, all at once: a node that does not answer costs one timeout and is reported
 * with the reason.
 */
import { z } from "zod";
import type { ClusterFile, ClusterNode } from "./dev/cluster-file.ts";
import { CliError } from "./errors.ts";
import type { HttpOptions } from "./http-client.ts";
import { requestJson } from "./http-client.ts";
import type { NodeStatus } from "../server/http/status.ts";

/** As much of NodeStatus as is read here; a newer node may say more. */
const statusSchema = z.looseObject({
  pid: z.number(),
  uptimeSeconds: z.number(),
  ready: z.boolean(),
  log: z.looseObject({ bytes: z.number() }),
  shipping: z.array(z.looseObject({ datacenter: z.number(), behindBytes: z.number(), lagMs: z.number() })),
  waiting: z.looseObject({ count: z.number(), oldestMs: z.number() }),
  links: z.array(z.looseObject({ peer: z.number(), up: z.boolean() })),
  refusingWrites: z.string().nullable(),
});

export interface NodeReport extends Omit<ClusterNode, "pid"> {
  readonly datacenter: string;
  readonly datacenterIndex: number;
  /** As the node says, else as cluster.json does. */
  readonly pid: number | null;
  readonly up: boolean;
  /** Why there is no status. */
  readonly error: string | null;
  readonly status: NodeStatus | null;
}

export function nodeReports(cluster: ClusterFile, options: HttpOptions = {}): Promise<NodeReport[]> {
  const nodes = cluster.datacenters.flatMap(({ name, index, nodes: members }) =>
    members.map((node) => ({ ...node, datacenter: name, datacenterIndex: index })),
  );
  return Promise.all(nodes.map(async (node) => ({ ...node, ...(await askedStatus(node, options)) })));
}

type Asked = Pick<NodeReport, "up" | "error" | "status" | "pid">;

async function askedStatus(node: ClusterNode, options: HttpOptions): Promise<Asked> {
  try {
    const status = await nodeStatus(node.http, options);
    return { up: true, error: null, status, pid: status.pid };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { up: false, error: error.message, status: null, pid: node.pid };
  }
}

async function nodeStatus(address: string, options: HttpOptions): Promise<NodeStatus> {
  const { status, body } = await requestJson("GET", address, "/status", options);
  const parsed = statusSchema.safeParse(body);
  if (status === 401) throw new CliError("REPLY_ERROR", `http://${address} wants a password (COPS_PASSWORD)`);
  // The server's own type says the rest.
  if (status === 200 && parsed.success) return body as NodeStatus;
  throw new CliError("BAD_REPLY", `http://${address}/status answered ${status} with something else than a status`);
}
