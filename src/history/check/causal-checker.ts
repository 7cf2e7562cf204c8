/*
 * The causal+ check: a replay of the history in causal order that carries each session's full causal past
 * (design, section 7, "white box").
 *
 * Versions give the order of writes directly, so nothing has to be inferred: a read must return at least the greatest
 * write of its key in the reader's past, and a write must exceed everything in its writer's. The past comes from program
 * order, from what was read (with all that preceded it), and from tokens presented.
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
import { KeyWrites } from "./key-writes.ts";
import type { KeyHistory, LoadedHistory, Operation, Session, Write } from "./model.ts";
import { PastSpace } from "./past.ts";
import type { Past } from "./past.ts";
import { checkRead } from "./stale-read.ts";
import { newerOf } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { checkWrite } from "./write-order.ts";

/** The fates of writes are settled before (resolve-fates.ts). */
export function checkCausality(history: LoadedHistory, violations: ViolationList): void {
  const replay = new CausalReplay(history, violations);
  walkInCausalOrder(history.operations, {
    visit: (operation) => replay.visit(operation),
    cycle: (operations) => reportCycle(history, violations, operations),
  });
}

class CausalReplay {
  readonly #history: LoadedHistory;
  readonly #violations: ViolationList;
  readonly #space: PastSpace;
  readonly #keyWrites = new Map<KeyHistory, KeyWrites>();
  /** What a session had seen at the operations after which a token was taken. */
  readonly #tokens = new Map<Operation, { past: Past | undefined; newest: Write | undefined } | undefined>();
  #chains = 0;

  constructor(history: LoadedHistory, violations: ViolationList) {
    this.#history = history;
    this.#violations = violations;
    const alone = history.writes.reduce((sum, write) => sum + (write.fate === "acknowledged" ? 0 : 1), 0);
    this.#space = new PastSpace(history.sessions.length + alone);
    for (const operation of history.operations) {
      for (const source of operation.sources) this.#tokens.set(source, undefined);
    }
  }

  /** Everything that precedes the operation has been visited. */
  visit(operation: Operation): void {
    if (operation.kind === "attach") this.#attach(operation);
    else if (operation.kind === "read") this.#read(operation);
    else if (operation.write !== undefined) this.#write(operation, operation.write);
    if (this.#tokens.has(operation)) {
      this.#tokens.set(operation, { past: operation.session.past, newest: operation.session.newestInPast });
    }
  }

  #attach({ session, sources }: Operation): void {
    for (const source of sources) {
      const token = this.#tokens.get(source);
      session.past = this.#space.join(session.past, token?.past);
      session.newestInPast = newerOf(session.newestInPast, token?.newest);
    }
  }

  #read(operation: Operation): void {
    const { session, write } = operation;
    const newest = this.#writesOf(operation.key!).greatestIn(this.#space, session.past, write);
    checkRead(this.#history, this.#violations, operation, newest);
    if (write !== undefined) this.#absorb(session, write);
  }

  #write(operation: Operation, write: Write): void {
    const { session } = operation;
    const sameKey = this.#writesOf(write.key).greatestIn(this.#space, session.past, write);
    checkWrite(this.#history, this.#violations, operation, write, { sameKey, anyKey: session.newestInPast });
    if (operation.outcome === "ok") this.#advance(session, write);
    else this.#standAlone(write, session.past, session.newestInPast);
  }

  /** The session's next write: from now on in the past of the session. */
  #advance(session: Session, write: Write): void {
    if (session.chain < 0) session.chain = this.#newChain();
    session.acknowledged += 1;
    write.chain = session.chain;
    write.index = session.acknowledged;
    session.past = this.#space.with(session.past, write.chain, write.index);
    session.newestInPast = newerOf(session.newestInPast, write);
    this.#keep(write, session.past, session.newestInPast);
  }

  /** A write that no session follows: a chain of its own, after `past`. */
  #standAlone(write: Write, past: Past | undefined, newest: Write | undefined): void {
    write.chain = this.#newChain();
    write.index = 1;
    this.#keep(write, this.#space.with(past, write.chain, 1), newerOf(newest, write));
  }

  #keep(write: Write, past: Past, newest: Write | undefined): void {
    this.#writesOf(write.key).add(write);
    if (write.readersLeft === 0) return;
    write.past = past;
    write.newestInPast = newest;
  }

  /** The session has seen the write, and so all that preceded it. */
  #absorb(session: Session, write: Write): void {
    if (write.chain < 0 && write.operation === undefined) this.#standAlone(write, undefined, undefined);
    if (write.chain >= 0 && this.#space.count(session.past, write.chain) < write.index) {
      session.past = this.#space.join(session.past, write.past);
      session.newestInPast = newerOf(session.newestInPast, write.newestInPast);
    }
    write.readersLeft -= 1;
    if (write.readersLeft > 0) return;
    write.past = undefined;
    write.newestInPast = undefined;
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
