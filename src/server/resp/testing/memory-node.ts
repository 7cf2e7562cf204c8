/*
 * Nodes for tests of the RESP port: the driver over log and store in memory, and between nodes a network in memory whose
 * frames arrive with the next turn of the event loop. One node needs no network at all.
 */
import { Placement, datacenterOfNode } from "../../../core/placement.ts";
import type { NodeId } from "../../../core/placement.ts";
import { frameBytesMaxDefault } from "../../../net/frame-limits.ts";
import type { LinkStats, Transport, TransportEvents } from "../../../net/transport.ts";
import { invariant } from "../../../shared/assert.ts";
import type { Bytes } from "../../../shared/bytes.ts";
import { MemoryLog } from "../../../storage/memory-log.ts";
import { MemoryStore } from "../../../storage/memory-store.ts";
import type { Store } from "../../../storage/store.ts";
import { NodeDriver } from "../../node-driver.ts";
import { RespServer } from "../resp-server.ts";
import type { RespServerOptions } from "../resp-server.ts";
import type { WhyReport } from "../providers.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Frames between the nodes of one test, in order, from turn to turn. */
export class TurnNetwork {
  private readonly nodes = new Map<NodeId, TransportEvents>();
  private readonly cuts = new Set<NodeId>();
  /** What waits for `release`, in order, while the frames of a node are held. */
  private held: { readonly from: NodeId; readonly deliver: (() => void)[] } | undefined;

  join(self: NodeId, events: TransportEvents): void {
    for (const [peer, other] of this.nodes) {
      other.onUp(self);
      events.onUp(peer);
    }
    this.nodes.set(self, events);
  }

  send(from: NodeId, to: NodeId, frame: Bytes, length: number): void {
    invariant(length <= frameBytesMaxDefault, "a frame is one that links take");
    const copy = Buffer.from(frame.subarray(0, length)) as unknown as Bytes;
    const deliver = (): void => {
      if (!this.cuts.has(from) && !this.cuts.has(to)) this.nodes.get(to)?.onFrame(from, copy);
    };
    setImmediate(() => {
      if (this.held?.from === from) this.held.deliver.push(deliver);
      else deliver();
    });
  }

  /** Frames of this node arrive with `release`, not before. */
  hold(from: NodeId): void {
    this.held = { from, deliver: [] };
  }

  release(): void {
    const deliver = this.held?.deliver ?? [];
    this.held = undefined;
    for (const one of deliver) one();
  }

  /** No frame reaches or leaves this node any more, and the others are told. */
  cut(node: NodeId): void {
    this.cuts.add(node);
    for (const [peer, other] of this.nodes) if (peer !== node) other.onDown(node, "cut");
  }

  leave(node: NodeId): void {
    this.nodes.delete(node);
  }
}

class TurnTransport implements Transport {
  private readonly self: NodeId;
  private readonly network: TurnNetwork;

  constructor(self: NodeId, network: TurnNetwork) {
    this.self = self;
    this.network = network;
  }

  async start(events: TransportEvents): Promise<void> {
    this.network.join(this.self, events);
  }

  send(peer: NodeId, frame: Bytes, length: number): boolean {
    this.network.send(this.self, peer, frame, length);
    return true;
  }

  queuedBytes(): number {
    return 0;
  }

  links(): readonly LinkStats[] {
    return [];
  }

  async close(): Promise<void> {
    this.network.leave(this.self);
  }
}

export interface MemoryNodeOptions {
  readonly self?: NodeId;
  readonly placement?: Placement;
  readonly network?: TurnNetwork;
  readonly store?: Store;
  readonly server?: Partial<RespServerOptions>;
}

export interface MemoryNode {
  readonly driver: NodeDriver;
  readonly store: Store;
  readonly server: RespServer;
  /** What was logged, as [fields, message]. */
  readonly warnings: [object, string][];
  readonly bugs: Error[];
  /** Takes a checkpoint, and lets go of every record that may leave memory. */
  forgetMemory(): Promise<void>;
  close(): Promise<void>;
}

export async function startMemoryNode(options: MemoryNodeOptions = {}): Promise<MemoryNode> {
  const self = options.self ?? 0;
  const placement = options.placement ?? new Placement([1], 8);
  const store: Store = options.store ?? new MemoryStore({ schedule: setImmediate });
  const log = new MemoryLog({ schedule: setImmediate });
  const bugs: Error[] = [];
  const warnings: [object, string][] = [];
  const onBug = (error: Error): void => {
    bugs.push(error);
  };
  const driver = new NodeDriver({ self, placement, log, store, logger: silent, onFatal: onBug });
  await driver.recover();
  const network = options.network ?? new TurnNetwork();
  const server = new RespServer({
    driver,
    host: "127.0.0.1",
    port: 0,
    cluster: "test",
    why: async (key): Promise<WhyReport> => ({ key, partition: 0, datacenters: [] }),
    topology: () => topologyOf(placement, self, server.port),
    logger: { ...silent, warn: (fields, message) => warnings.push([fields, message]) },
    version: "0.0.0-test",
    onBug,
    ...options.server,
  });
  driver.onFlushed = () => server.flush();
  await driver.start(new TurnTransport(self, network));
  await server.listen();
  return {
    driver,
    store,
    server,
    warnings,
    bugs,
    async forgetMemory() {
      await driver.checkpointer.takeNow();
      for (const partition of driver.core.state.partitions.values()) {
        for (const record of partition.records.values()) if (record.evictable) partition.records.delete(record.key);
      }
    },
    async close() {
      await server.close();
      await driver.close();
    },
  };
}

function topologyOf(placement: Placement, self: NodeId, port: number): ReturnType<RespServerOptions["topology"]> {
  const index = datacenterOfNode(self);
  const owned = { datacenter: index, datacenterName: `d${index}`, partitions: placement.partitionsOf(self) };
  const nodes = [{ name: `n${self}`, host: "127.0.0.1", port, httpPort: 1, ...owned }];
  return {
    cluster: "test",
    datacenter: { name: `d${index}`, index },
    node: `n${self}`,
    partitions: placement.partitions,
    view: 1,
    hash: "murmur3_32 seed 0",
    nodes,
  };
}
