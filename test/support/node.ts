/*
 * One node as an operator runs it: `cops server` with a configuration file, its output, its end.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { freeBasePort } from "../../src/cli/testing/free-ports.ts";
import type { CopsOutcome } from "../../src/cli/testing/run-cops.ts";
import type { NodeStatus } from "../../src/server/http/status.ts";

const launcher = fileURLToPath(new URL("../../bin/cops.js", import.meta.url));
const runMsMax = 15_000;

/** The ports of the only node of each datacenter. */
export interface NodePorts {
  readonly respPort: number;
  readonly httpPort: number;
  readonly peerPort: number;
}

export async function portsFor(datacenters: number): Promise<NodePorts[]> {
  const base = await freeBasePort({ datacenters, nodes: 1, partitions: 1 });
  return Array.from({ length: datacenters }, (_, d) => {
    const respPort = base + 100 * d;
    return { respPort, httpPort: respPort + 30, peerPort: respPort + 60 };
  });
}

/** JSON is YAML, one line for each setting, so that line numbers mean something. */
export function writeConfig(directory: string, name: string, settings: Readonly<Record<string, unknown>>): string {
  const path = join(directory, name);
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  writeFileSync(path, lines.join(""));
  return path;
}

/** Runs a node that is expected to end by itself; one that does not is asked to stop, and its exit code is 0. */
export async function runServer(config: string, node: string, ...flags: string[]): Promise<CopsOutcome> {
  const child = spawn(process.execPath, [launcher, "server", "--config", config, "--node", node, ...flags]);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const timer = setTimeout(() => child.kill("SIGTERM"), runMsMax);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, output, errors };
}

export class ServerProcess {
  output = "";
  private readonly child: ChildProcess;
  private readonly ports: NodePorts;
  private readonly ended: Promise<unknown>;
  private readonly clients: Redis[] = [];

  private constructor(child: ChildProcess, ports: NodePorts) {
    this.child = child;
    this.ports = ports;
    this.ended = once(child, "exit");
    child.stdout?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Resolves when it says that it is ready. Rejects with what it said when it ends before. */
  static async start(config: string, name: string, ports: NodePorts, ...flags: string[]): Promise<ServerProcess> {
    const args = [launcher, "server", "--config", config, "--node", name, ...flags];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const node = new ServerProcess(child, ports);
    const first = await Promise.race([once(child, "message"), node.ended.then(() => undefined)]);
    if (first === undefined) throw new Error(`${name} did not start: ${node.output}`);
    return node;
  }

  redis(): Redis {
    const client = new Redis({ port: this.ports.respPort, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on("error", () => undefined);
    this.clients.push(client);
    return client;
  }

  async status(): Promise<NodeStatus> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.httpPort}/status`);
    return (await answer.json()) as NodeStatus;
  }

  /** Its exit code. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    for (const client of this.clients.splice(0)) client.disconnect();
    this.child.kill(signal);
    await this.ended;
    return this.child.exitCode;
  }
}
