/*
 * What a check has to say: which rule is broken, in one sentence, and the shortest story that shows it, step by step,
 * each step naming its line in the history.
 *
 * `ViolationList` is where checks report. It keeps a bounded number and counts the rest: one bug makes thousands of wrong
 * reads, and the first few tell as much as all of them. Explaining costs more than finding, so a check hands over a
 * function that makes the story, called only for what is kept.
 */

export type Rule =
  | "stale-read"
  | "read-your-writes"
  | "monotonic-reads"
  | "fractured-read"
  | "snapshot-cut"
  | "monotonic-writes"
  | "writes-follow-reads"
  | "version-order"
  | "causality-cycle"
  | "thin-air"
  | "duplicate-dot"
  | "dot-mismatch"
  | "value-mismatch"
  | "real-time"
  | "future-read"
  | "torn-transaction"
  | "diverged"
  | "lost-write";

export interface Violation {
  readonly rule: Rule;
  /** One sentence. */
  readonly message: string;
  /** The story: what happened, in causal order, the wrong step last. */
  readonly cycle: readonly string[];
  /** The lines of the history that take part, the wrong one last. */
  readonly lines: readonly number[];
}

export interface Story {
  readonly message: string;
  readonly cycle: readonly string[];
  readonly lines: readonly number[];
}

export class ViolationList {
  readonly #kept: Violation[] = [];
  readonly #counts = new Map<Rule, number>();
  readonly #perRuleMax: number;

  constructor(perRuleMax: number) {
    this.#perRuleMax = perRuleMax;
  }

  report(rule: Rule, story: () => Story): void {
    const count = (this.#counts.get(rule) ?? 0) + 1;
    this.#counts.set(rule, count);
    if (count <= this.#perRuleMax) this.#kept.push({ rule, ...story() });
  }

  /** At most `perRuleMax` of each rule. */
  kept(): readonly Violation[] {
    return this.#kept;
  }

  /** All that were found, kept or not, by rule. */
  counts(): ReadonlyMap<Rule, number> {
    return this.#counts;
  }
}
