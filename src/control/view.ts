/*
 * A view: the numbered answer to who is in the cluster and who owns what (design, sections 2 and 3.10). Only the control
 * plane makes a new one; whoever holds a greater number knows better.
 *
 * Today's chains have length 1, so the members and their order are the whole assignment (core/placement.ts): partition p
 * of a datacenter with n nodes is on node p mod n.
 */
import type { NodeId } from "../core/placement.ts";

export interface ViewNode {
  readonly id: NodeId;
  readonly name: string;
  readonly host: string;
  readonly respPort: number;
  readonly httpPort: number;
  readonly peerPort: number;
}

export interface ViewDatacenter {
  readonly name: string;
  readonly index: number;
  readonly nodes: readonly ViewNode[];
}

export interface View {
  /** Starts at 1 and only grows. */
  readonly number: number;
  readonly cluster: string;
  /** P */
  readonly partitions: number;
  readonly datacenters: readonly ViewDatacenter[];
}
