/*
 * Announces this node's closed time to the equivalents of its partitions, and takes in theirs (design, 3.3).
 *
 * The time lies below everything that a write of this datacenter can still get: below the clock, since later writes are above
 * it, and below what is prepared, since that may commit just above its prepare. It is told only up to the clock's bound on
 * disk, so a crash breaks no announcement; what a crash takes of the seqs announced becomes a hole.
 *
 * In: ticks; announcements. Out: announcements, one message for each peer, the less often the more partitions there are.
 */
import type { NodeState } from "./node-state.ts";
import type { Partition } from "./partition.ts";
import { datacenterOfNode } from "./placement.ts";
import type { NodeId } from "./placement.ts";
import type { Shipper } from "./shipper.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { encodeClosed } from "../protocol/messages/stream.ts";
import type { ClosedAnnouncement } from "../protocol/messages/stream.ts";

const intervalMsMin = 1_000;
/** So many partitions are announced each `intervalMsMin`, to keep what an idle cluster says small. */
const partitionsPerInterval = 256;

export class Closing {
  private nextMs = 0;
  private readonly state: NodeState;
  private readonly shippers: ReadonlyMap<NodeId, Shipper>;
  /** The smallest time of a prepare of this datacenter's own transactions; infinity where there is none. */
  private readonly oldestPrepared: () => HybridTime;

  constructor(state: NodeState, shippers: ReadonlyMap<NodeId, Shipper>, oldestPrepared: () => HybridTime) {
    this.state = state;
    this.shippers = shippers;
    this.oldestPrepared = oldestPrepared;
  }

  /** No write of this datacenter to partitions of this node that has no seq yet will have a version at or below this. */
  get time(): HybridTime {
    return Math.min(this.state.clock.told(), this.oldestPrepared() - 1);
  }

  tick(): void {
    const { state } = this;
    if (state.timerMs < this.nextMs) return;
    const shares = Math.max(1, state.partitions.size / partitionsPerInterval);
    this.nextMs = state.timerMs + intervalMsMin * shares;
    const { time } = this;
    for (const partition of state.partitions.values()) this.take(partition, state.datacenter, time, partition.seq);
    for (const [peer, shipper] of this.shippers) this.tell(peer, shipper, time);
  }

  onClosed(peer: NodeId, { time, seqs }: ClosedAnnouncement): void {
    const datacenter = datacenterOfNode(peer);
    for (let i = 0; i < seqs.length; i += 2) {
      const partition = this.state.local(seqs[i] as number);
      if (partition !== undefined) this.take(partition, datacenter, time, seqs[i + 1] as number);
    }
  }

  private take(partition: Partition, datacenter: number, time: HybridTime, seq: number): void {
    const applied = partition.appliedOf(datacenter).watermark;
    partition.closed.announced(datacenter, time, seq, applied, partition.stable[datacenter] ?? 0);
  }

  private tell(peer: NodeId, shipper: Shipper, time: HybridTime): void {
    if (!this.state.linksUp.has(peer)) return;
    const seqs: number[] = [];
    for (const { id, seq } of this.state.partitions.values()) {
      if (shipper.appliedOf(id) !== undefined) seqs.push(id, seq);
    }
    encodeClosed(this.state.outboxes.to(peer), { time, seqs });
  }
}
