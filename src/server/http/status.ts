/*
 * What `GET /status` of a node's operator port answers, as JSON: the node as it sees itself. `cops status` and the live
 * table of `cops up` read it; the web console will.
 *
 * Sizes are in bytes, durations in milliseconds unless named otherwise. Everything that can grow is here, so that nobody
 * has to guess what a slow node is busy with (invariant 12).
 */
import type { Kept } from "../../core/kept-tally.ts";
import type { LinkStats } from "../../net/transport.ts";

export interface NodeStatus {
  readonly cluster: string;
  readonly datacenter: { readonly name: string; readonly index: number };
  readonly node: { readonly name: string; readonly index: number };
  readonly pid: number;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly partitions: {
    /** P, of the whole cluster. */
    readonly total: number;
    readonly owned: readonly number[];
  };
  readonly clock: {
    /** The node's hybrid time. */
    readonly told: number;
    /** How far this node's clock is ahead of most peers' (negative: behind). */
    readonly skewMs: number;
  };
  readonly log: {
    readonly start: number;
    readonly end: number;
    readonly bytes: number;
    readonly segments: number;
  };
  readonly store: { readonly bytes: number };
  /** Changed records that are not yet in the store. */
  readonly dirtyBytes: number;
  readonly shipping: readonly ShippingStatus[];
  /** Writes received from other datacenters whose dependencies are not all applied here. */
  readonly waiting: { readonly count: number; readonly bytes: number; readonly oldestMs: number };
  /** Everything that is kept for later, and what holds it back; datacenters by index, nodes as NodeIds. */
  readonly kept: readonly Kept[];
  readonly links: readonly LinkStats[];
  readonly counters: Readonly<Record<string, number>>;
  /** Why client writes are refused (a full disk, a clock that is ahead); null while they are not. */
  readonly refusingWrites: string | null;
}

/** The stream of this node's writes to one node of another datacenter. */
export interface ShippingStatus {
  /** The node there, as a NodeId. */
  readonly destination: number;
  /** The index of its datacenter. */
  readonly datacenter: number;
  readonly open: boolean;
  /** Log that holds writes which are not known to be applied there. */
  readonly behindBytes: number;
  readonly inFlightBytes: number;
  /** The age of the oldest write that is not known to be applied there; 0 when there is none. */
  readonly lagMs: number;
}
