/*
 * A development cluster for a benchmark: `cops up --detach`, what its nodes say, its links cut and healed, `cops down`.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readClusterFile } from "../../../cli/dev/cluster-file.ts";
import type { ClusterDatacenter } from "../../../cli/dev/cluster-file.ts";
import type { NodeStatus } from "../../../server/http/status.ts";

const run = promisify(execFile);
const launcher = fileURLToPath(new URL("../../../../bin/cops.js", import.meta.url));
const commandMsMax = 120_000;

export interface BenchClusterOptions {
  readonly directory: string;
  readonly port: number;
  readonly datacenters: number;
  readonly nodes: number;
}

export class BenchCluster {
  private readonly data: string;

  private constructor(data: string) {
    this.data = data;
  }

  static async start({ directory, port, datacenters, nodes }: BenchClusterOptions): Promise<BenchCluster> {
    const cluster = new BenchCluster(mkdtempSync(join(directory === "" ? tmpdir() : directory, "cops-bench-")));
    const shape = ["--datacenters", String(datacenters), "--nodes", String(nodes), "--port", String(port)];
    try {
      await cluster.cops("up", ...shape, "--detach");
    } catch (error) {
      rmSync(cluster.data, { recursive: true, force: true });
      throw error;
    }
    return cluster;
  }

  async stop(): Promise<void> {
    await this.cops("down");
    rmSync(this.data, { recursive: true, force: true });
  }

  /** RESP ports of a datacenter's nodes. */
  ports(datacenter: number): number[] {
    return this.nodes(datacenter).map(({ resp }) => Number(resp.split(":").at(-1)));
  }

  /** What its nodes have counted, together. */
  async counters(datacenter: number): Promise<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const { http } of this.nodes(datacenter)) {
      const { counters } = (await (await fetch(`http://${http}/status`)).json()) as NodeStatus;
      for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
    }
    return sums;
  }

  async cutAll(): Promise<void> {
    const { datacenters } = readClusterFile(this.data);
    for (const [i, a] of datacenters.entries()) {
      for (const b of datacenters.slice(i + 1)) await this.cops("fault", "cut", a.name, b.name);
    }
  }

  async heal(): Promise<void> {
    await this.cops("fault", "heal");
  }

  private nodes(datacenter: number): ClusterDatacenter["nodes"] {
    return readClusterFile(this.data).datacenters[datacenter]?.nodes ?? [];
  }

  private async cops(...args: readonly string[]): Promise<void> {
    await run(process.execPath, [launcher, ...args, "--data", this.data], { timeout: commandMsMax });
  }
}
