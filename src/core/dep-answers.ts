/*
 * dep_check as the owner sees it (design, 3.3): a node of this datacenter asks whether dots of this node's partitions are
 * applied. What is applied is answered at once, the rest when it is: asking subscribes.
 *
 * Answers are given only for what is durable and visible here, and carry this node's clock, which is at or above the
 * visible time of all of it. A subscription ends with its answer, when the asker withdraws it, or with the link; beyond the
 * bound a question is dropped, and the asker asks again.
 */
import { DotWaiters } from "./dot-waiters.ts";
import type { DotWaiter } from "./dot-waiters.ts";
import type { NodeState } from "./node-state.ts";
import type { Partition } from "./partition.ts";
import type { NodeId } from "./placement.ts";
import { depSubscriptionsMax } from "../shared/limits.ts";
import { encodeDepHolds } from "../protocol/messages/dep-check.ts";
import type { CheckedDot } from "../protocol/messages/dep-check.ts";
import { datacenterOf, originOf } from "../protocol/version.ts";
import type { Origin } from "../protocol/version.ts";

class Asker implements DotWaiter {
  readonly peer: NodeId;
  answers: CheckedDot[] = [];
  private readonly wake: () => void;

  constructor(peer: NodeId, wake: () => void) {
    this.peer = peer;
    this.wake = wake;
  }

  dotHolds(origin: Origin, seq: number, prefix: boolean): void {
    this.answers.push({ origin, seq, prefix });
    this.wake();
  }
}

export class DepAnswers {
  /** Waiters for dots of this node's partitions, told when those are applied. Attaching sessions wait here too. */
  readonly waiters: DotWaiters = new DotWaiters();
  private readonly askers = new Map<NodeId, Asker>();
  private readonly state: NodeState;

  constructor(state: NodeState) {
    this.state = state;
  }

  onCheck(peer: NodeId, dots: readonly CheckedDot[]): void {
    let asker = this.askers.get(peer);
    if (asker === undefined) this.askers.set(peer, (asker = new Asker(peer, () => this.state.wake())));
    for (const dot of dots) {
      if (dot.withdrawn === true) this.waiters.remove(dot.origin, dot.seq, dot.prefix, asker);
      else if (this.isApplied(dot.origin, dot.seq, dot.prefix)) asker.dotHolds(dot.origin, dot.seq, dot.prefix);
      else if (this.waiters.size < depSubscriptionsMax) {
        this.waiters.register(dot.origin, dot.seq, dot.prefix, asker);
      }
    }
  }

  /** Whether a dot of one of this node's partitions is applied; false for anybody else's. */
  isApplied(origin: Origin, seq: number, prefix: boolean): boolean {
    const applied = this.state.localOfOrigin(origin)?.applied[datacenterOf(origin)];
    if (applied === undefined) return false;
    return prefix ? applied.watermark >= seq : applied.has(seq);
  }

  onApplied(partition: Partition, datacenter: number, from: number, to: number): void {
    if (this.waiters.size === 0) return;
    const origin = originOf(datacenter, partition.id);
    if (from === to) this.waiters.dotIsIn(origin, from);
    else this.waiters.rangeIsIn(origin, from, to);
    this.waiters.prefixIsIn(origin, partition.appliedOf(datacenter).watermark);
  }

  onLinkDown(peer: NodeId): void {
    const asker = this.askers.get(peer);
    if (asker === undefined) return;
    this.waiters.removeAll(asker);
    this.askers.delete(peer);
  }

  flush(): void {
    for (const asker of this.askers.values()) if (asker.answers.length > 0) this.answer(asker);
  }

  private answer(asker: Asker): void {
    const dots = asker.answers;
    asker.answers = [];
    const origins = new Set<Origin>();
    for (const dot of dots) origins.add(dot.origin);
    const watermarks: { origin: Origin; watermark: number }[] = [];
    for (const origin of origins) {
      const watermark = this.state.localOfOrigin(origin)?.appliedOf(datacenterOf(origin)).watermark;
      if (watermark !== undefined) watermarks.push({ origin, watermark });
    }
    this.state.counters.depChecksAnswered += dots.length;
    encodeDepHolds(this.state.outboxes.to(asker.peer), { clock: this.state.clock.told(), dots, watermarks });
  }
}
