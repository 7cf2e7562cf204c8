/*
 * A development cluster in a directory:
 *
 *     cluster.json    where its nodes listen and which processes they are     (cluster-file.ts)
 *     config.json     the nodes' configuration file                           (dev-config.ts)
 *     lock.json       which process supervises it                             (storage/directory-lock.ts)
 *     nodes/NAME/     a node's data
 *     logs/NAME.log   what a node prints; supervisor.log where it runs detached
 *
 * `open` refuses what would do harm, before it changes anything: a directory in use, data of another shape, ports that
 * are taken. From then on cluster.json follows the supervisor.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BusyPort } from "./busy-ports.ts";
import { busyPorts } from "./busy-ports.ts";
import type { ClusterFile } from "./cluster-file.ts";
import { readClusterFile, withPid, writeClusterFile } from "./cluster-file.ts";
import type { DevConfig } from "./dev-config.ts";
import {
  CONFIG_FILE_NAME,
  NODES_DIRECTORY_NAME,
  clusterFileOf,
  newDevConfig,
  readDevConfig,
  settledDevConfig,
  shapeOfConfig,
  writeDevConfig,
} from "./dev-config.ts";
import { dataFlag } from "./cluster-text.ts";
import { cliArguments, commandName, nodeEnvironment } from "./node-command.ts";
import { liveHolderOf, startTimeOf } from "./process-identity.ts";
import type { ClusterShape } from "./shape.ts";
import { shapeText } from "./shape.ts";
import type { NodeSpec } from "./supervised-node.ts";
import { CliError } from "../errors.ts";
import type { DirectoryLock } from "../../storage/directory-lock.ts";
import { lockDirectory } from "../../storage/directory-lock.ts";
import { DataDirectoryInUseError } from "../../storage/errors.ts";

const LOGS_DIRECTORY_NAME = "logs";
const BUSY_PORTS_SHOWN_MAX = 6;
/** A node stops within its shutdownTimeoutMs, 10 seconds unless told. */
const LEFT_NODES_MS_MAX = 12_000;
const ZOMBIE_MS_MAX = 5_000;
const POLL_MS = 100;
const PORTS_STEP = 1000;

export interface DevClusterOptions {
  readonly directory: string;
  readonly shape: ClusterShape;
  readonly basePort: number;
  readonly wanDelayMs: number;
}

export type NodeArguments = (name: string, configFile: string) => readonly string[];
/** What a node finds in its environment besides what this process has. */
export type NodeEnvironment = (name: string) => Readonly<Record<string, string>>;

const nodeArguments: NodeArguments = (name, file) => cliArguments(["server", "--config", file, "--node", name]);

export class DevCluster {
  readonly directory: string;
  #file: ClusterFile;
  readonly #lock: DirectoryLock;

  private constructor(directory: string, file: ClusterFile, lock: DirectoryLock) {
    this.directory = directory;
    this.#file = file;
    this.#lock = lock;
  }

  /** Rejects with CliError ALREADY_RUNNING, OTHER_SHAPE, BAD_CLUSTER_FILE or PORTS_BUSY. */
  static async open(options: DevClusterOptions): Promise<DevCluster> {
    const { directory, shape, basePort, wanDelayMs } = options;
    mkdirSync(logsDirectory(directory), { recursive: true });
    const lock = await lockOf(directory);
    try {
      const config = settledDevConfig(configFor(directory, shape), shape, basePort, wanDelayMs);
      const file = clusterFileOf(config, shape, basePort);
      await requireFreePorts(directory, file, basePort);
      writeDevConfig(directory, config);
      writeClusterFile(directory, file);
      return new DevCluster(directory, file, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get file(): ClusterFile {
    return this.#file;
  }

  /** How to start each node; `argumentsOf` gives what follows the name of this process's own program. */
  specs(argumentsOf: NodeArguments = nodeArguments, environmentOf: NodeEnvironment = () => ({})): NodeSpec[] {
    const names = this.#file.datacenters.flatMap(({ nodes }) => nodes.map(({ name }) => name));
    return names.map((name) => ({
      name,
      command: process.execPath,
      args: argumentsOf(name, join(this.directory, CONFIG_FILE_NAME)),
      environment: { ...nodeEnvironment(process.env), ...environmentOf(name) },
      outputFile: join(logsDirectory(this.directory), `${name}.log`),
    }));
  }

  /** Keeps cluster.json true. */
  recordPid(name: string, pid: number | null): void {
    const next = withPid(this.#file, name, pid);
    if (JSON.stringify(next) === JSON.stringify(this.#file)) return;
    this.#file = next;
    writeClusterFile(this.directory, next);
  }

  /** Every node has served: from now on one whose data directory is empty has lost its data. What was set by hand stays. */
  expectData(): void {
    const config = readDevConfig(this.directory);
    if (config === undefined || config["expectExistingData"] !== undefined) return;
    writeDevConfig(this.directory, { ...config, expectExistingData: true });
  }

  /** Gives the directory to whoever starts it next. */
  close(): Promise<void> {
    return this.#lock.release();
  }
}

export function logsDirectory(directory: string): string {
  return join(directory, LOGS_DIRECTORY_NAME);
}

/** A holder that was killed still counts until its parent has taken note (a zombie), which it soon does. */
async function lockOf(directory: string): Promise<DirectoryLock> {
  const untilMs = performance.now() + ZOMBIE_MS_MAX;
  for (;;) {
    try {
      return await lockDirectory(directory);
    } catch (error) {
      if (!(error instanceof DataDirectoryInUseError)) throw error;
      const isHeld = liveHolderOf(directory) !== undefined;
      if (isHeld || performance.now() > untilMs) throw alreadyRunning(directory, error.pid, error);
      await sleep(POLL_MS);
    }
  }
}

export function alreadyRunning(directory: string, pid: number | undefined, cause?: unknown): CliError {
  const by = pid === undefined ? "" : ` (process ${pid})`;
  const data = dataFlag(directory);
  const remedy = `see \`${commandName} status${data}\`, stop it with \`${commandName} down${data}\`, or use another --data`;
  return new CliError("ALREADY_RUNNING", `a development cluster runs on ${directory} already${by}; ${remedy}`, cause);
}

/** The configuration that is there, or a new one where there are no data. */
function configFor(directory: string, shape: ClusterShape): DevConfig {
  const found = readDevConfig(directory);
  if (found === undefined) {
    if (!hasNodeData(directory)) return newDevConfig(shape.partitions);
    const words = `${directory} holds data of nodes but no ${CONFIG_FILE_NAME}, which says whose they are`;
    throw new CliError("OTHER_SHAPE", `${words}; bring that file back, or use another --data`);
  }
  const foundShape = shapeOfConfig(found);
  if (foundShape === undefined || shapeText(foundShape) !== shapeText(shape)) {
    throw new CliError("OTHER_SHAPE", otherShapeText(directory, foundShape, shape));
  }
  return found;
}

function otherShapeText(directory: string, found: ClusterShape | undefined, wanted: ClusterShape): string {
  if (found === undefined) return `the cluster in ${directory} was not made by \`cops up\`; use another --data`;
  const { datacenters, nodes, partitions } = found;
  const command = `${commandName} up --datacenters ${datacenters} --nodes ${nodes} --partitions ${partitions}`;
  return (
    `the data in ${directory} are of ${shapeText(found)}; asked for were ${shapeText(wanted)}.\n` +
    `Start it as it is with \`${command}\`, or use another --data`
  );
}

function hasNodeData(directory: string): boolean {
  try {
    return readdirSync(join(directory, NODES_DIRECTORY_NAME)).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Nodes whose supervisor was killed take a moment to stop by themselves. */
async function requireFreePorts(directory: string, file: ClusterFile, basePort: number): Promise<void> {
  const untilMs = performance.now() + LEFT_NODES_MS_MAX;
  let busy = await busyPorts(file);
  while (busy.length > 0 && performance.now() < untilMs && hasLeftNodes(directory)) {
    await sleep(POLL_MS);
    busy = await busyPorts(file);
  }
  if (busy.length > 0) throw new CliError("PORTS_BUSY", busyText(busy, basePort));
}

/** Whether nodes of a cluster that nobody supervises may still run, by what cluster.json says of their pids. */
function hasLeftNodes(directory: string): boolean {
  if (readDevConfig(directory) === undefined) return false;
  const pids = readClusterFile(directory).datacenters.flatMap(({ nodes }) => nodes.map(({ pid }) => pid));
  return pids.some((pid) => pid !== null && startTimeOf(pid) !== undefined);
}

function busyText(busy: readonly BusyPort[], basePort: number): string {
  const shown = busy.slice(0, BUSY_PORTS_SHOWN_MAX).map(({ address, node, why }) => `${address} (${node}, ${why})`);
  const more = busy.length > shown.length ? ` and ${busy.length - shown.length} more` : "";
  return `cannot listen on ${shown.join(", ")}${more}; use another --port, such as ${basePort + PORTS_STEP}`;
}
