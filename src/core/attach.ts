/*
 * Presenting a token ("attach", design 3.4): before a session may go on with what another one had seen, here or in another
 * datacenter, its dots must be applied here.
 *
 *   begin ──▶ dots of own partitions: applied, or waited for at DepAnswers
 *         ──▶ dots of other nodes' partitions: dep_check, like the dependencies of a write
 *   all hold ──▶ done: the floor may rise to this node's clock, which has passed the clocks of those answers
 *   deadline ──▶ gone: TIMEOUT, nothing changed
 *
 * Prefixes are not waited for in the datacenter that issued the token: there each dot was seen applied, the prefix perhaps
 * not. Keeps invariant 5 across attach.
 */
import type { DepAnswers } from "./dep-answers.ts";
import type { DotWaiter } from "./dot-waiters.ts";
import type { NodeState } from "./node-state.ts";
import type { RemoteChecks } from "./remote-checks.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { Origin } from "../protocol/version.ts";

/** What a token says. */
export interface Seen {
  readonly dependencies: Dependencies;
  readonly floor: HybridTime;
  /** The datacenter that issued the token. */
  readonly datacenter: number;
}

export class Attach implements DotWaiter {
  readonly seen: Seen;
  readonly deadlineMs: number;
  private missing = 1;
  private readonly state: NodeState;
  private readonly answers: DepAnswers;
  private readonly remote: RemoteChecks;
  private readonly done: () => void;

  constructor(
    state: NodeState,
    answers: DepAnswers,
    remote: RemoteChecks,
    seen: Seen,
    deadlineMs: number,
    done: () => void,
  ) {
    this.state = state;
    this.answers = answers;
    this.remote = remote;
    this.seen = seen;
    this.deadlineMs = deadlineMs;
    this.done = done;
  }

  /** Calls `done` when everything holds, perhaps at once. */
  begin(): void {
    this.registerAll(this.seen.dependencies.dots, false);
    if (this.seen.datacenter !== this.state.datacenter) this.registerAll(this.seen.dependencies.prefixes, true);
    if (this.missing > 1) this.state.counters.attachWaits++;
    this.dotHolds();
  }

  dotHolds(): void {
    if (--this.missing === 0) this.done();
  }

  /** Gives up: nothing is told any more. */
  cancel(): void {
    this.missing = -1;
    this.forEach((origin, seq, prefix, local) => {
      if (local) this.answers.waiters.remove(origin, seq, prefix, this);
      else this.remote.unregister(origin, seq, prefix, this);
    });
  }

  private registerAll(pairs: readonly number[], prefix: boolean): void {
    for (let i = 0; i < pairs.length; i += 2) {
      const origin = pairs[i] as number;
      const seq = pairs[i + 1] as number;
      const local = this.state.localOfOrigin(origin) !== undefined;
      if (local ? this.answers.isApplied(origin, seq, prefix) : this.remote.holds(origin, seq)) continue;
      const waiters = local ? this.answers.waiters : this.remote;
      if (waiters.register(origin, seq, prefix, this) !== "repeated") this.missing++;
    }
  }

  private forEach(visit: (origin: Origin, seq: number, prefix: boolean, local: boolean) => void): void {
    const { dots, prefixes } = this.seen.dependencies;
    for (const [pairs, prefix] of [
      [dots, false],
      [prefixes, true],
    ] as const) {
      for (let i = 0; i < pairs.length; i += 2) {
        const origin = pairs[i] as number;
        visit(origin, pairs[i + 1] as number, prefix, this.state.localOfOrigin(origin) !== undefined);
      }
    }
  }
}
