/*
 * A development cluster of real processes under the harness: started and stopped by the `cops` command, as a user would.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const launcher = fileURLToPath(new URL("../../../bin/cops.js", import.meta.url));
const commandMsMax = 90_000;

export interface ClusterNode {
  readonly name: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  readonly resp: string;
  readonly http: string;
}

export interface ClusterDatacenter {
  readonly name: string;
  readonly index: number;
  readonly nodes: readonly ClusterNode[];
}

export interface ClusterShape {
  readonly datacenters: number;
  readonly nodes: number;
  readonly port: number;
  readonly wanDelayMs: number;
}

export class DevCluster {
  private readonly data: string;

  constructor(data: string) {
    this.data = data;
  }

  async up(shape: ClusterShape): Promise<void> {
    const { datacenters, nodes, port, wanDelayMs } = shape;
    const numbers = { datacenters, nodes, port, "wan-delay-ms": wanDelayMs };
    const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
    await this.cops("up", ...flags, "--detach");
  }

  async down(): Promise<void> {
    await this.cops("down");
  }

  /** The truth at this moment: pids change when nodes are restarted. */
  datacenters(): readonly ClusterDatacenter[] {
    const file = JSON.parse(readFileSync(join(this.data, "cluster.json"), "utf8")) as {
      readonly datacenters: readonly ClusterDatacenter[];
    };
    return file.datacenters;
  }

  cut(a: string, b: string): Promise<string> {
    return this.cops("fault", "cut", a, b);
  }

  heal(): Promise<string> {
    return this.cops("fault", "heal");
  }

  private async cops(...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [launcher, ...args, "--data", this.data], { timeout: commandMsMax });
    return stdout;
  }
}

export function addressOf(node: ClusterNode): { host: string; port: number } {
  const [host = "127.0.0.1", port = "0"] = node.resp.split(":");
  return { host, port: Number(port) };
}
