/*
 * A broken invariant, by its number in section 6 of the design, found by a check of the simulator.
 */

/** What led to it: the causal chain in words, and the names (of writes, threads, keys) that tell its events from others. */
export interface Story {
  readonly chain: readonly string[];
  readonly names: readonly string[];
}

const noStory: Story = { chain: [], names: [] };

export class Violation extends Error {
  override readonly name = "Violation";
  /** Number of the invariant in docs/INVARIANTS.md. */
  readonly invariant: number;
  readonly story: Story;

  constructor(invariant: number, message: string, story: Story = noStory) {
    super(message);
    this.invariant = invariant;
    this.story = story;
  }
}

/** `what` and `story` are called only when it does not hold. */
export function check(holds: boolean, invariant: number, what: () => string, story?: () => Story): asserts holds {
  if (!holds) throw new Violation(invariant, what(), story?.());
}
