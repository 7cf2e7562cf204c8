/*
 * What one thread of execution has seen since its last write: its nearest dependencies (design, 3.4; paper, 4.3), plus
 * the time floor: the greatest clock seen, which every request carries.
 *
 * In: dots that were read, the dot of the own write. Out: the dependencies of the next write.
 *
 * - A read adds the dot that it saw; a write replaces everything by its own dot, which is nearer than all before.
 * - Beyond `contextDotsMax` exact dots it collapses: one prefix per origin, "every seq up to n". That asks for more than
 *   was seen, but it is bounded, and it cannot wait in a circle: whatever an origin numbered up to n is older than the
 *   write that was seen, hence older than the one that will depend on it.
 * - One exact dot never stands for smaller ones: they may be applied elsewhere in another order.
 * - A prefix is for other datacenters. Where it was formed each dot was seen applied, the prefix perhaps not, so the home
 *   datacenter never waits for it.
 *
 * Bounded (invariant 12): `contextDotsMax` dots, one prefix per origin. Repeated dots cost nothing until compaction.
 */
import type { Counters } from "./counters.ts";
import { contextDotsMax } from "../shared/limits.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import { noDependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { Origin } from "../protocol/version.ts";

export class Context {
  floor: HybridTime = 0;
  /** Pairs of origin and seq; may hold repetitions until `compact`. */
  private dots: number[] = [];
  private prefixes: Map<Origin, number> | undefined;
  private readonly counters: Pick<Counters, "contextCollapses">;

  /** `counters` are told of collapses; a client that keeps its own contexts has none. */
  constructor(counters: Pick<Counters, "contextCollapses"> = { contextCollapses: 0 }) {
    this.counters = counters;
  }

  /** Something with this dot was read. */
  saw(origin: Origin, seq: number): void {
    const dots = this.dots;
    const length = dots.length;
    if (length > 0 && dots[length - 1] === seq && dots[length - 2] === origin) return;
    if (this.prefixes !== undefined && (this.prefixes.get(origin) ?? 0) >= seq) return;
    dots.push(origin, seq);
    if (dots.length > 4 * contextDotsMax) this.compact();
  }

  /** This session's write got this dot. */
  wrote(origin: Origin, seq: number): void {
    this.dots.length = 0;
    this.dots.push(origin, seq);
    this.prefixes = undefined;
  }

  raiseFloor(clock: HybridTime): void {
    if (clock > this.floor) this.floor = clock;
  }

  /** Takes in what another thread of execution had seen. */
  merge(seen: Dependencies, floor: HybridTime): void {
    this.raiseFloor(floor);
    for (let i = 0; i < seen.prefixes.length; i += 2) {
      this.addPrefix(seen.prefixes[i] as number, seen.prefixes[i + 1] as number);
    }
    for (let i = 0; i < seen.dots.length; i += 2) this.saw(seen.dots[i] as number, seen.dots[i + 1] as number);
  }

  forget(): void {
    this.floor = 0;
    this.dots.length = 0;
    this.prefixes = undefined;
  }

  /** A copy: what the next write depends on. */
  dependencies(): Dependencies {
    if (this.dots.length === 0 && this.prefixes === undefined) return noDependencies;
    this.compact();
    const prefixes: number[] = [];
    if (this.prefixes !== undefined) for (const [origin, seq] of this.prefixes) prefixes.push(origin, seq);
    return { dots: this.dots.slice(), prefixes };
  }

  /** Drops repetitions. Runs before a write and when the array is twice what the limit needs, so it stays rare. */
  private compact(): void {
    const dots = this.dots;
    if (dots.length <= 2) return;
    const unique: number[] = [];
    const seen = new Map<Origin, Set<number>>();
    for (let i = 0; i < dots.length; i += 2) {
      const origin = dots[i] as number;
      const seq = dots[i + 1] as number;
      let seqs = seen.get(origin);
      if (seqs === undefined) seen.set(origin, (seqs = new Set()));
      if (seqs.has(seq)) continue;
      seqs.add(seq);
      unique.push(origin, seq);
    }
    this.dots = unique;
    if (unique.length > 2 * contextDotsMax) this.collapse();
  }

  private collapse(): void {
    this.counters.contextCollapses++;
    const dots = this.dots;
    for (let i = 0; i < dots.length; i += 2) this.addPrefix(dots[i] as number, dots[i + 1] as number);
    this.dots = [];
  }

  private addPrefix(origin: Origin, seq: number): void {
    this.prefixes ??= new Map();
    if ((this.prefixes.get(origin) ?? 0) < seq) this.prefixes.set(origin, seq);
  }
}
