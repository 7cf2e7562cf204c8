/*
 * The ConfigStore of a cluster that its configuration file describes: one view, number 1, for as long as it runs. To
 * change it, the operator changes the file on every node and starts them anew; nodes whose files differ do not talk to
 * each other (the configuration digest of the handshake).
 *
 * Nothing here replaces a node, so a lease never runs out. It is kept within the process; that two processes do not act
 * as one node is seen to by the lock on the node's data directory, which a lease cannot outdo without a third party.
 */
import type { ConfigStore, Lease } from "./config-store.ts";
import { ConfigStoreClosedError, LeaseHeldError, UnknownNodeError } from "./errors.ts";
import type { View, ViewDatacenter } from "./view.ts";
import { nodeIdOf } from "../core/placement.ts";
import type { NodeId } from "../core/placement.ts";

/** What the adapter needs of the configuration file: the shape of its `cluster` section. */
export interface StaticCluster {
  readonly id: string;
  readonly partitions: number;
  readonly datacenters: readonly {
    readonly name: string;
    readonly nodes: readonly {
      readonly name: string;
      readonly host: string;
      readonly respPort: number;
      readonly httpPort: number;
      readonly peerPort: number;
    }[];
  }[];
}

function staticView({ id, partitions, datacenters }: StaticCluster): View {
  return { number: 1, cluster: id, partitions, datacenters: datacenters.map(viewDatacenter) };
}

function viewDatacenter({ name, nodes }: StaticCluster["datacenters"][number], index: number): ViewDatacenter {
  return {
    name,
    index,
    nodes: nodes.map(({ name: node, host, respPort, httpPort, peerPort }, n) => ({
      id: nodeIdOf(index, n),
      name: node,
      host,
      respPort,
      httpPort,
      peerPort,
    })),
  };
}

export class StaticConfigStore implements ConfigStore {
  readonly #view: View;
  readonly #nodes: ReadonlySet<NodeId>;
  readonly #leases = new Map<NodeId, StaticLease>();
  #closed = false;

  constructor(cluster: StaticCluster) {
    this.#view = staticView(cluster);
    this.#nodes = new Set(this.#view.datacenters.flatMap(({ nodes }) => nodes.map(({ id }) => id)));
  }

  async view(): Promise<View> {
    this.#requireOpen();
    return this.#view;
  }

  watch(onView: (view: View) => void): () => void {
    this.#requireOpen();
    let watching = true;
    queueMicrotask(() => {
      if (watching && !this.#closed) onView(this.#view);
    });
    return () => {
      watching = false;
    };
  }

  async lease(node: NodeId): Promise<Lease> {
    this.#requireOpen();
    if (!this.#nodes.has(node)) throw new UnknownNodeError(node);
    if (this.#leases.has(node)) throw new LeaseHeldError(node);
    const lease = new StaticLease(node, () => this.#leases.delete(node));
    this.#leases.set(node, lease);
    return lease;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#leases.values()].map((lease) => lease.release()));
  }

  #requireOpen(): void {
    if (this.#closed) throw new ConfigStoreClosedError();
  }
}

class StaticLease implements Lease {
  readonly node: NodeId;
  readonly expiresMs = Infinity;
  readonly ended: Promise<"released">;
  readonly #end: (how: "released") => void;
  readonly #forget: () => void;
  #held = true;

  constructor(node: NodeId, forget: () => void) {
    const { promise, resolve } = Promise.withResolvers<"released">();
    this.node = node;
    this.ended = promise;
    this.#end = resolve;
    this.#forget = forget;
  }

  async release(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    this.#forget();
    this.#end("released");
  }
}
