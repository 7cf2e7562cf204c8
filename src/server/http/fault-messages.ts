/*
 * What goes through `/faults` of a node's operator port: POST changes the node's fault layer, GET only looks, and both
 * answer with all faults of the node. Datacenters are told by index; the node acts on its own links to that datacenter.
 *
 * A node that was not started with `allowFaults` answers 403 with the code FAULTS_NOT_ALLOWED, and does nothing.
 */
import type { DatacenterFaults } from "../../net/fault-layer.ts";

export type FaultRequest =
  | { readonly action: "cut"; readonly datacenter: number }
  | { readonly action: "delay"; readonly datacenter: number; readonly delayMs: number }
  /** Without a datacenter: all of them. */
  | { readonly action: "heal"; readonly datacenter?: number };

export interface FaultAnswer {
  readonly faults: readonly DatacenterFaults[];
}
