/*
 * What the transport says to the log, once per change: a link that cannot come up is dialled every second for hours, and
 * says so once; a stranger who knocks a thousand times a second gets one line a second, with the count of the others.
 *
 * Bounded (invariant 12): the last reason is kept for `KEYS_MAX` parties, the longest unheard forgotten first.
 */
import type { TransportErrorCode } from "./errors.ts";
import type { NodeId } from "./transport.ts";

export interface TransportLogEntry {
  readonly level: "info" | "warn";
  readonly event: "link-up" | "link-down" | "dial-failed" | "refused" | "listening" | "accept-failed";
  readonly message: string;
  readonly peer?: NodeId | undefined;
  readonly address?: string | undefined;
  readonly code?: TransportErrorCode | undefined;
  /** Entries of the same event left out since the last one, because they came too fast. */
  readonly suppressed?: number | undefined;
}

export type TransportLogger = (entry: TransportLogEntry) => void;

const KEYS_MAX = 256;
const STRANGER_GAP_MS = 1000;

export class ReasonLog {
  readonly #logger: TransportLogger | undefined;
  readonly #now: () => number;
  readonly #last = new Map<string, string>();
  #strangerAt = -Infinity;
  #suppressed = 0;

  constructor(logger: TransportLogger | undefined, now: () => number = () => performance.now()) {
    this.#logger = logger;
    this.#now = now;
  }

  /** Always said: it is a change by its nature. Forgets the party's last reason, so that the next one is said. */
  change(party: string, entry: TransportLogEntry): void {
    this.#last.delete(party);
    this.#logger?.(entry);
  }

  /** Said when it differs from what was last said of `party`. */
  repeat(party: string, entry: TransportLogEntry): void {
    if (this.#isNews(party, entry.message)) this.#logger?.(entry);
  }

  /** As `repeat`, for parties that a stranger can make up: at most one a second. */
  stranger(party: string, entry: TransportLogEntry): void {
    if (!this.#isNews(party, entry.message)) return;
    const now = this.#now();
    if (now - this.#strangerAt < STRANGER_GAP_MS) {
      this.#suppressed++;
      this.#last.delete(party);
      return;
    }
    this.#strangerAt = now;
    this.#logger?.(this.#suppressed === 0 ? entry : { ...entry, suppressed: this.#suppressed });
    this.#suppressed = 0;
  }

  #isNews(party: string, message: string): boolean {
    if (this.#last.get(party) === message) return false;
    this.#last.delete(party);
    this.#last.set(party, message);
    if (this.#last.size > KEYS_MAX) {
      const oldest = this.#last.keys().next();
      if (oldest.done !== true) this.#last.delete(oldest.value);
    }
    return true;
  }
}
