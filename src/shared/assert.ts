/*
 * Assertions that stay on in production. A broken invariant is a bug in this program, never an input: it throws
 * `InvariantError`, and the driver stops the process rather than serve from a state that it cannot vouch for.
 */

export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "INVARIANT";
}

/** `why` says what must hold and, where it helps, the number of the invariant in docs/INVARIANTS.md. */
export function invariant(condition: boolean, why: string): asserts condition {
  if (!condition) throw new InvariantError(why);
}
