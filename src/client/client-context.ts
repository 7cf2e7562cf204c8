/*
 * A context as callers hold it (paper, 4.3: `ctx_id`): the name of one thread of execution. What it has seen and what is
 * under way is in its ContextThread, which only the library reaches.
 */
import type { ContextThread } from "./context-thread.ts";
import type { Dot } from "./results.ts";
import type { UnknownWrite } from "./unknown-write.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { datacenterOf, partitionOf } from "../protocol/version.ts";

/** What the next write of a context will depend on. */
export interface ContextDescription {
  readonly dots: readonly Dot[];
  /** Every write of this datacenter and partition up to `seq`: where a context saw too much to name each dot. */
  readonly prefixes: readonly Dot[];
  /** The greatest clock seen. */
  readonly floor: HybridTime;
}

let threadInside: (context: ClientContext) => ContextThread;

/**
 * One thread of execution. Its operations take effect in the order of the calls; a write depends on all that was read and
 * written before it. Made by `createContext` and `attach`.
 */
export class ClientContext {
  readonly #thread: ContextThread;

  static {
    threadInside = (context: ClientContext): ContextThread => context.#thread;
  }

  constructor(thread: ContextThread) {
    this.#thread = thread;
  }

  /** Operations that are not finished. */
  get pending(): number {
    return this.#thread.pending;
  }

  get deleted(): boolean {
    return this.#thread.deleted;
  }

  /** The write whose outcome is in question. While there is one, this context refuses to write on. */
  get unknownOutcome(): UnknownWrite | undefined {
    return this.#thread.unknown;
  }

  describe(): ContextDescription {
    const { dots, prefixes } = this.#thread.seen.dependencies();
    return { dots: dotsOf(dots), prefixes: dotsOf(prefixes), floor: this.#thread.seen.floor };
  }
}

export function threadOf(context: ClientContext): ContextThread {
  return threadInside(context);
}

function dotsOf(pairs: readonly number[]): Dot[] {
  const dots: Dot[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const origin = pairs[i] as number;
    dots.push({ datacenter: datacenterOf(origin), partition: partitionOf(origin), seq: pairs[i + 1] as number });
  }
  return dots;
}
