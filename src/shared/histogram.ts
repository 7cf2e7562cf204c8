/*
 * Counts values by size without garbage: fixed buckets, two for each power of two, found by counting leading zeros. Cheap
 * enough to be called for every operation; read when somebody asks for metrics.
 *
 * Bucket i holds the values above bound i-1 and at most bound i; the bounds are 1, 2, 3, 4, 6, 8, 12, 16, ... Values beyond
 * the last bound are counted in the overflow, as any other value in sum and count.
 */
import { invariant } from "./assert.ts";

const octavesMax = 31;

export class Histogram {
  /** By bucket; not cumulative. */
  readonly counts: Float64Array;
  /** Values above the last bound. */
  overflow = 0;
  count = 0;
  sum = 0;
  /** The greatest bound is 2 to this power. */
  private readonly octaves: number;

  constructor(octaves: number) {
    invariant(octaves >= 1 && octaves <= octavesMax, `a histogram spans 1 to ${octavesMax} powers of two`);
    this.octaves = octaves;
    this.counts = new Float64Array(2 * octaves);
  }

  /** `times` values of the same size, 0 or greater. */
  observe(value: number, times = 1): void {
    this.count += times;
    this.sum += value * times;
    if (value > 2 ** this.octaves) {
      this.overflow += times;
      return;
    }
    const index = bucketOf(Math.ceil(value));
    this.counts[index] = (this.counts[index] as number) + times;
  }

  /** The greatest value that bucket `index` holds. */
  boundOf(index: number): number {
    if (index === 0) return 1;
    return index % 2 === 1 ? 2 ** ((index + 1) / 2) : 3 * 2 ** (index / 2 - 1);
  }

  /** About the value below which this share of all values lies: the bound of its bucket; 0 when there are none. */
  quantile(share: number): number {
    const wanted = share * this.count;
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i] as number;
      if (seen > 0 && seen >= wanted) return this.boundOf(i);
    }
    return this.count === 0 ? 0 : Infinity;
  }
}

function bucketOf(value: number): number {
  if (value <= 2) return value <= 1 ? 0 : 1;
  const below = value - 1;
  const octave = 31 - Math.clz32(below);
  // Between 2^octave and twice that: the lower half goes up to 3 * 2^(octave-1).
  return 2 * octave + ((below >>> (octave - 1)) & 1);
}
