/*
 * What a client tells its program about itself, for logs and metrics: one hook, one union. An error that the hook throws
 * is thrown out of the event loop, as from any listener, and does not disturb the client.
 */
import type { ClientError } from "./errors.ts";
import type { WriteResult } from "./results.ts";
import type { Topology } from "./topology.ts";
import type { UnknownWrite } from "./unknown-write.ts";

export type ClientEvent =
  | { readonly kind: "link-up"; readonly address: string }
  | { readonly kind: "link-down"; readonly address: string; readonly error: ClientError }
  /** A new topology, also the first. */
  | { readonly kind: "topology"; readonly topology: Topology }
  /** A node told a topology that makes no sense or is of another cluster; the known one stays. */
  | { readonly kind: "topology-refused"; readonly error: ClientError }
  /** An operation is tried again after `delayMs`; `attempt` have failed. */
  | {
      readonly kind: "retry";
      readonly operation: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: ClientError;
    }
  | { readonly kind: "outcome-unknown"; readonly write: UnknownWrite; readonly cause: ClientError }
  /** What became of such a write is known after all: it was resolved, or its answer came late. */
  | { readonly kind: "outcome-known"; readonly write: UnknownWrite; readonly result: WriteResult };

export type ClientEventHook = (event: ClientEvent) => void;

/** What a client has done and holds, since it was opened. */
export interface ClientFigures {
  /** Operations not finished, and attempts whose answer is owed. */
  readonly pendingOperations: number;
  readonly pendingBytes: number;
  readonly linksReady: number;
  readonly operations: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Reads asked again because a node judged overlapping reads in another order than they were sent. */
  readonly readsOutOfOrder: number;
  /** Operations that went to another node than the owner of their key. */
  readonly forwarded: number;
  readonly outcomesUnknown: number;
}
