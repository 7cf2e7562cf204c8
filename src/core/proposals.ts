/*
 * The proposals of a node: entries that are in its log, or on their way there, and not durable yet (design, 3.1).
 *
 * In: entries of all partitions, in the order in which the node orders them. Out: frames for the log, one at a time, and
 * back the proposals once their frame is durable, in that same order. One frame serves all writers of a turn: the group
 * commit.
 *
 *   propose ──▶ open frame ──takeFrame──▶ frame under way ──frameDurable──▶ committed, oldest first
 *
 * Nothing that a crash could take back is ever seen or answered: a proposal's effects are carried out by `commit`, which
 * `frameDurable` alone calls. An answer that rests on an entry which is not durable yet (a condition that failed, a
 * repeated request) waits in the same queue as a proposal that wrote nothing.
 *
 * Bounded by `inFlightBytesMax`: `full` tells writers to wait.
 */
import { inFlightBytesMax } from "../shared/limits.ts";
import { invariant } from "../shared/assert.ts";
import type { Bytes } from "../shared/bytes.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";

export interface Proposal {
  /** Durable once the proposals up to this number are. */
  lsn: number;
  /** The entry is durable: apply it, answer for it. */
  commit(): void;
}

export class Proposals {
  /** The frame being filled. */
  writer: ByteWriter = new ByteWriter(64 * 1024);
  private spare: ByteWriter = new ByteWriter(64 * 1024);
  private queue: Proposal[] = [];
  private head = 0;
  /** Number of the last proposal. */
  lastLsn = 0;
  /** Number up to which proposals are durable. */
  durableLsn = 0;
  /** Number of the last proposal in the frame under way; 0 when none is. */
  private underWayLsn = 0;
  private underWayBytes = 0;
  /** The first time that an entry of the open frame, and of the frame under way, carries; 0 where none does. */
  private openTime: HybridTime = 0;
  private underWayTime: HybridTime = 0;

  /** Queues the proposal of the entry that was just written to `writer`, which has this time; 0 for none. */
  propose(proposal: Proposal, time: HybridTime = 0): void {
    proposal.lsn = ++this.lastLsn;
    if (this.openTime === 0) this.openTime = time;
    this.queue.push(proposal);
  }

  /**
   * The smallest time of an entry that is not durable, or infinity. A commit of what was prepared may carry a smaller one: it
   * is bounded by its prepare.
   */
  get oldestTime(): HybridTime {
    if (this.underWayTime > 0) return this.underWayTime;
    return this.openTime > 0 ? this.openTime : Number.POSITIVE_INFINITY;
  }

  /**
   * Queues an answer that wrote nothing and rests on the proposals up to `lsn`: right behind them, so that it neither waits
   * for a later frame nor comes after what its session does once they are durable.
   */
  after(lsn: number, answer: Proposal): void {
    invariant(lsn > this.durableLsn && lsn <= this.lastLsn, "an answer waits for a proposal that is under way");
    answer.lsn = lsn;
    let low = this.head;
    let high = this.queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.queue[middle] as Proposal).lsn <= lsn) low = middle + 1;
      else high = middle;
    }
    this.queue.splice(low, 0, answer);
  }

  get full(): boolean {
    return this.writer.length + this.underWayBytes >= inFlightBytesMax;
  }

  get inFlight(): number {
    return this.queue.length - this.head;
  }

  get inFlightBytes(): number {
    return this.writer.length + this.underWayBytes;
  }

  get isFrameUnderWay(): boolean {
    return this.underWayLsn !== 0;
  }

  get hasFrame(): boolean {
    return this.underWayLsn === 0 && this.writer.length > 0;
  }

  /** Hands out the open frame for one append; the next proposals go into the next one. */
  takeFrame(): { readonly bytes: Bytes; readonly length: number } {
    invariant(this.hasFrame, "one frame at a time, and never an empty one");
    const frame = this.writer;
    this.writer = this.spare;
    this.writer.reset();
    this.spare = frame;
    this.underWayLsn = this.lastLsn;
    this.underWayBytes = frame.length;
    this.underWayTime = this.openTime;
    this.openTime = 0;
    return { bytes: frame.bytes, length: frame.length };
  }

  /**
   * The frame under way is durable: commits its proposals. Answers how many. The durable number moves along with them and not
   * ahead: whoever is told by one of them and asks at once must not take a later one, not applied yet, for done.
   */
  frameDurable(): number {
    invariant(this.underWayLsn !== 0, "a frame is under way");
    const durable = this.underWayLsn;
    this.underWayLsn = 0;
    this.underWayBytes = 0;
    let committed = 0;
    while (this.head < this.queue.length) {
      const proposal = this.queue[this.head] as Proposal;
      if (proposal.lsn > durable) break;
      this.head++;
      committed++;
      if (proposal.lsn > this.durableLsn) this.durableLsn = proposal.lsn;
      proposal.commit();
    }
    this.durableLsn = durable;
    // Only now: whoever is told by one of them and asks at once must hear of those behind it.
    this.underWayTime = 0;
    this.trim();
    return committed;
  }

  private trim(): void {
    if (this.head === this.queue.length) {
      this.queue = [];
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }
}
