/*
 * What the core asks of its driver (design, section 4). The core does no I/O: events go in through NodeCore's methods, and
 * these come out, in order, from inside `flush` (but for `wake`). The driver carries them out and reports back through
 * NodeCore: `onDurable` for `persist`, `onLoaded` for `load`, `onLogRead` for `readLog`.
 */
import type { KeyRecord } from "./key-record.ts";
import type { NodeId } from "./placement.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";

export interface Effects {
  /** There is something to flush: call `flush` once, after the events that are at hand. Called at most once a flush. */
  wake(): void;
  /** Append this frame to the log; the bytes stay as they are until `onDurable`. One at a time. */
  persist(frame: Bytes, length: number): void;
  /** Hand a frame to a peer; the bytes are free again when the call returns. */
  send(peer: NodeId, frame: Bytes, length: number): void;
  /** Read these records from the store. */
  load(records: readonly KeyRecord[]): void;
  /** Read which records the store lists as passing, from this place on, about `sweepKeysMax`: NodeCore.onSwept. */
  sweep(from: ByteString): void;
  /** Read durable frames from `position` on, about `bytesMax`, for the shipper to `destination`. */
  readLog(destination: NodeId, position: number, bytesMax: number): void;
}
