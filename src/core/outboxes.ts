/*
 * What is to be sent to each peer in this turn: one frame per peer and flush, whatever the number of partitions and
 * messages (design, 3.11).
 */
import type { NodeId } from "./placement.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";

export class Outboxes {
  private readonly writers = new Map<NodeId, ByteWriter>();
  private readonly wake: () => void;

  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** Where the next message to `peer` is written. */
  to(peer: NodeId): ByteWriter {
    let writer = this.writers.get(peer);
    if (writer === undefined) this.writers.set(peer, (writer = new ByteWriter()));
    if (writer.length === 0) this.wake();
    return writer;
  }

  /** What was to be sent to a peer that is gone. */
  drop(peer: NodeId): void {
    this.writers.get(peer)?.reset();
  }

  flush(send: (peer: NodeId, writer: ByteWriter) => void): void {
    for (const [peer, writer] of this.writers) {
      if (writer.length === 0) continue;
      send(peer, writer);
      writer.reset();
    }
  }
}
