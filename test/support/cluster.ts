/*
 * A development cluster of real processes under a test: started by `cops up`, spoken to over its ports, and gone at the
 * end whatever became of the test.
 *
 * `crash` is what a power cut is to processes: supervisor and nodes get SIGKILL together, before any of them can notice
 * that another has gone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { killAndWait, processesWith } from "./processes.ts";
import { readClusterFile } from "../../src/cli/dev/cluster-file.ts";
import { splitAddress } from "../../src/cli/dev/busy-ports.ts";
import type { ClusterShape } from "../../src/cli/dev/shape.ts";
import { freeBasePort } from "../../src/cli/testing/free-ports.ts";
import { runCops } from "../../src/cli/testing/run-cops.ts";
import type { CopsOutcome } from "../../src/cli/testing/run-cops.ts";
import type { NodeStatus } from "../../src/server/http/status.ts";

export interface NodeAddress {
  readonly name: string;
  readonly pid: number | null;
  readonly resp: string;
  readonly http: string;
}

export class Cluster {
  readonly directory: string;
  readonly data: string;
  readonly shape: ClusterShape;
  readonly basePort: number;
  private readonly clients: Redis[] = [];

  private constructor(shape: ClusterShape, basePort: number, directory: string) {
    this.shape = shape;
    this.basePort = basePort;
    this.directory = directory;
    this.data = join(directory, "data");
  }

  /** A directory and ports; nothing runs yet. */
  static async plan(shape: ClusterShape): Promise<Cluster> {
    return new Cluster(shape, await freeBasePort(shape), mkdtempSync(join(tmpdir(), "cops-processes-")));
  }

  static async start(shape: ClusterShape): Promise<Cluster> {
    const cluster = await Cluster.plan(shape);
    try {
      await cluster.up();
    } catch (error) {
      await cluster.end();
      throw error;
    }
    return cluster;
  }

  /** What `cops up` needs besides --detach. */
  get upArguments(): string[] {
    const { datacenters, nodes, partitions } = this.shape;
    const numbers = { datacenters, nodes, partitions, port: this.basePort };
    return ["up", ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)])];
  }

  cops(...args: string[]): Promise<CopsOutcome> {
    return runCops(args, { environment: { COPS_DATA: this.data, HOME: this.directory } });
  }

  async up(): Promise<void> {
    const { code, errors } = await this.cops(...this.upArguments, "--detach");
    if (code !== 0) throw new Error(`cops up ended with ${code}: ${errors}`);
  }

  node(datacenter: number, index = 0): NodeAddress {
    const node = readClusterFile(this.data).datacenters[datacenter]?.nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index} in datacenter ${datacenter}`);
    return node;
  }

  nodes(): readonly NodeAddress[] {
    return readClusterFile(this.data).datacenters.flatMap(({ nodes }) => nodes);
  }

  /** Of the nodes that run, and of their supervisor: whatever was told of this directory. */
  pids(): number[] {
    return processesWith(this.directory);
  }

  /** A client that neither reconnects nor repeats: what it was answered is what happened. */
  redis(datacenter: number, index = 0, enableAutoPipelining = false): Redis {
    const { host, port } = splitAddress(this.node(datacenter, index).resp);
    const client = new Redis({
      host,
      port,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableAutoPipelining,
    });
    // A lost connection shows in the commands that it took with it.
    client.on("error", () => undefined);
    this.clients.push(client);
    return client;
  }

  async status(datacenter: number, index = 0): Promise<NodeStatus> {
    const answer = await fetch(`http://${this.node(datacenter, index).http}/status`);
    return (await answer.json()) as NodeStatus;
  }

  crash(): Promise<void> {
    return killAndWait(this.pids());
  }

  /** Ends every process of the cluster and takes its directory away. */
  async end(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    // Twice: a node that was just being started again is not among the first.
    await killAndWait(this.pids());
    await killAndWait(this.pids());
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Asks again and again; the test's timeout is the bound. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(50);
}
