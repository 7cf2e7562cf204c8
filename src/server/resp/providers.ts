/*
 * What the RESP port asks of other parts of the server, and the shapes of their answers. COPS.WHY and COPS.TOPOLOGY write
 * them out as they are: objects become maps, undefined members are left out.
 */
import type { ByteString } from "../../shared/bytes.ts";

/** Where a dependency that a write waits for is. */
export type DependencyWhereabouts =
  | "not-shipped"
  | "in-flight"
  | "waiting"
  | "applied"
  | "origin-unreachable"
  | "unknown";

export interface WhyDependency {
  /** datacenter/partition/seq */
  readonly dot: string;
  /** True for "every seq up to this one". */
  readonly prefix: boolean;
  readonly where: DependencyWhereabouts;
  /** Since when it is waited for, in ms. */
  readonly waitingMs: number;
}

export interface WhyVersion {
  /** The datacenter that wrote it, by name. */
  readonly origin: string;
  readonly dot: string;
  /** The hybrid time of the write. */
  readonly time: number;
  readonly tombstone: boolean;
  readonly ageMs: number;
}

export interface WhyWaitingWrite extends WhyVersion {
  readonly receivedMsAgo: number;
  /** Held back because its time is too far ahead of this node's clock. */
  readonly heldForClock: boolean;
  readonly waitsFor: readonly WhyDependency[];
}

export interface WhyDatacenter {
  readonly datacenter: string;
  readonly reachable: boolean;
  /** Unix ms; where it cannot be reached. */
  readonly unreachableSinceMs?: number;
  /** Undefined where the key was never written, or the datacenter cannot be reached. */
  readonly visible?: WhyVersion;
  readonly waiting: readonly WhyWaitingWrite[];
}

export interface WhyReport {
  readonly key: ByteString;
  readonly partition: number;
  readonly datacenters: readonly WhyDatacenter[];
}

/** Answers within a second, with what it has. */
export type WhyProvider = (key: ByteString) => Promise<WhyReport>;

export interface TopologyNode {
  readonly name: string;
  readonly host: string;
  /** Where it listens for RESP. */
  readonly port: number;
  /** Where it listens for operators. */
  readonly httpPort: number;
  /** Index of its datacenter. */
  readonly datacenter: number;
  readonly datacenterName: string;
  /** The partitions that it owns, ascending. */
  readonly partitions: readonly number[];
}

export interface Topology {
  readonly cluster: string;
  /** The datacenter of the node that answers. */
  readonly datacenter: { readonly name: string; readonly index: number };
  /** The name of the node that answers. */
  readonly node: string;
  /** P. */
  readonly partitions: number;
  /** Number of the view. */
  readonly view: number;
  /** How a key finds its partition: this hash modulo P. */
  readonly hash: "murmur3_32 seed 0";
  /** Of all datacenters; those of this one first. */
  readonly nodes: readonly TopologyNode[];
}

export type TopologyProvider = () => Topology;
