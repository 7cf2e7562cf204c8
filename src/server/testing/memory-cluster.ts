/*
 * A cluster of whole nodes in one process, for tests: NodeDrivers over logs, stores and a network in memory, on real time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { NodeDriver } from "../node-driver.ts";
import type { DriverLogger } from "../node-driver.ts";
import { nodeIdOf, Placement } from "../../core/placement.ts";
import type { NodeId } from "../../core/placement.ts";
import type { OperationSink } from "../../core/operations.ts";
import type { Session } from "../../core/session.ts";
import { MemoryNetwork } from "../../net/memory-network.ts";
import type { LinkStats, Transport } from "../../net/transport.ts";
import type { ResettableTransport } from "../../net/resettable-transport.ts";
import { invariant } from "../../shared/assert.ts";
import { Random } from "../../shared/random.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { MemoryLog } from "../../storage/memory-log.ts";
import { MemoryStore } from "../../storage/memory-store.ts";
import { conditionNone } from "../../protocol/messages/forward.ts";
import { effectAssign } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";

const waitMsMax = 20_000;

const silent: DriverLogger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface MemoryNode {
  readonly id: NodeId;
  readonly driver: NodeDriver;
  readonly log: MemoryLog;
  readonly transport: Transport;
}

export interface MemoryClusterOptions {
  /** Nodes of each datacenter. */
  readonly nodesOf: readonly number[];
  readonly partitions: number;
  /** Wraps each node's transport, as the fault layer does. */
  readonly wrap?: (inner: ResettableTransport, self: NodeId) => ResettableTransport;
}

const datacenterNames = ["east", "west", "north", "south"];

export class MemoryCluster {
  readonly placement: Placement;
  readonly network: MemoryNetwork;
  readonly nodes: Map<NodeId, MemoryNode> = new Map();
  /** Errors that would have ended a node. */
  readonly fatal: Error[] = [];
  readonly #options: MemoryClusterOptions;

  constructor(options: MemoryClusterOptions) {
    this.#options = options;
    this.placement = new Placement(options.nodesOf, options.partitions);
    const ids = options.nodesOf.flatMap((nodes, d) => Array.from({ length: nodes }, (_, n) => nodeIdOf(d, n)));
    const schedule = (delayMs: number, run: () => void): void => void setTimeout(run, Math.max(0, delayMs));
    this.network = new MemoryNetwork({ random: new Random(1), schedule, now: Date.now, nodes: ids, detectMs: 20 });
  }

  /** Every node runs, and all links between peers are up. */
  static async start(options: MemoryClusterOptions): Promise<MemoryCluster> {
    const cluster = new MemoryCluster(options);
    for (const [d, nodes] of options.nodesOf.entries()) {
      for (let n = 0; n < nodes; n++) await cluster.#startNode(nodeIdOf(d, n));
    }
    await cluster.until(() => cluster.#isLinked());
    return cluster;
  }

  get datacenters(): { name: string; nodes: { name: string }[] }[] {
    return this.#options.nodesOf.map((nodes, d) => {
      const name = datacenterNames[d] ?? `dc${d}`;
      return { name, nodes: Array.from({ length: nodes }, (_, n) => ({ name: `${name}-${n}` })) };
    });
  }

  node(datacenter: number, index: number): MemoryNode {
    const node = this.nodes.get(nodeIdOf(datacenter, index));
    invariant(node !== undefined, "a node of this cluster");
    return node;
  }

  owner(datacenter: number, key: ByteString): MemoryNode {
    const { placement } = this;
    const id = placement.owner(datacenter, placement.partitionOfHash(placement.hash(key)));
    return this.nodes.get(id) as MemoryNode;
  }

  /** A key whose partition this is. */
  keyIn(partition: number, prefix = "key"): ByteString {
    for (let i = 0; ; i++) {
      const key = `${prefix}${i}`;
      if (this.placement.partitionOfHash(this.placement.hash(key)) === partition) return key;
    }
  }

  links(node: MemoryNode): readonly LinkStats[] {
    const peers = this.placement.peersOf(node.id);
    return node.transport.links().filter((link) => peers.includes(link.peer));
  }

  /** Resolves when it holds; rejects after a long while. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineMs = Date.now() + waitMsMax;
    while (!(await holds())) {
      invariant(Date.now() < deadlineMs, `it holds within ${waitMsMax} ms`);
      await sleep(5);
    }
  }

  async close(): Promise<void> {
    for (const { driver } of this.nodes.values()) await driver.close();
  }

  async #startNode(id: NodeId): Promise<void> {
    const schedule = (complete: () => void): void => void setImmediate(complete);
    const log = new MemoryLog({ schedule });
    const store = new MemoryStore({ schedule });
    const onFatal = (error: Error): void => void this.fatal.push(error);
    const driver = new NodeDriver({ self: id, placement: this.placement, log, store, logger: silent, onFatal });
    const opened = this.network.open(id);
    const transport = this.#options.wrap?.(opened, id) ?? opened;
    this.nodes.set(id, { id, driver, log, transport });
    await driver.recover();
    await driver.start(transport);
  }

  #isLinked(): boolean {
    const nodes = [...this.nodes.values()];
    return nodes.every(({ id, driver }) => {
      const peers = this.placement.peersOf(id);
      return peers.every((peer) => driver.core.state.linksUp.has(peer));
    });
  }
}

type Told = (result: { version: Version | undefined } | { code: string }) => void;

class PromiseSink implements OperationSink {
  readonly #told: Told;

  constructor(told: Told) {
    this.#told = told;
  }

  readDone(_tag: number, version: Version | undefined): void {
    this.#told({ version });
  }

  writeDone(_tag: number, version: Version | undefined): void {
    this.#told({ version });
  }

  reached(): void {
    this.#told({ version: undefined });
  }

  failed(_tag: number, failure: { readonly code: string }): void {
    this.#told(failure);
  }
}

export async function put(node: MemoryNode, session: Session, key: ByteString, value: ByteString): Promise<Version> {
  const version = await submit((sink) => {
    node.driver.beginTurn();
    const write = { effect: effectAssign, key, value, expiry: 0, condition: conditionNone } as const;
    session.write({ ...write, wantOld: false, request: undefined }, sink, 0);
  });
  invariant(version !== undefined, "an unconditional put writes");
  return version;
}

export function get(node: MemoryNode, session: Session, key: ByteString): Promise<Version | undefined> {
  return submit((sink) => {
    node.driver.beginTurn();
    session.read(key, sink, 0);
  });
}

function submit(start: (sink: OperationSink) => void): Promise<Version | undefined> {
  return new Promise((resolve, reject) => {
    const sink = new PromiseSink((result) => {
      if ("code" in result) reject(new Error(result.code));
      else resolve(result.version);
    });
    start(sink);
  });
}
