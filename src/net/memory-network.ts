/*
 * A network of nodes in one process on virtual time, for the simulator (design, section 7). It draws every chance from one
 * seeded source and does everything through `schedule`, so a seed gives the same run each time.
 *
 * What it can do: delays per direction with spikes, loss, duplication, reordering (beyond the port's promise, on purpose),
 * partitions one-way and two-way, connections cut, nodes that crash loudly or silently and come back. What it leaves out:
 * limited bandwidth, and damage to bytes, which the TCP adapter's checksums turn into a lost connection.
 */
import { invariant } from "../shared/assert.ts";
import { frameBytesMaxDefault, queueBytesMaxDefault } from "./frame-limits.ts";
import { faultless } from "./memory-faults.ts";
import type { LinkFaults, RandomSource } from "./memory-faults.ts";
import { MemoryLink } from "./memory-link.ts";
import type { LinkWorld } from "./memory-link.ts";
import { MemoryTransport } from "./memory-transport.ts";
import type { MemoryTransportWorld } from "./memory-transport.ts";
import type { NodeId } from "./transport.ts";

export interface MemoryNetworkOptions {
  readonly random: RandomSource;
  /** Runs `run` after this much virtual time, never at once; equal times in the order of scheduling. */
  readonly schedule: (delayMs: number, run: () => void) => void;
  /** The virtual time, in milliseconds since 1970. */
  readonly now: () => number;
  readonly nodes: readonly NodeId[];
  /** For every direction until `setFaults` says otherwise. */
  readonly faults?: Partial<LinkFaults>;
  /** How long a side takes to notice that it hears nothing. */
  readonly detectMs?: number;
  /** How long a new connection takes at most. */
  readonly reconnectMs?: number;
  readonly queueBytesMax?: number;
  readonly frameBytesMax?: number;
}

export class MemoryNetwork {
  readonly #random: RandomSource;
  readonly #links = new Map<NodeId, Map<NodeId, MemoryLink>>();
  readonly #all: MemoryLink[] = [];
  readonly #transports = new Map<NodeId, MemoryTransport>();
  readonly #transportWorld: MemoryTransportWorld;
  #faults: LinkFaults;

  constructor(options: MemoryNetworkOptions) {
    const { random, schedule, now, nodes, faults, detectMs = 5000, reconnectMs = 50 } = options;
    this.#random = random;
    this.#faults = { ...faultless, ...faults };
    const linkWorld: LinkWorld = {
      random,
      schedule,
      now,
      detectMs,
      reconnectMs,
      nodeAt: (node) => this.#transports.get(node),
    };
    this.#transportWorld = {
      schedule,
      now,
      queueBytesMax: options.queueBytesMax ?? queueBytesMaxDefault,
      frameBytesMax: options.frameBytesMax ?? frameBytesMaxDefault,
      linksOf: (node) => this.#linksOf(node),
      onClosed: (transport) => this.#transports.delete(transport.node),
    };
    this.#layLinks(
      [...nodes].toSorted((a, b) => a - b),
      linkWorld,
    );
  }

  /** A transport for a node that has none: at the beginning, after its crash, after its close. */
  open(node: NodeId): MemoryTransport {
    invariant(this.#links.has(node), "a node of this network");
    invariant(!this.#transports.has(node), "a node has one transport at a time");
    const transport = new MemoryTransport(node, this.#transportWorld);
    this.#transports.set(node, transport);
    return transport;
  }

  /** Ends the node's process between two turns. Silently: the machine with it, so that the others hear nothing. */
  crash(node: NodeId, silently: boolean = this.#random.chance(0.5)): void {
    const transport = this.#transports.get(node);
    if (transport === undefined) return;
    this.#transports.delete(node);
    transport.die();
    for (const link of this.#linksOf(node).values()) link.crash(node, silently);
  }

  setFaults(from: NodeId, to: NodeId, faults: Partial<LinkFaults>): void {
    this.#link(from, to).setFaults(from, { ...this.#faults, ...faults });
  }

  setFaultsEverywhere(faults: Partial<LinkFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
    for (const link of this.#all) for (const node of link.nodes) link.setFaults(node, this.#faults);
  }

  /** Nothing gets from `from` to `to` any more. */
  cutOneWay(from: NodeId, to: NodeId): void {
    this.#link(from, to).cut(from);
  }

  cut(a: NodeId, b: NodeId): void {
    this.cutOneWay(a, b);
    this.cutOneWay(b, a);
  }

  /** Cuts every link between the two groups. */
  partition(group: readonly NodeId[], rest: readonly NodeId[]): void {
    for (const a of group) for (const b of rest) this.cut(a, b);
  }

  healOneWay(from: NodeId, to: NodeId): void {
    this.#link(from, to).heal(from);
  }

  heal(a: NodeId, b: NodeId): void {
    this.healOneWay(a, b);
    this.healOneWay(b, a);
  }

  /** Heals every cut; delays and other faults stay. */
  healEverywhere(): void {
    for (const link of this.#all) for (const node of link.nodes) if (link.isCut(node)) link.heal(node);
  }

  /** Breaks the connection; it comes up anew. */
  sever(a: NodeId, b: NodeId): void {
    this.#link(a, b).sever("CONNECTION_LOST the connection broke");
  }

  #layLinks(nodes: readonly NodeId[], world: LinkWorld): void {
    for (const node of nodes) this.#links.set(node, new Map());
    invariant(this.#links.size === nodes.length, "each node is there once");
    for (const [index, a] of nodes.entries()) {
      for (const b of nodes.slice(index + 1)) {
        const link = new MemoryLink(a, b, this.#faults, world);
        this.#all.push(link);
        this.#linksOf(a).set(b, link);
        this.#linksOf(b).set(a, link);
      }
    }
  }

  #linksOf(node: NodeId): Map<NodeId, MemoryLink> {
    const links = this.#links.get(node);
    invariant(links !== undefined, "a node of this network");
    return links;
  }

  #link(a: NodeId, b: NodeId): MemoryLink {
    const link = this.#linksOf(a).get(b);
    invariant(link !== undefined, "two nodes of this network");
    return link;
  }
}
