/*
 * What is to be sent to each peer in this turn: one frame per peer and flush, whatever the number of partitions and
 * messages (design, 3.11). Only what is large goes as several: a frame holds messages of `frameBytes` together, or a single
 * one that is larger, since the transport bounds the size of a frame.
 */
import type { NodeId } from "./placement.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import type { Bytes } from "../shared/bytes.ts";

const frameBytes = 1024 * 1024;
/** Memory beyond this was for something huge and is not kept. */
const keptBytesMax = 8 * 1024 * 1024;

class Outbox {
  writer = new ByteWriter();
  /** Where frames end, but for the last one. */
  ends: number[] = [];
  private frameStart = 0;
  private messageStart = 0;

  /** A message ends here: with it the frame may be too large, then it goes into the next one. */
  endMessage(): void {
    const { length } = this.writer;
    if (length - this.frameStart > frameBytes && this.messageStart > this.frameStart) {
      this.ends.push(this.messageStart);
      this.frameStart = this.messageStart;
    }
    this.messageStart = length;
  }

  reset(): void {
    this.ends = [];
    this.frameStart = 0;
    this.messageStart = 0;
    if (this.writer.bytes.length > keptBytesMax) this.writer = new ByteWriter();
    else this.writer.reset();
  }
}

export class Outboxes {
  private readonly outboxes = new Map<NodeId, Outbox>();
  private readonly wake: () => void;

  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** Where the next message to `peer` is written; one message a call. */
  to(peer: NodeId): ByteWriter {
    let outbox = this.outboxes.get(peer);
    if (outbox === undefined) this.outboxes.set(peer, (outbox = new Outbox()));
    if (outbox.writer.length === 0) this.wake();
    else outbox.endMessage();
    return outbox.writer;
  }

  /** What was to be sent to a peer that is gone. */
  drop(peer: NodeId): void {
    this.outboxes.get(peer)?.reset();
  }

  flush(send: (peer: NodeId, frame: Bytes, length: number) => void): void {
    for (const [peer, outbox] of this.outboxes) {
      const { writer, ends } = outbox;
      if (writer.length === 0) continue;
      outbox.endMessage();
      let start = 0;
      for (const end of [...ends, writer.length]) {
        send(peer, start === 0 ? writer.bytes : writer.bytes.subarray(start, end), end - start);
        start = end;
      }
      outbox.reset();
    }
  }
}
