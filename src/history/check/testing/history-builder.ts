/*
 * Writes small histories by hand, for tests. Every operation gets the next ten milliseconds, every write the next version
 * and the next dot of its session's datacenter, unless the test says otherwise: what a test states is what it is about.
 */
import type {
  AttachLine,
  HeaderLine,
  HistoryDot,
  HistoryLine,
  HistoryPast,
  HistoryVersion,
  Seen,
} from "../../format.ts";
import { historyHeader } from "../../recorder.ts";

export interface Written {
  readonly key: string;
  readonly dot: HistoryDot;
  readonly version: HistoryVersion;
  /** Undefined: a tombstone. */
  readonly value: string | undefined;
  /** As a reader sees it: the value is gone. */
  readonly isExpired?: boolean;
}

export interface WriteChoices {
  readonly dot?: HistoryDot;
  readonly time?: number;
  readonly start?: number;
  readonly end?: number;
  readonly expires?: boolean;
}

export interface ReadChoices {
  readonly start?: number;
  readonly end?: number;
}

export class HistoryBuilder {
  readonly lines: HistoryLine[] = [];
  readonly #datacenterOf = new Map<string, number>();
  readonly #seqs = new Map<string, number>();
  readonly #dots = new Map<number, number>();
  #now = 0;
  #version = 0;

  constructor(choices: Partial<HeaderLine> = {}) {
    this.lines.push(historyHeader({ cluster: "test", datacenters: ["ams", "nyc", "sfo"], clock: "one", ...choices }));
  }

  session(name: string, datacenter: number): this {
    this.#datacenterOf.set(name, datacenter);
    this.lines.push({ type: "session", session: name, datacenter });
    return this;
  }

  write(session: string, key: string, value: string, choices: WriteChoices = {}): Written {
    const written = this.#written(session, key, value, choices);
    const { dot, version } = written;
    const outcome = { outcome: "ok", dot, version, ...expiryOf(choices) } as const;
    this.lines.push({ type: "write", ...this.#times(session, choices), key, value, ...outcome });
    return written;
  }

  /** Sets the expiry of what was written. */
  touch(session: string, base: Written, choices: WriteChoices = {}): Written {
    const { dot, version } = this.#written(session, base.key, undefined, choices);
    const [time, datacenter, partition] = base.version;
    const touched: Written = {
      ...base,
      dot,
      version: [time, datacenter, partition, version[0], version[1], version[2]],
    };
    const outcome = { outcome: "ok", dot, version: touched.version, ...expiryOf(choices) } as const;
    this.lines.push({ type: "touch", ...this.#times(session, choices), key: base.key, ...outcome });
    return touched;
  }

  /** Several keys at once, under one dot; what it left on each. Undefined: a delete. */
  transaction<Key extends string>(
    session: string,
    writes: Readonly<Record<Key, string | undefined>>,
    choices: WriteChoices & { readonly outcome?: "ok" | "unknown" } = {},
  ): Record<Key, Written> {
    const { dot, version } = this.#written(session, "", undefined, choices);
    const outcome =
      choices.outcome === "unknown" ? { outcome: choices.outcome } : ({ outcome: "ok", dot, version } as const);
    const parts = Object.entries<string | undefined>(writes).map(([key, value]) => ({ key, value }));
    this.lines.push({ type: "transaction", ...this.#times(session, choices), writes: parts, ...outcome });
    const left = parts.map(({ key, value }) => [key, { key, dot, version, value }] as const);
    return Object.fromEntries(left) as Record<Key, Written>; // The keys are those of `writes`.
  }

  remove(session: string, key: string, choices: WriteChoices = {}): Written {
    const written = this.#written(session, key, undefined, choices);
    const { dot, version } = written;
    this.lines.push({ type: "delete", ...this.#times(session, choices), key, outcome: "ok", dot, version });
    return written;
  }

  /** A write whose outcome the client never learned; what it would have made, if it did. */
  writeUnknown(session: string, key: string, value: string, choices: WriteChoices = {}): Written {
    this.lines.push({ type: "write", ...this.#times(session, choices), key, value, outcome: "unknown" });
    return this.#written(session, key, value, choices);
  }

  writeRefused(session: string, key: string, value: string): Written {
    this.lines.push({ type: "write", ...this.#times(session, {}), key, value, outcome: "refused" });
    return this.#written(session, key, value, {});
  }

  removeUnknown(session: string, key: string, choices: WriteChoices = {}): Written {
    this.lines.push({ type: "delete", ...this.#times(session, choices), key, outcome: "unknown" });
    return this.#written(session, key, undefined, choices);
  }

  read(session: string, written: Written, choices: ReadChoices = {}): this {
    this.lines.push({ type: "read", ...this.#times(session, choices), key: written.key, ...seenOf(written) });
    return this;
  }

  /** What was seen at once; a name alone: that key as never written. */
  snapshot(session: string, seen: readonly (Written | string)[], choices: ReadChoices = {}): this {
    const entries = seen.map((one) =>
      typeof one === "string" ? ({ key: one, saw: "never" } as const) : { key: one.key, ...seenOf(one) },
    );
    this.lines.push({ type: "snapshot", ...this.#times(session, choices), entries });
    return this;
  }

  readNever(session: string, key: string, choices: ReadChoices = {}): this {
    this.lines.push({ type: "read", ...this.#times(session, choices), key, saw: "never" });
    return this;
  }

  attach(session: string, datacenter: number, pasts: readonly HistoryPast[] = []): this {
    this.#datacenterOf.set(session, datacenter);
    const line: AttachLine = { type: "attach", ...this.#times(session, {}), datacenter, pasts };
    this.lines.push(line);
    return this;
  }

  /** What a token of the session taken now carries. */
  past(session: string): HistoryPast {
    return [session, this.#seqs.get(session) ?? 0];
  }

  final(datacenter: number, ...held: readonly Written[]): this {
    for (const written of held) {
      const seen = seenOf(written);
      if (seen.saw !== "never") this.lines.push({ type: "final", datacenter, key: written.key, ...seen });
    }
    this.lines.push({ type: "final-end", datacenter, keys: held.length });
    return this;
  }

  /** All three datacenters end with these. */
  finals(...held: readonly Written[]): this {
    for (const datacenter of [0, 1, 2]) this.final(datacenter, ...held);
    return this;
  }

  #written(session: string, key: string, value: string | undefined, choices: WriteChoices): Written {
    const datacenter = this.#datacenterOf.get(session) ?? 0;
    const seq = (this.#dots.get(datacenter) ?? 0) + 1;
    this.#dots.set(datacenter, seq);
    this.#version += 1;
    const version: HistoryVersion = [choices.time ?? this.#version, datacenter, 0];
    return { key, dot: choices.dot ?? [datacenter, 0, seq], version, value };
  }

  #times(session: string, choices: ReadChoices): { session: string; seq: number; start: number; end: number } {
    const seq = (this.#seqs.get(session) ?? 0) + 1;
    this.#seqs.set(session, seq);
    this.#now += 10;
    const start = choices.start ?? this.#now;
    return { session, seq, start, end: choices.end ?? start + 5 };
  }
}

function seenOf({ dot, version, value, isExpired }: Written): Seen {
  if (isExpired === true) return { saw: "expired", dot, version, ...(value === undefined ? {} : { value }) };
  return value === undefined ? { saw: "tombstone", dot, version } : { saw: "value", dot, version, value };
}

function expiryOf({ expires }: WriteChoices): { expires?: true } {
  return expires === true ? { expires } : {};
}

/** What a reader sees when the value is gone. */
export function expired(written: Written): Written {
  return { ...written, isExpired: true };
}
