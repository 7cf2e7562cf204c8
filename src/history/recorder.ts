/*
 * What a load generator, the simulator or a chaos run calls to record: it names sessions, numbers their operations and
 * puts the lines together. docs/TESTING-HISTORY.md shows the whole of a recording.
 *
 * `begin` is called when an operation is sent and gives its place in program order; exactly one of `read`, `write`,
 * `remove`, `touch`, `snapshot`, `transaction` or `attach` is called with that place when its outcome is known. An operation that told nothing (a read
 * without an answer) is simply never reported. Times are the caller's, so virtual time works as well as a real clock; a
 * real clock must be monotonic and have fractions of a millisecond (`performance.now()`).
 */
import type { ByteString } from "../shared/bytes.ts";
import { invariant } from "../shared/assert.ts";
import { HISTORY_FORMAT, HISTORY_FORMAT_VERSION } from "./format.ts";
import type { FinalLine, HeaderLine, HistoryPast, Seen, TransactionPart, WriteOutcome } from "./format.ts";
import type { HistorySink } from "./writer.ts";

export interface HeaderChoices {
  readonly cluster: string;
  readonly datacenters: readonly string[];
  readonly clock: HeaderLine["clock"];
  readonly unrecordedWrites?: boolean;
  readonly collectsTombstones?: boolean;
}

export function historyHeader(choices: HeaderChoices): HeaderLine {
  return { type: "header", format: HISTORY_FORMAT, formatVersion: HISTORY_FORMAT_VERSION, ...choices };
}

/** One thread of execution: its operations have a program order and share one context. */
export class SessionRecorder {
  readonly name: string;
  readonly #sink: HistorySink;
  #lastSeq = 0;

  constructor(sink: HistorySink, name: string, datacenter: number) {
    this.name = name;
    this.#sink = sink;
    sink.write({ type: "session", session: name, datacenter });
  }

  /** The place in program order of the operation that is being sent now. */
  begin(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  read(seq: number, start: number, end: number, key: ByteString, seen: Seen): void {
    this.#sink.write({ type: "read", session: this.name, seq, start, end, key, ...seen });
  }

  /** `value` is a tag: equal exactly when the values are. */
  write(seq: number, start: number, end: number, key: ByteString, value: string, outcome: WriteOutcome): void {
    this.#sink.write({ type: "write", session: this.name, seq, start, end, key, value, ...outcome });
  }

  remove(seq: number, start: number, end: number, key: ByteString, outcome: WriteOutcome): void {
    this.#sink.write({ type: "delete", session: this.name, seq, start, end, key, ...outcome });
  }

  /** A write that only sets or ends the expiry of what the key has (EXPIRE, PERSIST). */
  touch(seq: number, start: number, end: number, key: ByteString, outcome: WriteOutcome): void {
    this.#sink.write({ type: "touch", session: this.name, seq, start, end, key, ...outcome });
  }

  /** One read transaction: what was seen of each key, all at one moment. */
  snapshot(
    seq: number,
    start: number,
    end: number,
    entries: readonly { readonly key: ByteString; readonly seen: Seen }[],
  ): void {
    invariant(entries.length > 0, "a snapshot reads at least one key");
    const seen = entries.map((entry) => ({ key: entry.key, ...entry.seen }));
    this.#sink.write({ type: "snapshot", session: this.name, seq, start, end, entries: seen });
  }

  /** One write transaction; a write without a value is a delete. Of two writes of one key the last one counts. */
  transaction(
    seq: number,
    start: number,
    end: number,
    writes: readonly TransactionWrite[],
    outcome: WriteOutcome,
  ): void {
    invariant(writes.length > 0, "a transaction writes at least one key");
    const byKey = new Map(writes.map((write) => [write.key, partOf(write)]));
    const parts = [...byKey.values()];
    this.#sink.write({ type: "transaction", session: this.name, seq, start, end, writes: parts, ...outcome });
  }

  /** The session goes on in `datacenter`; `pasts` are the tokens of others that it presented there. */
  attach(seq: number, start: number, end: number, datacenter: number, pasts: readonly HistoryPast[] = []): void {
    this.#sink.write({ type: "attach", session: this.name, seq, start, end, datacenter, pasts });
  }

  /** What a token taken now would carry: everything up to the last operation begun. */
  past(): HistoryPast {
    return [this.name, this.#lastSeq];
  }
}

interface TransactionWrite {
  readonly key: ByteString;
  /** Undefined: a delete. */
  readonly value: string | undefined;
  /** As in an outcome, for this key alone. */
  readonly expires?: boolean;
}

function partOf({ key, value, expires }: TransactionWrite): TransactionPart {
  return { key, ...(value === undefined ? {} : { value }), ...(expires === true ? { expires } : {}) };
}

/** Records the state in which a datacenter ended: after healing, when every operation is over and nothing is in flight. */
export function recordFinalState(
  sink: HistorySink,
  datacenter: number,
  entries: Iterable<{ readonly key: ByteString; readonly seen: Seen }>,
): void {
  let keys = 0;
  for (const { key, seen } of entries) {
    invariant(seen.saw !== "never", "a final state lists only keys that have a dot");
    const line: FinalLine = { type: "final", datacenter, key, ...seen };
    sink.write(line);
    keys += 1;
  }
  sink.write({ type: "final-end", datacenter, keys });
}
