/*
 * Which seqs of one origin are in: a watermark (every seq up to it) plus the ranges beyond it (design, section 2).
 *
 * Kept per partition and origin datacenter, once for what is applied and once for what is proposed. Ranges are sorted,
 * disjoint and not adjacent, as pairs [from, to, from, to, ...]; in-order arrival never creates one. Their number is
 * bounded by whoever takes writes in: the dependency gate lets none in that would add one too many.
 *
 * Keeps invariant 2: `add` answers false for what is already in.
 */
import { invariant } from "../shared/assert.ts";

export class AppliedSet {
  /** Every seq from 1 up to here is in. */
  watermark = 0;
  private readonly ranges: number[] = [];

  static of(watermark: number, ranges: readonly number[]): AppliedSet {
    const set = new AppliedSet();
    if (watermark > 0) set.addRange(1, watermark);
    for (let i = 0; i + 1 < ranges.length; i += 2) set.addRange(ranges[i] as number, ranges[i + 1] as number);
    return set;
  }

  /** Pairs of first and last seq, ascending, all above the watermark. */
  rangesBeyond(): readonly number[] {
    return this.ranges;
  }

  get rangeCount(): number {
    return this.ranges.length / 2;
  }

  /** The greatest seq that is in. */
  get greatest(): number {
    const ranges = this.ranges;
    return ranges.length === 0 ? this.watermark : (ranges[ranges.length - 1] as number);
  }

  has(seq: number): boolean {
    if (seq <= this.watermark) return true;
    const at = this.firstRangeEndingAtOrAfter(seq);
    return at < this.ranges.length && (this.ranges[at] as number) <= seq;
  }

  /** Whether `seq` is next to something that is in, so that putting it in adds no range. */
  touches(seq: number): boolean {
    return this.has(seq - 1) || this.has(seq + 1);
  }

  /** Puts `seq` in; false when it was in already. */
  add(seq: number): boolean {
    if (seq === this.watermark + 1) {
      this.watermark = seq;
      if (this.ranges.length > 0) this.absorb();
      return true;
    }
    if (this.has(seq)) return false;
    this.addRange(seq, seq);
    return true;
  }

  /** Puts every seq from `from` to `to` in. */
  addRange(from: number, to: number): void {
    invariant(from >= 1 && from <= to, "a range of seqs runs upwards from at least 1");
    if (from <= this.watermark + 1) {
      if (to > this.watermark) this.watermark = to;
      this.absorb();
      return;
    }
    const ranges = this.ranges;
    const first = this.firstRangeEndingAtOrAfter(from - 1);
    let last = first;
    let low = from;
    let high = to;
    while (last < ranges.length && (ranges[last] as number) <= to + 1) {
      low = Math.min(low, ranges[last] as number);
      high = Math.max(high, ranges[last + 1] as number);
      last += 2;
    }
    ranges.splice(first, last - first, low, high);
  }

  /** Takes in the ranges that the watermark has reached. */
  private absorb(): void {
    const ranges = this.ranges;
    let taken = 0;
    while (taken < ranges.length && (ranges[taken] as number) <= this.watermark + 1) {
      this.watermark = Math.max(this.watermark, ranges[taken + 1] as number);
      taken += 2;
    }
    if (taken > 0) ranges.splice(0, taken);
  }

  /** Offset of the first range whose end is at or after `seq`; the length of `ranges` when there is none. */
  private firstRangeEndingAtOrAfter(seq: number): number {
    let low = 0;
    let high = this.ranges.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ranges[middle * 2 + 1] as number) < seq) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
