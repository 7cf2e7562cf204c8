/*
 * Operator ports of the nodes of a cluster in memory, for tests.
 */
import { createHmac } from "node:crypto";
import { createConnection } from "node:net";
import type { HttpOptions, NodePhase } from "../http-options.ts";
import { startHttp } from "../start-http.ts";
import type { HttpServer } from "../start-http.ts";
import type { MemoryCluster, MemoryNode } from "../../testing/memory-cluster.ts";
import { FaultLayer } from "../../../net/fault-layer.ts";
import { allocBytes } from "../../../shared/bytes.ts";
import type { Bytes } from "../../../shared/bytes.ts";
import { signatureBytes } from "../../../protocol/causal-token.ts";

export interface HttpNode {
  readonly server: HttpServer;
  readonly url: string;
  readonly node: MemoryNode;
  /** Errors that would have ended the node. */
  readonly fatal: Error[];
  readonly logged: string[];
  phase: NodePhase;
}

type Overrides = Partial<Pick<HttpOptions, "password" | "faults" | "latencies" | "appends" | "clients">>;

export async function startHttpAt(
  cluster: MemoryCluster,
  node: MemoryNode,
  overrides: Overrides = {},
  attachTimeoutMs = 5_000,
): Promise<HttpNode> {
  const fatal: Error[] = [];
  const logged: string[] = [];
  const log = (fields: object, message: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const started: { phase: NodePhase } = { phase: "serving" };
  const server = await startHttp({
    host: "127.0.0.1",
    port: 0,
    password: undefined,
    driver: node.driver,
    cluster: { id: "test", datacenters: cluster.datacenters, sign: signed },
    links: () => cluster.links(node),
    faults: undefined,
    phase: () => started.phase,
    version: "1.2.3",
    logger: { info: log, warn: log, error: log },
    attachTimeoutMs,
    onFatal: (error) => void fatal.push(error),
    ...overrides,
  });
  const url = `http://127.0.0.1:${server.port}`;
  return Object.assign(started, { server, url, node, fatal, logged });
}

export function faultLayerOf(node: MemoryNode): FaultLayer | undefined {
  return node.transport instanceof FaultLayer ? node.transport : undefined;
}

function signed(bytes: Bytes): Bytes {
  const signature = allocBytes(signatureBytes);
  createHmac("sha256", "a test's secret").update(bytes).digest().copy(signature, 0, 0, signatureBytes);
  return signature;
}

/** Sends bytes as they are; resolves with all that comes back until the other end closes. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
    socket.write(text, "latin1");
  });
}
