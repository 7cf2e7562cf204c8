/*
 * Ships this node's writes to one node of another datacenter, from the log (design, 3.3). The receiver opens the stream and
 * says what it has applied; everything else goes out, in log order, as the bytes that the log holds.
 *
 *   closed ──stream-open(epoch, applied)──▶ open: reading at the resume position
 *   open   ──frames durable, window free──▶ stream-data n
 *          ──ack received n──▶ window moves      ──ack applied──▶ the resume position moves, the log may go
 *          ──nothing acknowledged for long──▶ reads again from the oldest data not acknowledged (repeats are harmless)
 *          ──stream-open(newer epoch)──▶ everything not applied is sent again
 *          ──link down──▶ closed
 *
 * *Received* is from memory and moves only the window; *applied* is durable there, and alone lets the log go. The window
 * bounds what is in flight, never what waits at the receiver.
 *
 * `whereIs` tells WHY how far one write has come. It knows up to which seq each partition was sent, not which message held
 * which write: while anything older or newer is unacknowledged, a sent write counts as in flight.
 */
import { AppliedSet } from "./applied-set.ts";
import type { NodeState } from "./node-state.ts";
import { datacenterOfNode } from "./placement.ts";
import type { NodeId } from "./placement.ts";
import type { CommittedFrame, RecentFrames } from "./recent-frames.ts";
import type { ShipMarks } from "./ship-marks.ts";
import { StreamBatch } from "./stream-batch.ts";
import { shipMessageBytes, shipRetryMsMax, shipRetryMsMin, shipWindowBytes } from "../shared/limits.ts";
import type { StreamAck, StreamOpen } from "../protocol/messages/stream.ts";

interface InFlight {
  readonly position: number;
  readonly bytes: number;
  readonly sentMs: number;
}

/**
 * How far one write has come on its way to a destination: applied there as far as is known; not sent because the stream is
 * closed; queued behind others; sent and not acknowledged; acknowledged as received.
 */
export type ShippingStage = "applied" | "closed" | "queued" | "in-flight" | "received";

export class Shipper {
  readonly destination: NodeId;
  readonly datacenter: number;
  /** Partitions whose equivalent the destination owns: what it said that it has applied. */
  private readonly applied = new Map<number, AppliedSet>();
  /**
   * By partition: the watermark of the last *applied* acknowledgement. Openings say more, sooner, but carry no clock, and what
   * is stable must be below a clock that came with it.
   */
  private readonly acked = new Map<number, number>();
  /** Whether the destination has said what it has since this process began. */
  private heardSinceStart = false;
  private epoch = 0;
  private number = 0;
  /** The next frame of the log to read; never before `resume`, where the log may be gone. */
  private position = 0;
  /** Everything before this position is applied there. */
  private resume = 0;
  private readonly inFlight = new Map<number, InFlight>();
  inFlightBytes = 0;
  private reading = false;
  private readingFrom = 0;
  private retryMs = shipRetryMsMin;
  /** When data was last acknowledged: over a slow link the window takes long, and is no reason to send it again. */
  private progressMs = 0;
  private owesAnswer = false;
  private readonly batch: StreamBatch;
  private readonly state: NodeState;
  private readonly recent: RecentFrames;
  private readonly marks: ShipMarks;

  constructor(state: NodeState, destination: NodeId, recent: RecentFrames, marks: ShipMarks) {
    this.state = state;
    this.destination = destination;
    this.datacenter = datacenterOfNode(destination);
    this.recent = recent;
    this.marks = marks;
    for (const id of state.partitions.keys()) {
      if (state.placement.owner(this.datacenter, id) === destination) this.applied.set(id, new AppliedSet());
    }
    this.batch = new StreamBatch(state.datacenter, this.applied);
  }

  get isOpen(): boolean {
    return this.epoch !== 0;
  }

  /** The log is needed from here on for this destination. */
  get neededFrom(): number {
    return this.resume;
  }

  /** Where the stream stands in the log, for status: everything before it was sent at least once. */
  get sentUpTo(): number {
    return this.position;
  }

  appliedOf(partition: number): AppliedSet | undefined {
    return this.applied.get(partition);
  }

  /** The watermark of the last *applied* acknowledgement; undefined for partitions that are not at the destination. */
  ackedOf(partition: number): number | undefined {
    return this.applied.has(partition) ? (this.acked.get(partition) ?? 0) : undefined;
  }

  /** How far the write with this seq of `partition` has come. It is durable here. */
  whereIs(partition: number, seq: number): ShippingStage {
    if (this.applied.get(partition)?.has(seq) === true) return "applied";
    if (!this.isOpen) return "closed";
    if (seq > this.batch.lastSeqOf(partition)) return "queued";
    return this.inFlight.size > 0 ? "in-flight" : "received";
  }

  /** When the oldest data not acknowledged as received went out, in Unix ms; undefined when there is none. */
  get oldestSentMs(): number | undefined {
    const oldest = this.inFlight.values().next().value;
    return oldest === undefined ? undefined : this.state.nowMs - (this.state.timerMs - oldest.sentMs);
  }

  /** After a restart: everything before `position` was applied there. */
  restore(position: number): void {
    this.resume = position;
  }

  /** What the destination had applied by the last checkpoint. */
  restoreApplied(partition: number, watermark: number): void {
    if (watermark > 0) this.applied.get(partition)?.addRange(1, watermark);
  }

  /** Answers a partition whose writes the destination has and this node never gave out; undefined when all is well. */
  onOpen(open: StreamOpen): number | undefined {
    for (const { partition, watermark, ranges } of open.applied) {
      const set = this.applied.get(partition);
      if (set === undefined) continue;
      if (watermark > 0) set.addRange(1, watermark);
      for (let i = 0; i + 1 < ranges.length; i += 2) set.addRange(ranges[i] as number, ranges[i + 1] as number);
      if (set.greatest > this.greatestGiven(partition)) return partition;
    }
    this.heardSinceStart = true;
    if (open.epoch <= this.epoch) return undefined;
    this.state.counters.streamsOpened++;
    this.epoch = open.epoch;
    this.number = 0;
    this.forgetInFlight();
    this.retryMs = shipRetryMsMin;
    this.moveResume();
    this.position = this.resume;
    this.batch.beginAgain();
    this.owesAnswer = true;
    this.state.wake();
    return undefined;
  }

  onAck(ack: StreamAck): void {
    for (let i = 0; i + 1 < ack.applied.length; i += 2) {
      const partition = ack.applied[i] as number;
      const watermark = ack.applied[i + 1] as number;
      const set = this.applied.get(partition);
      if (set === undefined || watermark === 0) continue;
      set.addRange(1, watermark);
      this.acked.set(partition, Math.max(watermark, this.acked.get(partition) ?? 0));
    }
    if (ack.applied.length > 0) this.moveResume();
    if (ack.epoch !== this.epoch) return;
    for (const number of ack.received) {
      const data = this.inFlight.get(number);
      if (data === undefined) continue;
      this.inFlight.delete(number);
      this.inFlightBytes -= data.bytes;
      this.retryMs = shipRetryMsMin;
      this.progressMs = this.state.timerMs;
    }
    if (ack.received.length > 0) this.state.wake();
  }

  onLinkDown(): void {
    this.epoch = 0;
    this.forgetInFlight();
  }

  tick(): void {
    if (!this.isOpen) return;
    const oldest = this.inFlight.values().next().value;
    if (oldest === undefined || this.state.timerMs < Math.max(oldest.sentMs, this.progressMs) + this.retryMs) return;
    this.state.counters.streamRewinds++;
    this.retryMs = Math.min(this.retryMs * 2, shipRetryMsMax);
    this.position = Math.max(this.resume, Math.min(this.position, oldest.position));
    this.forgetInFlight();
    this.state.wake();
  }

  /** Sends what is durable, as far as the window allows. `end` is the end of the durable log. */
  pump(end: number): void {
    if (!this.isOpen || this.reading) return;
    while (this.position < end && this.inFlightBytes < shipWindowBytes) {
      const frame = this.recent.from(this.position);
      if (frame === undefined) {
        this.readLog();
        break;
      }
      this.take(frame);
    }
    if (!this.reading) this.sendBatch();
    if (this.owesAnswer) this.send();
  }

  /** Frames that `readLog` asked for. */
  onLogRead(frames: readonly CommittedFrame[]): void {
    this.reading = false;
    this.state.wake();
    if (!this.isOpen || this.position !== this.readingFrom) return;
    for (const frame of frames) this.take(frame);
    this.sendBatch();
  }

  /**
   * No dot above this can be known there. What it says first after a restart is from before: the hole that the restart left
   * has not been sent yet, so it must not hide that this node's disk lost what the destination has.
   */
  private greatestGiven(partition: number): number {
    const own = this.state.local(partition);
    if (own === undefined) return 0;
    return this.heardSinceStart ? own.seq : own.recoveredSeq;
  }

  private readLog(): void {
    this.reading = true;
    this.readingFrom = this.position;
    this.state.counters.logReadsForShipping++;
    this.state.effects.readLog(this.destination, this.position, shipMessageBytes * 2);
  }

  private take(frame: CommittedFrame): void {
    this.batch.begin(frame);
    while (this.batch.fill()) this.send();
    this.position = frame.end;
  }

  private sendBatch(): void {
    if (this.batch.bytes > 0) this.send();
  }

  private send(): void {
    const number = ++this.number;
    const { bytes, entries } = this.batch;
    const position = this.batch.position;
    this.batch.writeTo(this.state.outboxes.to(this.destination), this.epoch, number);
    this.owesAnswer = false;
    if (bytes === 0) return;
    this.inFlight.set(number, { position, bytes, sentMs: this.state.timerMs });
    this.inFlightBytes += bytes;
    this.state.counters.shippedWrites += entries;
    this.state.counters.shippedBytes += bytes;
  }

  private forgetInFlight(): void {
    this.inFlight.clear();
    this.inFlightBytes = 0;
    this.batch.clear();
  }

  private moveResume(): void {
    this.resume = this.marks.resumePosition(this.resume, (partition) => this.applied.get(partition));
    if (this.position < this.resume) this.position = this.resume;
  }
}
