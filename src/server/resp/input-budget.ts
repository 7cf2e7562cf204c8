/*
 * Memory for requests that have begun to arrive, of all connections together (invariant 12): each may hold a large one, but
 * not all of them at once. Beyond the budget a connection whose request is still incomplete is told so and closed; what has
 * arrived whole is carried out.
 */

/** A request that is smaller than this is never the one to go: it is not what fills the memory. */
const spared = 64 * 1024;

export const tooManyIncomplete = "ERR Protocol error: too many incomplete requests of all clients";

export class InputBudget {
  /** Bytes of incomplete requests that connections hold. */
  held = 0;
  /** Connections that were closed for it. */
  refused = 0;
  private readonly limits: { readonly inputBytesTotalMax: number };

  constructor(limits: { readonly inputBytesTotalMax: number }) {
    this.limits = limits;
  }

  /** A connection held `before` bytes and holds `now`. Answers whether that may stay. */
  account(before: number, now: number): boolean {
    this.held += now - before;
    if (this.held <= this.limits.inputBytesTotalMax || now <= spared) return true;
    this.refused++;
    return false;
  }
}

/** What one connection holds of it. */
export class HeldInput {
  private readonly budget: InputBudget;
  private bytes = 0;

  constructor(budget: InputBudget) {
    this.budget = budget;
  }

  /** The connection holds this much now. Answers whether that may stay. */
  is(bytes: number): boolean {
    const before = this.bytes;
    this.bytes = bytes;
    return this.budget.account(before, bytes);
  }
}
