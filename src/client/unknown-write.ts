/*
 * A put, delete or transaction whose outcome is not known (design, 3.9; docs/CLIENT.md, "Unknown outcomes").
 *
 *   unknown ──resolve, or the answer comes late──▶ known
 *      `──────abandon, or its context is deleted──▶ abandoned
 *
 * Resolving repeats the write under its number: its owner answers what the first one did, or does it now, once. That is
 * safe for `resolvableMsMax`, half of what nodes remember numbers for; later it can only be abandoned.
 */
import { textOf } from "./byte-text.ts";
import { resolvableMsMax } from "./limits.ts";
import { writesOf } from "./operations.ts";
import type { NumberedWrite } from "./operations.ts";
import type { WriteResult } from "./results.ts";

export interface ResolveOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface UnknownWrite {
  readonly kind: "put" | "delete" | "transaction";
  /** As text; bytes that are no UTF-8 become U+FFFD. Of a transaction the first. */
  readonly key: string;
  /** One, but for a transaction. */
  readonly keys: readonly string[];
  readonly state: "unknown" | "known" | "abandoned";
  /** What became of it, once that is known. */
  readonly result: WriteResult | undefined;
  /** Whether `resolve` still can: for minutes after the write was first sent. */
  readonly resolvable: boolean;
  /**
   * Makes the write happen if it has not, once, and answers what it did. Rejects with UnknownOutcomeError when that could
   * not be found out either: then it is as unknown as before.
   */
  resolve(options?: ResolveOptions): Promise<WriteResult>;
  /**
   * Goes on without knowing. The context keeps what it had seen before the write, so what is written next does not depend
   * on it: other datacenters may show it later than that, or never. A copy that is still on its way may take effect until
   * its owner hears of a later write.
   */
  abandon(): void;
}

/** The context that the write belongs to. */
export interface OutcomeOwner {
  resolveOutcome(outcome: OutcomeInQuestion, options: ResolveOptions): Promise<WriteResult>;
  abandonOutcome(outcome: OutcomeInQuestion): void;
  nowMs(): number;
}

/** The library's side of it. */
export class OutcomeInQuestion implements UnknownWrite {
  state: "unknown" | "known" | "abandoned" = "unknown";
  result: WriteResult | undefined;
  readonly numbered: NumberedWrite;
  readonly #owner: OutcomeOwner;

  constructor(owner: OutcomeOwner, numbered: NumberedWrite) {
    this.#owner = owner;
    this.numbered = numbered;
  }

  get kind(): "put" | "delete" | "transaction" {
    return this.numbered.order.kind;
  }

  get key(): string {
    return this.keys[0] as string;
  }

  get keys(): readonly string[] {
    return writesOf(this.numbered.order).map(({ key }) => textOf(key));
  }

  get resolvable(): boolean {
    return this.state === "unknown" && this.#owner.nowMs() < this.numbered.firstSentMs + resolvableMsMax;
  }

  resolve(options: ResolveOptions = {}): Promise<WriteResult> {
    if (this.result !== undefined) return Promise.resolve(this.result);
    return this.#owner.resolveOutcome(this, options);
  }

  abandon(): void {
    if (this.state === "unknown") this.#owner.abandonOutcome(this);
  }
}
