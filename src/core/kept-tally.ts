/*
 * One line of what a node keeps (kept.ts): how many, how many bytes, since when, and what holds them back. Where there are
 * many, a sample says it for all: `held` and `bytes` are then scaled to the count.
 */
import type { NodeId } from "./placement.ts";

/** What holds something back, and how many of what is kept it does. */
export interface Hold {
  readonly why: string;
  /** The index of the datacenter that has to do something. */
  readonly datacenter?: number;
  /** The node that has to. */
  readonly node?: NodeId;
  readonly count: number;
}

export interface Kept {
  readonly what: string;
  readonly count: number;
  readonly bytes: number;
  /** Age of the oldest; 0 where nothing is kept, and where that is not known. */
  readonly oldestMs: number;
  readonly heldBy: readonly Hold[];
}

/** So many of a kind are looked at; what is said of them is said of all. */
const sampleMax = 1_000;

export type Holder = Pick<Hold, "datacenter" | "node">;

export class Tally {
  private looked = 0;
  private bytes = 0;
  private sinceMs = Number.POSITIVE_INFINITY;
  private readonly holds = new Map<string, { why: string; holder: Holder; count: number }>();

  get isEnough(): boolean {
    return this.looked >= sampleMax;
  }

  add(bytes: number, sinceMs: number | undefined, why?: string, holder: Holder = {}): void {
    this.looked++;
    this.bytes += bytes;
    if (sinceMs !== undefined) this.sinceMs = Math.min(this.sinceMs, sinceMs);
    if (why !== undefined) this.held(1, why, holder);
  }

  held(count: number, why: string, holder: Holder = {}): void {
    const name = `${why}/${holder.datacenter}/${holder.node}`;
    const hold = this.holds.get(name);
    if (hold === undefined) this.holds.set(name, { why, holder, count });
    else hold.count += count;
  }

  /** `count` of them there are; `nowMs` is on the clock of `sinceMs`. */
  kept(what: string, count: number, nowMs: number): Kept {
    const scale = this.looked === 0 ? 0 : count / this.looked;
    return {
      what,
      count,
      bytes: Math.round(this.bytes * scale),
      oldestMs: this.sinceMs === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Math.round(nowMs - this.sinceMs)),
      heldBy: Array.from(this.holds.values(), ({ why, holder, count: held }) => ({
        why,
        ...holder,
        count: Math.round(held * scale),
      })).toSorted((a, b) => b.count - a.count),
    };
  }
}
