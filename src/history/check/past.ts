/*
 * A causal past, kept small: how many acknowledged writes of each session it holds.
 *
 * A session's writes follow each other causally, so a past holds a prefix of each session's writes and is a vector with
 * one count per session ("chain"). A write of unknown outcome that somebody saw is a chain of its own: what its session
 * did afterwards does not follow from it, since nobody had its dot.
 *
 * The vector is a persistent tree of arrays with `fanout` slots. A snapshot for a later reader is then one pointer, and
 * joining two pasts touches only where they differ, so thousands of sessions that ended long ago cost nothing: the vector
 * of a million operations over 300 sessions would not fit in memory flat. A missing branch stands for zeros.
 */

const fanoutBits = 4;
const fanout = 1 << fanoutBits;
const slotMask = fanout - 1;

type Leaf = readonly number[];
type Branch = readonly (Node | undefined)[];
type Node = Leaf | Branch;

/** Immutable; undefined is the empty past. */
export type Past = Node;

/** The operations on pasts over `chainsMax` chains. All pasts of one replay belong to one space. */
export class PastSpace {
  readonly #height: number;

  constructor(chainsMax: number) {
    let height = 0;
    for (let room = fanout; room < chainsMax; room *= fanout) height += 1;
    this.#height = height;
  }

  /** How many writes of `chain` the past holds. */
  count(past: Past | undefined, chain: number): number {
    let node = past;
    for (let shift = this.#height * fanoutBits; shift > 0 && node !== undefined; shift -= fanoutBits) {
      node = (node as Branch)[(chain >>> shift) & slotMask];
    }
    return node === undefined ? 0 : ((node as Leaf)[chain & slotMask] ?? 0);
  }

  with(past: Past | undefined, chain: number, count: number): Past {
    return replaceCount(past, this.#height * fanoutBits, chain, count);
  }

  /** What either holds. Returns one of the two unchanged where it holds all of the other. */
  join(left: Past | undefined, right: Past | undefined): Past | undefined {
    return joinNodes(left, right, this.#height);
  }
}

function replaceCount(node: Node | undefined, shift: number, chain: number, count: number): Node {
  const slot = (chain >>> shift) & slotMask;
  if (shift === 0) {
    const leaf = node === undefined ? emptyLeaf() : (node as Leaf).slice();
    leaf[slot] = count;
    return leaf;
  }
  const branch = node === undefined ? emptyBranch() : (node as Branch).slice();
  branch[slot] = replaceCount(branch[slot], shift - fanoutBits, chain, count);
  return branch;
}

function emptyLeaf(): number[] {
  return Array.from<number>({ length: fanout }).fill(0);
}

function emptyBranch(): (Node | undefined)[] {
  return Array.from<Node | undefined>({ length: fanout }).fill(undefined);
}

function joinNodes(left: Node | undefined, right: Node | undefined, height: number): Node | undefined {
  if (left === right || right === undefined) return left;
  if (left === undefined) return right;
  return height === 0 ? joinLeaves(left as Leaf, right as Leaf) : joinBranches(left as Branch, right as Branch, height);
}

function joinLeaves(left: Leaf, right: Leaf): Leaf {
  let leftHasMore = false;
  let rightHasMore = false;
  for (let slot = 0; slot < fanout; slot += 1) {
    const difference = left[slot]! - right[slot]!;
    if (difference > 0) leftHasMore = true;
    else if (difference < 0) rightHasMore = true;
  }
  if (!rightHasMore) return left;
  if (!leftHasMore) return right;
  const joined = left.slice();
  for (let slot = 0; slot < fanout; slot += 1) if (right[slot]! > joined[slot]!) joined[slot] = right[slot]!;
  return joined;
}

function joinBranches(left: Branch, right: Branch, height: number): Branch {
  let joined: (Node | undefined)[] | undefined;
  let rightHoldsAll = true;
  for (let slot = 0; slot < fanout; slot += 1) {
    const merged = joinNodes(left[slot], right[slot], height - 1);
    if (merged !== right[slot]) rightHoldsAll = false;
    if (merged === left[slot]) continue;
    joined ??= left.slice();
    joined[slot] = merged;
  }
  if (joined === undefined) return left;
  return rightHoldsAll ? right : joined;
}
