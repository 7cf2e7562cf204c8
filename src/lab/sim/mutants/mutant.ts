/*
 * A mutant: the protocol with one rule broken, in the cores of a simulation only. Checks must find each within a stated
 * number of seeds; a check that finds no mutant checks nothing.
 *
 * A mutant patches cores from outside (private members included): no product code knows of it. It is as small as can be, so
 * that what is found is the rule's absence and not some other damage.
 */
import type { NodeCore } from "../../../core/node-core.ts";
import type { Session } from "../../../core/session.ts";
import type { Plan } from "../plan.ts";
import type { Simulation } from "../simulation.ts";

export interface Mutant {
  /** The rule that is broken, as one sentence that holds where it is not. */
  readonly rule: string;
  /** The first seed to try, where that is not 1, and how many. */
  readonly from?: number;
  readonly seeds: number;
  /** The invariants that may be found broken by it; the core's own assertions may be faster. */
  readonly invariants: readonly number[];
  /** Brings about what the rule is for, where few seeds have it. */
  stress?(plan: Plan): Plan;
  /** Before recovery. */
  created?(core: NodeCore, simulation: Simulation): void;
  /** Before the checks look at what was recovered. */
  recovered?(core: NodeCore, simulation: Simulation): void;
}

/** For rules of single operations that few seeds break. */
export const singleOperations = { snapshot: 0, transaction: 0, permissions: 0, expiring: 0, touch: 0, compare: 0 };

export function eachSession(core: NodeCore, change: (session: Session) => void): void {
  const createSession = core.createSession.bind(core);
  core.createSession = () => {
    const session = createSession();
    change(session);
    return session;
  };
}
