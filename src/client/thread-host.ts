/*
 * What the contexts of a client share.
 */
import type { Budget } from "./budget.ts";
import type { ContextThread } from "./context-thread.ts";
import type { ClientEvent } from "./events.ts";
import type { NodeLinks } from "./node-links.ts";
import type { Operation } from "./operations.ts";
import type { RequestLanes } from "./request-lanes.ts";
import type { WriteResult } from "./results.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { Surroundings } from "./transport.ts";
import type { OutcomeInQuestion, ResolveOptions } from "./unknown-write.ts";

export interface RetryPolicy {
  readonly attemptsMax: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

export interface Counters {
  operations: number;
  retries: number;
  readsOutOfOrder: number;
  outcomesUnknown: number;
}

export interface ThreadHost {
  readonly time: Surroundings;
  readonly wheel: TimerWheel;
  readonly budget: Budget;
  readonly links: NodeLinks;
  readonly lanes: RequestLanes;
  readonly retry: RetryPolicy;
  readonly counters: Counters;
  /** No node can be reached: the thread is advanced when one can. */
  park(thread: ContextThread): void;
  finished(thread: ContextThread, operation: Operation): void;
  resolveOutcome(thread: ContextThread, outcome: OutcomeInQuestion, options: ResolveOptions): Promise<WriteResult>;
  tell(event: ClientEvent): void;
}
