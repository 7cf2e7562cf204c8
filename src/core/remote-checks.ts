/*
 * dep_check as the asker sees it (design, 3.3): which dots of partitions that other nodes of this datacenter own are known
 * to be applied there, and who waits to hear.
 *
 *   register ──first to ask──▶ asked (one message per node and flush) ──dep-holds──▶ waiters told
 *                                 ▲                    │
 *                                 └── no answer, or the link came back: asked again
 *
 * Questions are kept by who is asked as long as the link is there, so asking again is for the rare loss, and the less often the
 * longer an answer takes: behind a cut of the wide area a hundred thousand may wait.
 *
 * Answers carry the partition's applied watermark, so later checks below it cost no message, and the node's clock, which
 * this node's clock passes before anybody is told: so an effect becomes visible above its causes.
 */
import { DotWaiters } from "./dot-waiters.ts";
import type { DotWaiter } from "./dot-waiters.ts";
import type { NodeState } from "./node-state.ts";
import type { NodeId } from "./placement.ts";
import { depCheckRetryMs } from "../shared/limits.ts";
import { encodeDepCheck } from "../protocol/messages/dep-check.ts";
import type { CheckedDot, DepHolds } from "../protocol/messages/dep-check.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { partitionOf } from "../protocol/version.ts";
import type { Origin } from "../protocol/version.ts";

const retryBackoffMax = 16;
const dotsPerMessage = 4096;

export class RemoteChecks {
  private readonly waiters = new DotWaiters();
  private readonly watermarks = new Map<Origin, number>();
  /** The greatest clock of any answer: at or above the visible time, at its owner, of everything known to hold. */
  clockSeen: HybridTime = 0;
  /** When an answer was last not believed, since its clock is too far ahead of this node's. */
  private refusedAtMs = -Infinity;
  /** That was the last answer. */
  private isRefused = false;
  private toAsk = new Map<NodeId, CheckedDot[]>();
  private retryAtMs = 0;
  private backoff = 1;
  private readonly state: NodeState;

  constructor(state: NodeState) {
    this.state = state;
  }

  /** Known to be applied at the partition's owner. */
  holds(origin: Origin, seq: number): boolean {
    const holds = (this.watermarks.get(origin) ?? 0) >= seq;
    if (holds) this.state.counters.depChecksFromWatermark++;
    return holds;
  }

  /** `waiter` is told when the owner says that it is applied. */
  register(origin: Origin, seq: number, prefix: boolean, waiter: DotWaiter): "first" | "another" | "repeated" {
    const registered = this.waiters.register(origin, seq, prefix, waiter);
    if (registered === "first") this.ask({ origin, seq, prefix });
    return registered;
  }

  /** The waiter does not wait any more; where nobody else does, the owner is told, and need not keep the question. */
  unregister(origin: Origin, seq: number, prefix: boolean, waiter: DotWaiter): void {
    if (this.waiters.remove(origin, seq, prefix, waiter)) this.tell({ origin, seq, prefix, withdrawn: true });
  }

  /** An owner answered. Its clock was accepted and passed by the caller. */
  onHolds(answer: DepHolds): void {
    // What it answered while it was not believed has to be asked for again.
    if (this.isRefused) this.askSoon();
    this.isRefused = false;
    this.clockSeen = Math.max(this.clockSeen, answer.clock);
    for (const { origin, watermark } of answer.watermarks) {
      if (watermark > (this.watermarks.get(origin) ?? 0)) this.watermarks.set(origin, watermark);
    }
    for (const { origin, seq, prefix } of answer.dots) {
      if (prefix) this.waiters.prefixIsIn(origin, seq);
      else this.waiters.dotIsIn(origin, seq);
    }
    for (const { origin, watermark } of answer.watermarks) this.waiters.everythingIsIn(origin, watermark);
  }

  /** An owner answered, with a clock that this node does not believe. */
  onRefused(): void {
    this.isRefused = true;
    this.refusedAtMs = this.state.timerMs;
  }

  /** Whether that was so lately that a question without an answer may be one of those, not having been asked again since. */
  get wasRefusedLately(): boolean {
    return this.state.timerMs - this.refusedAtMs <= depCheckRetryMs * retryBackoffMax;
  }

  onLinkUp(): void {
    this.askSoon();
  }

  /** Asks again what nobody answered. */
  tick(): void {
    if (this.waiters.size === 0 || this.state.timerMs < this.retryAtMs) return;
    this.retryAtMs = this.state.timerMs + depCheckRetryMs * this.backoff;
    this.backoff = Math.min(this.backoff * 2, retryBackoffMax);
    this.waiters.forEachDot((origin, seq, prefix) => this.tell({ origin, seq, prefix }));
  }

  flush(): void {
    if (this.toAsk.size === 0) return;
    const asked = this.toAsk;
    this.toAsk = new Map();
    for (const [peer, dots] of asked) {
      for (const dot of dots) if (dot.withdrawn !== true) this.state.counters.depChecksAsked++;
      for (let i = 0; i < dots.length; i += dotsPerMessage) {
        encodeDepCheck(this.state.outboxes.to(peer), dots.slice(i, i + dotsPerMessage));
      }
    }
  }

  get waitingCount(): number {
    return this.waiters.size;
  }

  private askSoon(): void {
    this.backoff = 1;
    this.retryAtMs = 0;
  }

  /** For the first time. */
  private ask(dot: CheckedDot): void {
    if (this.waiters.size === 1) {
      this.backoff = 1;
      this.retryAtMs = this.state.timerMs + depCheckRetryMs;
    }
    this.tell(dot);
  }

  /** Questions and withdrawals of a turn go out in the order in which they came: the last word counts. */
  private tell(dot: CheckedDot): void {
    const { placement, datacenter } = this.state;
    const owner = placement.owner(datacenter, partitionOf(dot.origin));
    const dots = this.toAsk.get(owner);
    if (dots === undefined) this.toAsk.set(owner, [dot]);
    else dots.push(dot);
    this.state.wake();
  }
}
