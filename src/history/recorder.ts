/*
 * What a load generator, the simulator or a chaos run calls to record: it names sessions, numbers their operations and
 * puts the lines together. docs/TESTING-HISTORY.md shows the whole of a recording.
 *
 * `begin` is called when an operation is sent and gives its place in program order; exactly one of `read`, `write`,
 * `remove` or `attach` is called with that place when its outcome is known. An operation that told nothing (a read
 * without an answer) is simply never reported. Times are the caller's, so virtual time works as well as a real clock; a
 * real clock must be monotonic and have fractions of a millisecond (`performance.now()`).
 */
import type { ByteString } from "../shared/bytes.ts";
import { invariant } from "../shared/assert.ts";
import { HISTORY_FORMAT, HISTORY_FORMAT_VERSION } from "./format.ts";
import type { FinalLine, HeaderLine, HistoryPast, Seen, WriteOutcome } from "./format.ts";
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

  /** The session goes on in `datacenter`; `pasts` are the tokens of others that it presented there. */
  attach(seq: number, start: number, end: number, datacenter: number, pasts: readonly HistoryPast[] = []): void {
    this.#sink.write({ type: "attach", session: this.name, seq, start, end, datacenter, pasts });
  }

  /** What a token taken now would carry: everything up to the last operation begun. */
  past(): HistoryPast {
    return [this.name, this.#lastSeq];
  }
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
