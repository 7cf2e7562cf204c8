/*
 * A history in memory, as every check sees it: sessions of operations, and the writes that they made and saw.
 *
 * A write is one object from the first line that names its dot, whoever comes first, its writer or a reader: so a read
 * points at what it saw, and what disagrees about one dot is found on the spot. Which writes happened is settled by
 * `resolve-fates.ts`; until then `fate` is "unsettled" for a dot that no line claims to have written.
 *
 * One million operations make about two million of these objects, so they hold numbers and references and little else.
 */
import type { HeaderLine } from "../format.ts";
import type { Past } from "./past.ts";

export interface Session {
  readonly name: string;
  /** Where it began; an operation carries the datacenter that it was made in. */
  readonly datacenter: number;
  readonly line: number;
  /** In program order once loaded. */
  readonly operations: Operation[];
  /** Of a causal replay: its place in pasts (-1 until its first write), its writes so far, and all that it has seen. */
  chain: number;
  acknowledged: number;
  past: Past | undefined;
  newestInPast: Write | undefined;
}

export type OperationKind = "read" | "write" | "delete" | "attach";

export interface Operation {
  readonly kind: OperationKind;
  readonly line: number;
  readonly session: Session;
  readonly seq: number;
  readonly start: number;
  /** Infinity for a write whose outcome the client never learned: nobody knows when it was over. */
  readonly end: number;
  readonly key: KeyHistory | undefined;
  /** The tag of a write of unknown outcome, by which a reader's dot is matched to it. */
  readonly value: string | undefined;
  readonly outcome: "ok" | "unknown";
  /** Of an attach: where the session goes on. Of all others: filled in from the attaches before it. */
  datacenter: number;
  /** Index in the session's program order. */
  position: number;
  /** What a read saw (undefined: never written) or what a write made (undefined: not known to have happened). */
  write: Write | undefined;
  /** Of an attach: the last operations of the pasts that it presented. */
  sources: readonly Operation[];
  /** Of a causal replay. */
  visit: "new" | "open" | "done";
}

export interface KeyHistory {
  readonly name: string;
  readonly writes: Write[];
  /** Writes and deletes whose outcome is unknown. */
  readonly unknown: Operation[];
}

/**
 * acknowledged: a line says so. learned: the outcome was unknown and somebody saw it. unrecorded: the header allows
 * writes that no line made. thinAir: nobody can have made it.
 */
export type Fate = "unsettled" | "acknowledged" | "learned" | "unrecorded" | "thinAir";

export interface Write {
  readonly key: KeyHistory;
  readonly dotDatacenter: number;
  readonly dotPartition: number;
  readonly dotSeq: number;
  readonly time: number;
  readonly versionDatacenter: number;
  readonly versionPartition: number;
  readonly tombstone: boolean;
  value: string | undefined;
  /** The line that named it first, for stories. */
  readonly firstLine: number;
  /** Who made it, where known. */
  operation: Operation | undefined;
  fate: Fate;
  /** Of a causal replay: its place in pasts, what preceded it (itself included), and who still has to ask. */
  chain: number;
  index: number;
  past: Past | undefined;
  newestInPast: Write | undefined;
  readersLeft: number;
}

export interface FinalState {
  readonly datacenter: number;
  readonly writes: Map<KeyHistory, Write>;
  complete: boolean;
}

export interface LoadedHistory {
  readonly header: HeaderLine;
  readonly sessions: readonly Session[];
  /** In the order of the lines. Refused writes are not among them: they say nothing. */
  readonly operations: readonly Operation[];
  readonly keys: ReadonlyMap<string, KeyHistory>;
  /** Every write that a line names, made or seen, in the order of first mention. */
  readonly writes: readonly Write[];
  readonly finals: ReadonlyMap<number, FinalState>;
  readonly refused: number;
}
