/*
 * A development cluster of real processes under the harness. It is `cops up --detach` in all but how its nodes are started:
 * some lie on small disks, their clocks can be set, their power can be cut. Everything else about it, `cops down` and `cops
 * status` included, is as for any development cluster.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ClusterPlan, NodePlan } from "./cluster-plan.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { fakeTimeLibrary, LyingClocks } from "./lying-clocks.ts";
import { markPowerCut, powerCutsOf } from "./power/journalled-disk.ts";
import type { PowerCut } from "./power/journalled-disk.ts";
import { SmallDisk } from "./small-disk.ts";
import { readClusterFile } from "../../cli/dev/cluster-file.ts";
import type { ClusterDatacenter, ClusterNode } from "../../cli/dev/cluster-file.ts";
import { detach } from "../../cli/dev/detach.ts";
import { nodeName } from "../../cli/dev/shape.ts";
import type { ClusterShape } from "../../cli/dev/shape.ts";
import { CliError } from "../../cli/errors.ts";
import { requestJson } from "../../cli/http-client.ts";
import type { FaultRequest } from "../../server/http/fault-messages.ts";

const run = promisify(execFile);
const launcher = fileURLToPath(new URL("../../../bin/cops.js", import.meta.url));
const supervisorProgram = fileURLToPath(new URL("supervisor/main.ts", import.meta.url));
const downMsMax = 90_000;
const orderAttemptsMax = 60;
const orderRetryMs = 500;
/** Of a small disk; above the reserve, room for a few segments of the log and the store. */
const smallDiskMebibytes = 256;
export const reserveMebibytes = 96;
/** So that segments change during a run. */
const logSegmentMebibytes = 1;
/** As bin/cops.js has it, which does not start these nodes. */
const threadPoolSize = 8;

export interface ClusterChoices {
  readonly directory: string;
  readonly shape: ClusterShape;
  readonly port: number;
  readonly wanDelayMs: number;
  readonly faults: readonly FaultKind[];
  /** A canary: the disks say synced and are not. */
  readonly lyingDisks: boolean;
}

export class ChaosCluster {
  /** By node: those of each datacenter's last node, where disks are to fill. */
  readonly disks: ReadonlyMap<string, SmallDisk>;
  readonly clocks: LyingClocks | undefined;
  readonly names: readonly string[];
  private readonly choices: ClusterChoices;
  private readonly data: string;

  constructor(choices: ClusterChoices) {
    const { directory, shape, faults } = choices;
    this.choices = choices;
    this.data = join(directory, "data");
    this.names = Array.from({ length: shape.datacenters }, (_, d) =>
      Array.from({ length: shape.nodes }, (__, n) => nodeName(d, n)),
    ).flat();
    this.disks = faults.includes("disk") ? this.mountDisks() : new Map<string, SmallDisk>();
    const library = faults.includes("clock") ? fakeTimeLibrary() : undefined;
    this.clocks = library === undefined ? undefined : new LyingClocks(library, join(directory, "clocks"));
    for (const name of this.names) this.clocks?.set(name, 0);
  }

  private mountDisks(): Map<string, SmallDisk> {
    const { directory, shape } = this.choices;
    const disks = new Map<string, SmallDisk>();
    for (let d = 0; d < shape.datacenters; d++) {
      const name = nodeName(d, shape.nodes - 1);
      const disk = SmallDisk.mount(smallDiskMebibytes, join(directory, "disks", name));
      if (disk !== undefined) disks.set(name, disk);
    }
    return disks;
  }

  async up(): Promise<void> {
    const { shape, port, wanDelayMs } = this.choices;
    const nodes = Object.fromEntries(this.names.map((name) => [name, this.planOf(name)]));
    const plan: ClusterPlan = { directory: this.data, shape, basePort: port, wanDelayMs, nodes };
    await detach(this.data, [...process.execArgv, supervisorProgram, JSON.stringify(plan)]);
  }

  private planOf(name: string): NodePlan {
    const { faults, lyingDisks } = this.choices;
    const disk = this.disks.get(name);
    const flags = ["--log-segment-bytes", `${logSegmentMebibytes}MiB`];
    if (disk !== undefined) flags.push("--data-directory", disk.path, "--min-free-bytes", `${reserveMebibytes}MiB`);
    const journal = faults.includes("power") ? { directory: this.journalOf(name), isLying: lyingDisks } : null;
    const environment = { UV_THREADPOOL_SIZE: String(threadPoolSize), ...this.clocks?.environmentOf(name) };
    return { journal, flags, environment };
  }

  /** Resolves when no process of it runs. */
  async down(): Promise<void> {
    await run(process.execPath, [launcher, "down", "--data", this.data], { timeout: downMsMax });
  }

  /** Lets go of what is outside the directory. */
  release(): void {
    for (const disk of this.disks.values()) disk.unmount();
  }

  /** The truth at this moment: pids change when nodes are restarted. */
  datacenters(): readonly ClusterDatacenter[] {
    return readClusterFile(this.data).datacenters;
  }

  nodes(): readonly ClusterNode[] {
    return this.datacenters().flatMap(({ nodes }) => nodes);
  }

  node(name: string): ClusterNode {
    const found = this.nodes().find((node) => node.name === name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  }

  /**
   * Tells both ends of the links between two datacenters. A node that does not run cannot be told and need not be: it comes
   * back with its links whole. With `insist`, one that runs and does not answer (it stands still) is asked until it does.
   */
  async orderLinks(a: number, b: number, action: FaultRequest["action"], delayMs = 0, insist = false): Promise<void> {
    const tell = (at: number, datacenter: number): Promise<void>[] => {
      const request: FaultRequest = action === "delay" ? { action, datacenter, delayMs } : { action, datacenter };
      const nodes = this.datacenters()[at]?.nodes ?? [];
      return nodes.map((node) => this.order(node.name, request, insist));
    };
    await Promise.all([...tell(a, b), ...tell(b, a)]);
  }

  /** All links as they were at the start. */
  async healLinks(): Promise<void> {
    await Promise.all(this.names.map((name) => this.order(name, { action: "heal" }, true)));
  }

  private async order(name: string, body: FaultRequest, insist: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { http, pid } = this.node(name);
      if (pid === null) return;
      try {
        const { status } = await requestJson("POST", http, "/faults", { body });
        if (status !== 200) throw new Error(`${name} answered ${status} to ${JSON.stringify(body)}`);
        return;
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        if (!insist) return;
        if (attempt === orderAttemptsMax) throw error;
        await sleep(orderRetryMs);
      }
    }
  }

  private journalOf(name: string): string {
    return join(this.choices.directory, "journals", name);
  }

  /** The next start of the node comes after a power cut. */
  markPowerCut(name: string, seed: number): void {
    markPowerCut(this.journalOf(name), seed);
  }

  powerCuts(): PowerCut[] {
    return this.names.flatMap((name) => powerCutsOf(this.journalOf(name)));
  }

  /** What nodes said before they ended by their own will: a broken invariant, lost data. */
  fatalWords(): string[] {
    const words = this.names.flatMap((name) =>
      fatalLines(join(this.data, "logs", `${name}.log`)).map((line) => `${name}: ${line}`),
    );
    // Such a node says the same at each of its starts.
    return [...new Set(words)];
  }
}

export function addressOf(node: ClusterNode): { host: string; port: number } {
  const [host = "127.0.0.1", port = "0"] = node.resp.split(":");
  return { host, port: Number(port) };
}

function fatalLines(path: string): string[] {
  return [`${path}.1`, path].flatMap((file) => {
    try {
      const lines = readFileSync(file, "utf8").split("\n");
      return lines.filter(
        (line) => line.startsWith(`{"level":"fatal"`) || /^cops: (?:LOST|LOG_CORRUPT|DATA_|FOREIGN)/.test(line),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  });
}
