/*
 * The ConfigStore port: where a cluster keeps its view and its leases (design, 3.10). No client operation waits for it.
 *
 *   views    numbered, and told in order: a watcher never hears of a view that is not newer than the last
 *   leases   the right to act as a node. At most one holder at a time; whoever loses it stops serving before anyone else
 *            can get it (invariant 13)
 *
 * Adapters: static (a cluster that a file describes; one view for ever), and etcd where a cluster outgrows one machine.
 */
import type { View } from "./view.ts";
import type { NodeId } from "../core/placement.ts";

export interface Lease {
  readonly node: NodeId;
  /** Until when the holder may act, in milliseconds since 1970; Infinity where nobody could take its place. */
  readonly expiresMs: number;
  /** Resolves when the lease has ended, by release or by loss: from then on the holder may not act. */
  readonly ended: Promise<"released" | "lost">;
  /** Gives the lease back. Again does nothing. */
  release(): Promise<void>;
}

export interface ConfigStore {
  /** The newest view. Rejects with ConfigStoreClosedError. */
  view(): Promise<View>;
  /**
   * Calls `onView` with the newest view and then with each newer one, not from inside this call; the function that comes
   * back ends that. Throws ConfigStoreClosedError.
   */
  watch(onView: (view: View) => void): () => void;
  /** Rejects with UnknownNodeError, LeaseHeldError (wait for the holder, then try again) or ConfigStoreClosedError. */
  lease(node: NodeId): Promise<Lease>;
  /** Ends watches and releases leases. Again does nothing. */
  close(): Promise<void>;
}
