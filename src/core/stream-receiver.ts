/*
 * Receives the writes of one node of another datacenter (design, 3.3).
 *
 *   link up ──▶ stream-open(epoch, applied) ──▶ stream-data: each write to the dependency gate, *received* acknowledged
 *   applied here (durable) ──▶ *applied* acknowledged, with this node's clock
 *   no room for a write to wait, or the disk is full ──▶ dropped, but the stream goes on; once there is room again the
 *       stream is opened anew, and whatever was not applied is sent again: the origin's log is where it waits meanwhile
 *   no room for long ──▶ opened anew all the same, less and less often: what was dropped may be what all others wait for
 *
 * So what waits here is bounded, and never stops the stream behind it: a write that others wait for may be right behind.
 */
import type { DependencyGate } from "./dependency-gate.ts";
import type { Head } from "./head.ts";
import type { NodeState } from "./node-state.ts";
import { datacenterOfNode } from "./placement.ts";
import type { NodeId } from "./placement.ts";
import type { Partition } from "./partition.ts";
import {
  appliedRangesTold,
  shipRetryMsMax,
  shipRetryMsMin,
  waitingBytesMax,
  waitingWritesMax,
} from "../shared/limits.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import type { ByteReader } from "../protocol/byte-reader.ts";
import { decodeHole, EntryCursor, entryHole, entryPart, entryPut } from "../protocol/log-entry.ts";
import { encodeStreamAck, encodeStreamOpen } from "../protocol/messages/stream.ts";
import type { AppliedOf } from "../protocol/messages/stream.ts";
import { decodeWrite } from "../protocol/write.ts";

/** What is applied is told again this often, since the frame that told it may have been lost. */
const ackRepeatMs = 10_000;

export class StreamReceiver {
  readonly source: NodeId;
  private readonly datacenter: number;
  private readonly partitions: Partition[] = [];
  private epoch = 0;
  /** Data of the current epoch has arrived: the opening was heard. */
  private heard = false;
  private openAgainAtMs = 0;
  /** Something was dropped since the stream was opened. */
  private gap = false;
  private gapRetryMs = shipRetryMsMin;
  private received: number[] = [];
  private readonly changed = new Set<Partition>();
  private ackAllOnce = false;
  private nextRepeatMs = 0;
  private readonly cursor = new EntryCursor();
  private readonly state: NodeState;
  private readonly gate: DependencyGate;
  private readonly head: Head;

  constructor(state: NodeState, source: NodeId, gate: DependencyGate, head: Head) {
    this.state = state;
    this.source = source;
    this.gate = gate;
    this.head = head;
    this.datacenter = datacenterOfNode(source);
    for (const partition of state.partitions.values()) {
      if (state.placement.owner(this.datacenter, partition.id) === source) this.partitions.push(partition);
    }
  }

  get hasGap(): boolean {
    return this.gap;
  }

  /** A write of the source's datacenter that waited was dropped to make room for an older one. */
  droppedLater(): void {
    this.gap = true;
  }

  onLinkUp(): void {
    this.open();
  }

  onLinkDown(): void {
    this.heard = true;
    this.received = [];
  }

  onData(reader: ByteReader): void {
    const epoch = reader.u64();
    const number = reader.u32();
    const cursor = this.cursor.over(reader.bytes, reader.offset, reader.end);
    while (cursor.next()) this.takeEntry(cursor);
    if (epoch !== this.epoch) return;
    this.heard = true;
    this.received.push(number);
    this.state.wake();
  }

  /** Seqs of the source's datacenter were applied to a partition. */
  onApplied(partition: Partition): void {
    this.changed.add(partition);
  }

  tick(): void {
    if (!this.state.linksUp.has(this.source)) return;
    if (!this.heard && this.state.timerMs >= this.openAgainAtMs) this.open();
    else if (this.gap) this.closeGap();
    if (this.state.timerMs >= this.nextRepeatMs) {
      this.nextRepeatMs = this.state.timerMs + ackRepeatMs;
      for (const partition of this.partitions) this.changed.add(partition);
    }
    if (this.changed.size > 0) this.state.wake();
    this.ackAllOnce = true;
  }

  /** *Received* goes out at every flush, *applied* once a tick: it only frees what is kept. */
  flush(): void {
    const acksApplied = this.ackAllOnce && this.changed.size > 0;
    if (this.received.length === 0 && !acksApplied) return;
    if (!this.state.linksUp.has(this.source)) return;
    const applied: number[] = [];
    if (acksApplied) {
      for (const partition of this.changed) {
        applied.push(partition.id, partition.appliedOf(this.datacenter).watermark);
      }
      this.changed.clear();
      this.ackAllOnce = false;
    }
    const received = this.received;
    this.received = [];
    const clock = this.state.clock.told();
    encodeStreamAck(this.state.outboxes.to(this.source), { epoch: this.epoch, clock, received, applied });
  }

  private open(): void {
    this.epoch = Math.max(this.epoch + 1, this.state.nowMs);
    this.heard = false;
    this.gap = false;
    this.received = [];
    this.openAgainAtMs = this.state.timerMs + shipRetryMsMin;
    const applied = this.partitions.map((partition) => this.appliedOf(partition));
    for (const partition of this.partitions) this.changed.add(partition);
    encodeStreamOpen(this.state.outboxes.to(this.source), { epoch: this.epoch, applied });
  }

  private appliedOf(partition: Partition): AppliedOf {
    const set = partition.appliedOf(this.datacenter);
    return {
      partition: partition.id,
      watermark: set.watermark,
      ranges: set.rangesBeyond().slice(0, appliedRangesTold * 2),
    };
  }

  /** A write of the gap that nothing blocks any more gets in without room: so even a full room makes progress. */
  private closeGap(): void {
    if (this.state.writesRefused !== undefined) return;
    if (this.hasRoomAgain()) {
      this.gapRetryMs = shipRetryMsMin;
      this.open();
    } else if (this.state.timerMs >= this.openAgainAtMs + this.gapRetryMs) {
      this.gapRetryMs = Math.min(this.gapRetryMs * 2, shipRetryMsMax);
      this.open();
    }
  }

  private hasRoomAgain(): boolean {
    return this.gate.waitingCount < waitingWritesMax / 2 && this.gate.waitingBytes < waitingBytesMax / 2;
  }

  private takeEntry(cursor: EntryCursor): void {
    const partition = this.state.local(cursor.partition);
    if (partition === undefined) throw new DecodeError(`partition ${cursor.partition} is not at this node`);
    if (cursor.kind === entryPut || cursor.kind === entryPart) this.takeWrite(partition, cursor);
    else if (cursor.kind === entryHole) this.takeHole(partition, cursor.body);
    else throw new DecodeError(`entries of kind ${cursor.kind} are not shipped`);
  }

  private takeWrite(partition: Partition, cursor: EntryCursor): void {
    const write = decodeWrite(cursor.body);
    if (write.datacenter !== this.datacenter || write.partition !== partition.id) {
      throw new DecodeError(
        `a write of ${write.datacenter}/${write.partition} came from datacenter ${this.datacenter}`,
      );
    }
    if ((cursor.kind === entryPart) !== (write.part !== undefined)) {
      throw new DecodeError("a part is an entry of its own");
    }
    this.state.counters.writesReceived++;
    if (!this.gate.admit(partition, write)) this.gap = true;
  }

  private takeHole(partition: Partition, body: ByteReader): void {
    const hole = decodeHole(body);
    if (hole.datacenter !== this.datacenter) throw new DecodeError(`a hole of datacenter ${hole.datacenter}`);
    if (this.state.writesRefused !== undefined) this.gap = true;
    else if (partition.proposedOf(hole.datacenter).watermark < hole.to && !hasAll(partition, hole)) {
      this.head.hole(partition, hole);
    }
  }
}

function hasAll(partition: Partition, hole: { datacenter: number; from: number; to: number }): boolean {
  const proposed = partition.proposedOf(hole.datacenter);
  const ranges = proposed.rangesBeyond();
  for (let i = 0; i < ranges.length; i += 2) {
    if ((ranges[i] as number) <= hole.from && (ranges[i + 1] as number) >= hole.to) return true;
  }
  return false;
}
