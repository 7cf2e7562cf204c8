/*
 * The writes of one key that the replay has passed, arranged for one question: which is the greatest of those that a
 * given causal past holds?
 *
 * Per chain the writes stand in program order, each with the greatest version up to it (versions of one session may go
 * back where the history is wrong, and the answer must be right there too). A past holds a prefix of each chain, so the
 * answer is the best over one binary search per chain; chains that cannot beat what is already known are skipped.
 */
import type { Write } from "./model.ts";
import type { Past, PastSpace } from "./past.ts";
import { compareVersions, newerOf } from "./versions.ts";

interface ChainWrites {
  readonly chain: number;
  readonly writes: Write[];
  /** greatest[i]: of writes[0..i]. */
  readonly greatest: Write[];
}

export class KeyWrites {
  readonly #chains: ChainWrites[] = [];
  readonly #byChain = new Map<number, ChainWrites>();

  /** Writes of one chain come in the order of their index. */
  add(write: Write): void {
    let own = this.#byChain.get(write.chain);
    if (own === undefined) {
      own = { chain: write.chain, writes: [], greatest: [] };
      this.#byChain.set(write.chain, own);
      this.#chains.push(own);
    }
    own.writes.push(write);
    own.greatest.push(newerOf(own.greatest.at(-1), write)!);
  }

  /** The greatest write in `past` above `floor` (undefined: below all), if there is one. */
  greatestIn(space: PastSpace, past: Past | undefined, floor: Write | undefined): Write | undefined {
    let best = floor;
    for (const chain of this.#chains) {
      const last = chain.greatest[chain.greatest.length - 1]!;
      if (best !== undefined && compareVersions(last, best) <= 0) continue;
      const held = heldOf(chain.writes, space.count(past, chain.chain));
      if (held > 0) best = newerOf(best, chain.greatest[held - 1]);
    }
    return best === floor ? undefined : best;
  }
}

/** How many of `writes` have an index up to `count`. */
function heldOf(writes: readonly Write[], count: number): number {
  let low = 0;
  let high = writes.length;
  if (high > 0 && writes[high - 1]!.index <= count) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (writes[middle]!.index <= count) low = middle + 1;
    else high = middle;
  }
  return low;
}
