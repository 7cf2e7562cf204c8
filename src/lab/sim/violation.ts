/*
 * A broken invariant, by its number in section 6 of the design, found by a check of the simulator.
 */
export class Violation extends Error {
  override readonly name = "Violation";
  /** Number of the invariant in docs/INVARIANTS.md. */
  readonly invariant: number;

  constructor(invariant: number, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** `what` is called only when it does not hold. */
export function check(holds: boolean, invariant: number, what: () => string): asserts holds {
  if (!holds) throw new Violation(invariant, what());
}
