/*
 * Which ports of a development cluster are taken, told before anything starts: six nodes that fail one by one with
 * EADDRINUSE say the same less clearly.
 */
import { createServer } from "node:net";
import type { ClusterFile } from "./cluster-file.ts";

export interface BusyPort {
  readonly address: string;
  readonly node: string;
  readonly why: string;
}

export async function busyPorts(cluster: ClusterFile): Promise<BusyPort[]> {
  const wanted = cluster.datacenters.flatMap(({ nodes }) =>
    nodes.flatMap(({ name, resp, http, peer }) => [resp, http, peer].map((address) => ({ address, node: name }))),
  );
  const found = await Promise.all(
    wanted.map(async ({ address, node }) => {
      const why = await whyBusy(address);
      return why === undefined ? [] : [{ address, node, why }];
    }),
  );
  return found.flat();
}

/** Undefined when the port can be listened on, which this does for a moment. */
function whyBusy(address: string): Promise<string | undefined> {
  const { host, port } = splitAddress(address);
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
