/*
 * The Transport port: frames of bytes between the nodes of a cluster (design, sections 3.9 and 4).
 *
 * Between two nodes there is at most one link. While a link is up, frames arrive whole and in the order sent, or the link
 * goes down; across a reconnect frames may be lost, never repeated. Replication between datacenters does not even need
 * that much, it takes loss, repetition and any order; requests that are forwarded inside a datacenter rely on it. `send` never blocks and never grows without bound: past the limit the link is
 * reset, which its user sees as a reconnect.
 *
 * A peer is believed only after the handshake: the cluster's secret, the protocol version, the cluster id, P and the
 * configuration agree (design, 3.9).
 */
import type { Bytes } from "../shared/bytes.ts";

/** datacenter index * 256 + node index: names one node of the cluster. */
export type NodeId = number;

export interface TransportEvents {
  /** The link is up and the handshake has passed. */
  onUp(peer: NodeId): void;
  /** `frame` is valid only during the call; copy what you keep. */
  onFrame(peer: NodeId, frame: Bytes): void;
  /** The link went down; `why` is for people. */
  onDown(peer: NodeId, why: string): void;
}

export interface LinkStats {
  readonly peer: NodeId;
  readonly up: boolean;
  /** Milliseconds since 1970 when the link last went up or down. */
  readonly since: number;
  readonly queuedBytes: number;
  readonly sentFrames: number;
  readonly sentBytes: number;
  readonly receivedFrames: number;
  readonly receivedBytes: number;
  readonly lastError: string | undefined;
}

export interface Transport {
  /** Starts listening and dialling. `events` is called from then on, never from inside `send`. */
  start(events: TransportEvents): Promise<void>;
  /** Queues a copy of `frame[0, length)`, length at least 1; false when the link is down (the frame is dropped). */
  send(peer: NodeId, frame: Bytes, length: number): boolean;
  /** Bytes accepted by `send` and not yet handed to the operating system. */
  queuedBytes(peer: NodeId): number;
  links(): readonly LinkStats[];
  /** Hands over what is queued, within a bound of time, and ends. `events` is not called any more. */
  close(): Promise<void>;
}
