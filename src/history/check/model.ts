/*
 * A history in memory, as every check sees it: sessions of operations, and the writes that they made and saw.
 *
 * A write is one object from the first line that names its dot and key, whoever comes first, its writer or a reader: so a
 * read points at what it saw, and what disagrees about one dot is found on the spot. Which writes happened is settled by
 * `resolve-fates.ts`; until then `fate` is "unsettled" for a dot that no line claims to have written.
 *
 * A transaction is one write on several keys. Each key has a `Write` of its own (a part), since checks go key by key; the
 * parts share their dot and version, and `group` ties them together.
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
  /** The write in its past with the greatest version of its own, whatever the key. */
  newestInPast: Write | undefined;
}

/** What is done to one key: by an operation on that key alone, which is its own access, or by a part of a larger one. */
export interface Access {
  readonly operation: Operation;
  readonly key: KeyHistory;
  readonly kind: "read" | "write" | "delete" | "touch";
  /** The tag of a write of unknown outcome, by which a reader's dot is matched to it. */
  readonly value: string | undefined;
  /** Of a write: what it leaves may expire. Of a read: what it saw had expired. */
  readonly expires: boolean;
  /** What a read saw (undefined: never written) or what a write made (undefined: not known to have happened). */
  write: Write | undefined;
}

export type OperationKind = Access["kind"] | "snapshot" | "transaction" | "attach";

interface OperationFacts {
  readonly kind: OperationKind;
  readonly line: number;
  readonly session: Session;
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  readonly key: KeyHistory | undefined;
  readonly value: string | undefined;
  readonly expires: boolean;
  readonly outcome: "ok" | "unknown";
  readonly datacenter: number;
}

const noParts: readonly Access[] = [];
const noSources: readonly Operation[] = [];

export class Operation {
  readonly kind: OperationKind;
  readonly line: number;
  readonly session: Session;
  readonly seq: number;
  readonly start: number;
  /** Infinity for a write whose outcome the client never learned: nobody knows when it was over. */
  readonly end: number;
  /** Undefined for what has parts, and for an attach. */
  readonly key: KeyHistory | undefined;
  readonly value: string | undefined;
  readonly expires: boolean;
  readonly outcome: "ok" | "unknown";
  /** Of an attach: where the session goes on. Of all others: filled in from the attaches before it. */
  datacenter: number;
  /** Index in the session's program order. */
  position: number;
  /**
   * The operation before it in its session from which it causally follows. One of unknown outcome is passed over: its
   * session never had its dot.
   */
  predecessor: Operation | undefined = undefined;
  write: Write | undefined = undefined;
  /** Of a snapshot and of a transaction: what it does, key by key. */
  parts: readonly Access[] = noParts;
  /** Of an attach: the last operations of the pasts that it presented. */
  sources: readonly Operation[] = noSources;
  /** Of a causal replay. */
  visit: "new" | "open" | "done" = "new";

  constructor(facts: OperationFacts) {
    this.kind = facts.kind;
    this.line = facts.line;
    this.session = facts.session;
    this.seq = facts.seq;
    this.start = facts.start;
    this.end = facts.end;
    this.key = facts.key;
    this.value = facts.value;
    this.expires = facts.expires;
    this.outcome = facts.outcome;
    this.datacenter = facts.datacenter;
    this.position = facts.session.operations.length;
  }

  /** So that an operation on one key is an access. */
  get operation(): this {
    return this;
  }
}

export type SingleOperation = Operation & Access;

export function isSingle(operation: Operation): operation is SingleOperation {
  return operation.key !== undefined;
}

/** What the operation does, key by key. */
export function accessesOf(operation: Operation): readonly Access[] {
  return isSingle(operation) ? [operation] : operation.parts;
}

export function isReading(operation: Operation): boolean {
  return operation.kind === "read" || operation.kind === "snapshot";
}

export interface KeyHistory {
  readonly name: string;
  readonly writes: Write[];
  /** Writes, deletes and touches whose outcome is unknown. */
  readonly unknown: Access[];
  /** Made when first needed. */
  collectible: CollectibleWrites | undefined;
}

/** The writes of a key that collection may remove, lowest version first. */
export interface CollectibleWrites {
  readonly writes: readonly Write[];
  /** When the earliest of this one and all greater ones began. */
  readonly earliestStart: readonly number[];
  /** When the earliest began that has an unknown outcome and was seen by nobody: it may have been collected before. */
  readonly unseenStart: number;
}

/**
 * acknowledged: a line says so. learned: the outcome was unknown and somebody saw it. unrecorded: the header allows
 * writes that no line made. thinAir: nobody can have made it.
 */
export type Fate = "unsettled" | "acknowledged" | "learned" | "unrecorded" | "thinAir";

/** In the place of the time of a touch: there is none. */
export const untouched = -1;
/** In the place of a dot's seq: a touch names the version that it is on, and no line has told its dot. */
export const seqUnknown = -1;

export interface Write {
  readonly key: KeyHistory;
  readonly dotDatacenter: number;
  readonly dotPartition: number;
  readonly dotSeq: number;
  readonly time: number;
  readonly versionDatacenter: number;
  readonly versionPartition: number;
  /** `untouched`, or this is a touch, the version above is the one that it is on, and its own is this. */
  readonly touchTime: number;
  readonly touchDatacenter: number;
  readonly touchPartition: number;
  readonly tombstone: boolean;
  value: string | undefined;
  /** Its writer says that what it leaves may expire. */
  expires: boolean;
  /** The first line that saw it expired; 0 for none. */
  expiredLine: number;
  /** The line that named it first, for stories. */
  readonly firstLine: number;
  /** Who made it, where known. */
  operation: Operation | undefined;
  /** Of a touch: the write that it is on. */
  base: Write | undefined;
  /** The writes with this dot, where there is more than one. */
  group: WriteGroup | undefined;
  fate: Fate;
  /** Of a causal replay: its place in pasts, what preceded it (itself included), and who still has to ask. */
  chain: number;
  index: number;
  past: Past | undefined;
  newestInPast: Write | undefined;
  readersLeft: number;
}

/** The writes of several keys that have one dot: the parts of one transaction. */
export interface WriteGroup {
  readonly parts: Map<KeyHistory, Write>;
  /** The first that claims to have made the dot. */
  operation: Operation | undefined;
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
  /** Every write that a line names, made or seen, in the order of first mention; then those that were concluded. */
  readonly writes: Write[];
  readonly finals: ReadonlyMap<number, FinalState>;
  readonly refused: number;
}
