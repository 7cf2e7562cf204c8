/*
 * The answer to "why is this write not visible here yet?" (COPS.WHY, `cops why`): a plain value that travels as JSON.
 *
 * For each datacenter: the version that readers see, the writes of the key that were received and wait, with exactly what
 * each waits for and where that is, and the newest write where it did not arrive at all. Durations are in milliseconds and
 * measured by the clock of the node that answered. A dot is `datacenter/partition/seq`.
 */
import type { ByteString } from "../../shared/bytes.ts";

/**
 * Where a write is that a datacenter lacks, as seen from there:
 *
 * - `not-shipped`: its origin has not sent it there yet
 * - `in-flight`: sent, and not taken in there
 * - `waiting`: received there, and itself held back
 * - `applied`: it came in the meantime
 * - `origin-unreachable`: it was not received, and its origin cannot be reached from there
 * - `unknown`: nobody answered in time, or nobody knows it; `detail` says which
 */
export type Whereabouts = "not-shipped" | "in-flight" | "waiting" | "applied" | "origin-unreachable" | "unknown";

export interface WhyVersion {
  /** The datacenter that took it from a client, by name. */
  readonly origin: string;
  readonly dot: string;
  /** Its hybrid time: with the dot's datacenter and partition, the order of last-writer-wins. */
  readonly time: number;
  readonly tombstone: boolean;
  /** Since it was written. */
  readonly ageMs: number;
}

/** What a transaction still lacks in a datacenter, as the node says that coordinates it there. */
export interface WhyTransaction {
  /**
   * - `dependencies`: its first part is here, and waits for what all of it depends on
   * - `parts`: not all of its parts are here
   * - `votes`: not all nodes have its parts on disk
   * - `commits`: it is decided, and not committed on all nodes
   * - `disk`: nothing but this node's disk
   */
  readonly lacks: "dependencies" | "parts" | "votes" | "commits" | "disk";
  /** How many parts it has; undefined while the first one is not here. */
  readonly parts?: number;
  /** The indexes of those that are known to be here. */
  readonly here: readonly number[];
  /** Those that are not, as far as that is known, each with the node that has to receive it. */
  readonly missing: readonly { readonly index: number; readonly partition: number; readonly node: string }[];
  /** Nodes that have not voted, or not committed. */
  readonly nodes: readonly string[];
}

/** A transaction of a client of this datacenter that holds the key and is not decided. */
export interface WhyUndecided {
  readonly forMs: number;
  readonly coordinator: string;
  /** What it waits for. */
  readonly detail: string;
}

export interface WhyLocation {
  readonly where: Whereabouts;
  /** How long it has been so, as far as that is known. */
  readonly forMs?: number;
  /** More exactly, in words. */
  readonly detail?: string;
  /** Where the dot is that of a transaction: what that lacks. */
  readonly transaction?: WhyTransaction;
  /** Where `waiting`: what it waits for in turn. Followed a few steps down. */
  readonly waitsFor?: readonly WhyDependency[];
}

export interface WhyDependency extends WhyLocation {
  readonly dot: string;
  /** The datacenter that it comes from, by name. */
  readonly origin: string;
  /** True for "every write of this origin up to this seq". */
  readonly prefix: boolean;
  /** Since the write that depends on it was received. */
  readonly waitingMs: number;
}

export interface WhyWaitingWrite extends WhyVersion {
  readonly receivedMsAgo: number;
  /** Its time is too far ahead of the clock of the node that holds it. */
  readonly heldForClock: boolean;
  readonly waitsFor: readonly WhyDependency[];
  /** Dependencies that are not listed; some of them may have been applied meanwhile. */
  readonly waitsForMore: number;
  /** What holds it when it waits for no other write. */
  readonly detail?: string;
  /** Of a transaction it is this part; it becomes visible with all others. Its `dot` is the transaction's. */
  readonly part?: { readonly index: number; readonly count: number };
  /** What the transaction lacks, where this node coordinates it; else that stands below, at what the part waits for. */
  readonly transaction?: WhyTransaction;
}

export interface WhyDatacenter {
  readonly datacenter: string;
  /** The owner of the key there. */
  readonly node: string;
  /** Whether it answered. */
  readonly reachable: boolean;
  /** Unix ms; where there is no link from the datacenter that was asked. */
  readonly unreachableSinceMs?: number;
  /** Why there is no link, or no answer. */
  readonly detail?: string;
  /** Where there is no link, the datacenter by way of which the answer came. */
  readonly via?: string;
  /** Undefined where the key was never written, or there is no answer. */
  readonly visible?: WhyVersion;
  readonly waiting: readonly WhyWaitingWrite[];
  /** Waiting writes of the key that are not listed. */
  readonly waitingMore: number;
  /** Transactions of clients of this datacenter that are prepared on the key; undefined where there are none. */
  readonly undecided?: readonly WhyUndecided[];
  /** The newest write of the key found anywhere, where it is neither visible nor waiting. */
  readonly missing?: WhyVersion & WhyLocation;
  /** Why this node takes in no writes; undefined when it does. */
  readonly refusingWrites?: string;
}

export interface WhyReport {
  readonly key: ByteString;
  readonly partition: number;
  /** By index. */
  readonly datacenters: readonly WhyDatacenter[];
  readonly tookMs: number;
}
