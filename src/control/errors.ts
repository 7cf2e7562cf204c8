/*
 * Operating errors of the control plane.
 */
import type { NodeId } from "../core/placement.ts";

/** The view has no such node. */
export class UnknownNodeError extends Error {
  override readonly name = "UnknownNodeError";
  readonly code = "UNKNOWN_NODE";
  readonly retryable = false;
  readonly node: NodeId;

  constructor(node: NodeId) {
    super(`the cluster has no node ${node}`);
    this.node = node;
  }
}

/** Somebody acts as this node already. */
export class LeaseHeldError extends Error {
  override readonly name = "LeaseHeldError";
  readonly code = "LEASE_HELD";
  readonly retryable = true;
  readonly node: NodeId;

  constructor(node: NodeId) {
    super(`the lease of node ${node} is held`);
    this.node = node;
  }
}

export class ConfigStoreClosedError extends Error {
  override readonly name = "ConfigStoreClosedError";
  readonly code = "CONFIG_STORE_CLOSED";
  readonly retryable = false;

  constructor() {
    super("the configuration store is closed");
  }
}
