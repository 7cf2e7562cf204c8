/*
 * Watches this node's clock against its peers' (design, 3.9): a node that is ahead of most peers by more than `maxSkewMs`
 * orders nothing, since its versions would beat everybody's for as long.
 *
 * In: heartbeats with the peers' wall time. Out: whether this node may order, and the skew seen, for metrics. The time that
 * a heartbeat travels makes a peer look behind, by far less than the limit.
 */
import type { NodeState } from "./node-state.ts";
import type { NodeId } from "./placement.ts";
import { maxSkewMs } from "../shared/limits.ts";
import { beginMessage, endMessage, messageHeartbeat } from "../protocol/messages/message.ts";

const heartbeatMs = 1_000;
/** A peer that missed a heartbeat and half another: it stands still, or what it sends is stuck. */
const silentMsMin = 1.5 * heartbeatMs;
/** A sample older than this says nothing any more. */
const sampleAgeMsMax = 10_000;

/** How far this node is ahead is judged anew each time: a leap of its own clock shows before the next heartbeat comes. */
interface Sample {
  /** What the peer's wall clock said, in Unix ms, and when that was on this node's steady clock. */
  readonly peerMs: number;
  readonly takenMs: number;
}

export class SkewWatch {
  private readonly samples = new Map<NodeId, Sample>();
  private nextMs = 0;
  private readonly state: NodeState;

  constructor(state: NodeState) {
    this.state = state;
  }

  onHeartbeat(peer: NodeId, peerMs: number): void {
    this.samples.set(peer, { peerMs, takenMs: this.state.timerMs });
  }

  onLinkDown(peer: NodeId): void {
    this.samples.delete(peer);
  }

  /** Sends heartbeats when they are due. Answers whether this node is ahead of most of its peers by too much. */
  tick(): boolean {
    const { nowMs, linksUp, outboxes } = this.state;
    if (nowMs >= this.nextMs || this.nextMs > nowMs + heartbeatMs) {
      this.nextMs = nowMs + heartbeatMs;
      for (const peer of linksUp) {
        const writer = outboxes.to(peer);
        const at = beginMessage(writer, messageHeartbeat);
        writer.u64(nowMs);
        endMessage(writer, at);
      }
    }
    return this.isAheadOfMost();
  }

  /** Its link is up, perhaps, but it has said nothing for so long that its silence is no answer. */
  isSilent(peer: NodeId): boolean {
    const sample = this.samples.get(peer);
    return sample !== undefined && this.state.timerMs - sample.takenMs > silentMsMin;
  }

  /** By peer: how far this node is ahead of it, in ms. */
  *skews(): IterableIterator<[NodeId, number]> {
    for (const [peer, sample] of this.samples) yield [peer, this.aheadOf(sample)];
  }

  /** Negative when this node is behind. */
  private aheadOf({ peerMs, takenMs }: Sample): number {
    const { nowMs, timerMs } = this.state;
    return nowMs - peerMs - (timerMs - takenMs);
  }

  private isAheadOfMost(): boolean {
    let fresh = 0;
    let ahead = 0;
    for (const sample of this.samples.values()) {
      if (this.state.timerMs - sample.takenMs > sampleAgeMsMax) continue;
      fresh++;
      if (this.aheadOf(sample) > maxSkewMs) ahead++;
    }
    return ahead * 2 > fresh;
  }
}
