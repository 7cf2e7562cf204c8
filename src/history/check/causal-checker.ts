/*
 * The causal+ check: a replay of the history in causal order that carries each session's full causal past
 * (design, section 7, "white box").
 *
 * Versions give the order of writes directly, so nothing has to be inferred: a read must return at least the greatest
 * write of its key in the reader's past, and a write must exceed everything in its writer's. The past comes from program
 * order, from what was read (with all that preceded it), from what was touched, and from tokens presented. A snapshot reads
 * all its keys at one moment, so each of them is judged by the past of all; a transaction is one write, so whose past
 * holds it holds it on all its keys.
 *
 * A write of unknown outcome that somebody saw happened with the past that its session had then; its own session does not
 * follow from it, since it never had its dot. A write that no line made (allowed, or already reported as thin air) has no
 * past.
 *
 * Cost: per operation a join of two pasts (past.ts) and one question to the key's writes (key-writes.ts). The past of a
 * write is dropped when its last reader has passed.
 */
import { reportCycle } from "./causality-cycle.ts";
import { walkInCausalOrder } from "./causal-order.ts";
import { isExcused } from "./collection.ts";
import { KeyWrites } from "./key-writes.ts";
import { accessesOf, isSingle } from "./model.ts";
import type { Access, KeyHistory, LoadedHistory, Operation, Session, SingleOperation, Write } from "./model.ts";
import { PastSpace } from "./past.ts";
import type { Past } from "./past.ts";
import { checkSnapshotEntry } from "./snapshot-cut.ts";
import { reportStaleRead } from "./stale-read.ts";
import { laterOf } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { checkWrite, checkWrittenKey } from "./write-order.ts";

/** The fates of writes are settled before (resolve-fates.ts). */
export function checkCausality(history: LoadedHistory, violations: ViolationList): void {
  const replay = new CausalReplay(history, violations);
  walkInCausalOrder(history.operations, {
    visit: (operation) => replay.visit(operation),
    cycle: (operations) => reportCycle(history, violations, operations),
  });
}

/** All that was seen: the writes, and which of them was issued with the greatest version. */
interface Seen {
  readonly past: Past | undefined;
  readonly newest: Write | undefined;
}

const nothingSeen: Seen = { past: undefined, newest: undefined };

class CausalReplay {
  readonly #history: LoadedHistory;
  readonly #violations: ViolationList;
  readonly #space: PastSpace;
  readonly #keyWrites = new Map<KeyHistory, KeyWrites>();
  /** What a session had seen at the operations after which a token was taken, or a write of unknown outcome sent. */
  readonly #marks = new Map<Operation, Seen>();
  #chains = 0;

  constructor(history: LoadedHistory, violations: ViolationList) {
    this.#history = history;
    this.#violations = violations;
    const alone = history.writes.reduce((sum, write) => sum + (write.fate === "acknowledged" ? 0 : 1), 0);
    this.#space = new PastSpace(history.sessions.length + alone);
    for (const { outcome, predecessor, sources } of history.operations) {
      for (const source of sources) this.#marks.set(source, nothingSeen);
      if (outcome === "unknown" && predecessor !== undefined) this.#marks.set(predecessor, nothingSeen);
    }
  }

  /** Everything that precedes the operation has been visited. */
  visit(operation: Operation): void {
    switch (operation.kind) {
      case "attach":
        this.#attach(operation);
        break;
      case "read":
        if (isSingle(operation)) this.#read(operation);
        break;
      case "snapshot":
        this.#snapshot(operation);
        break;
      default:
        this.#write(operation);
    }
    if (this.#marks.has(operation)) this.#marks.set(operation, seenBy(operation.session));
  }

  #attach({ session, sources }: Operation): void {
    for (const source of sources) this.#absorb(session, this.#marks.get(source) ?? nothingSeen);
  }

  #read(operation: SingleOperation): void {
    const { session, write } = operation;
    const newest = this.#missedBy(operation, session.past);
    if (newest !== undefined) reportStaleRead(this.#history, this.#violations, operation, newest);
    if (write === undefined) return;
    this.#reach(write);
    this.#see(session, write);
    release(write);
  }

  #snapshot({ session, parts }: Operation): void {
    const before = session.past;
    for (const { write } of parts) {
      if (write === undefined) continue;
      this.#reach(write);
      this.#see(session, write);
    }
    for (const part of parts) {
      if (this.#greatest(part.key, session.past, part.write) === undefined) continue;
      const stale = this.#missedBy(part, before);
      if (stale !== undefined) reportStaleRead(this.#history, this.#violations, part, stale);
      else {
        const newestFor = (other: Write): Write | undefined => this.#greatest(part.key, other.past, part.write);
        checkSnapshotEntry(this.#history, this.#violations, part, newestFor);
      }
    }
    for (const { write } of parts) if (write !== undefined) release(write);
  }

  #write(operation: Operation): void {
    const accesses = accessesOf(operation).filter(hasHappened);
    const [first] = accesses;
    if (first === undefined) return;
    const { session } = operation;
    const isKnown = operation.outcome === "ok";
    const before = isKnown ? seenBy(session) : this.#markOf(operation.predecessor);
    const seen = this.#withBase(before, first.write);
    let isInOrder = true;
    for (const access of accesses) {
      const newest = this.#greatest(access.key, seen.past, access.write);
      if (newest === undefined) continue;
      isInOrder = false;
      checkWrittenKey(this.#history, this.#violations, access, newest);
    }
    if (isInOrder) checkWrite(this.#history, this.#violations, first, seen.newest);
    const writes = accesses.map(({ write }) => write);
    if (isKnown) this.#advance(session, seen, writes);
    else this.#standAlone(writes, seen);
  }

  /** The session's next write: from now on in the past of the session. */
  #advance(session: Session, seen: Seen, parts: readonly Write[]): void {
    if (session.chain < 0) session.chain = this.#newChain();
    session.acknowledged += 1;
    session.past = this.#space.with(seen.past, session.chain, session.acknowledged);
    session.newestInPast = laterOf(seen.newest, parts[0]);
    for (const write of parts) {
      write.chain = session.chain;
      write.index = session.acknowledged;
      this.#keep(write, session.past, session.newestInPast);
    }
  }

  /** A write that no session follows: a chain of its own, after what was `seen`. */
  #standAlone(parts: readonly Write[], seen: Seen): void {
    const chain = this.#newChain();
    const past = this.#space.with(seen.past, chain, 1);
    for (const write of parts) {
      write.chain = chain;
      write.index = 1;
      this.#keep(write, past, laterOf(seen.newest, write));
    }
  }

  #keep(write: Write, past: Past, newest: Write | undefined): void {
    this.#writesOf(write.key).add(write);
    if (write.readersLeft === 0) return;
    write.past = past;
    write.newestInPast = newest;
  }

  /** A write that no line made has its place from when it is first met. */
  #reach(write: Write): void {
    if (write.chain >= 0 || write.operation !== undefined) return;
    const parts = write.group === undefined ? [write] : [...write.group.parts.values()];
    this.#standAlone(parts, this.#withBase(nothingSeen, write));
  }

  /** Who touches a write follows from it, and so from all that preceded it. */
  #withBase(seen: Seen, { base }: Write): Seen {
    if (base === undefined) return seen;
    this.#reach(base);
    const both = this.#isIn(seen.past, base)
      ? seen
      : { past: this.#space.join(seen.past, base.past), newest: laterOf(seen.newest, base.newestInPast) };
    release(base);
    return both;
  }

  /** The session has seen the write, and so all that preceded it. */
  #see(session: Session, write: Write): void {
    if (this.#isIn(session.past, write)) return;
    this.#absorb(session, { past: write.past, newest: write.newestInPast });
  }

  #absorb(session: Session, { past, newest }: Seen): void {
    session.past = this.#space.join(session.past, past);
    session.newestInPast = laterOf(session.newestInPast, newest);
  }

  #isIn(past: Past | undefined, { chain, index }: Write): boolean {
    return chain < 0 || this.#space.count(past, chain) >= index;
  }

  /** What beats the read in the past that it had, if that was not collected. */
  #missedBy(read: Access, past: Past | undefined): Write | undefined {
    const newest = this.#greatest(read.key, past, read.write);
    return newest === undefined || isExcused(this.#history, read, newest) ? undefined : newest;
  }

  #greatest(key: KeyHistory, past: Past | undefined, floor: Write | undefined): Write | undefined {
    return this.#writesOf(key).greatestIn(this.#space, past, floor);
  }

  #markOf(operation: Operation | undefined): Seen {
    return (operation === undefined ? undefined : this.#marks.get(operation)) ?? nothingSeen;
  }

  #writesOf(key: KeyHistory): KeyWrites {
    let writes = this.#keyWrites.get(key);
    if (writes === undefined) {
      writes = new KeyWrites();
      this.#keyWrites.set(key, writes);
    }
    return writes;
  }

  #newChain(): number {
    this.#chains += 1;
    return this.#chains - 1;
  }
}

type HappenedAccess = Access & { readonly write: Write };

function hasHappened(access: Access): access is HappenedAccess {
  return access.write !== undefined;
}

function seenBy({ past, newestInPast }: Session): Seen {
  return { past, newest: newestInPast };
}

/** One reader less: the past of a write is kept only for those that still have to ask. */
function release(write: Write): void {
  write.readersLeft -= 1;
  if (write.readersLeft > 0) return;
  write.past = undefined;
  write.newestInPast = undefined;
}
