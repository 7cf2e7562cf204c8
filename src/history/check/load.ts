/*
 * Lines become a `LoadedHistory`: sessions in program order, reads tied to the writes that they saw.
 *
 * What cannot be part of any history (a session that nobody opened, one place in program order taken twice, a datacenter
 * out of range) throws HistoryError with the line: such a file is not judged. What a broken store could have caused (two
 * writes with one dot, two lines that disagree about a dot) is reported as a violation.
 */
import { HistoryError, badLine } from "../errors.ts";
import type { FinalEndLine, FinalLine, HeaderLine, HistoryLine, OperationLine, Seen, SessionLine } from "../format.ts";
import { linkTouches } from "./link-touches.ts";
import { OperationLoader } from "./load-operation.ts";
import type { FinalState, KeyHistory, LoadedHistory, Operation, Session, Write } from "./model.ts";
import { orderSessions } from "./program-order.ts";
import type { AttachedPasts } from "./program-order.ts";
import { WriteIndex } from "./write-index.ts";
import type { ViolationList } from "./violation.ts";

export function loadHistory(lines: Iterable<HistoryLine>, violations: ViolationList): LoadedHistory {
  const loader = new Loader(violations);
  let count = 0;
  for (const line of lines) {
    count += 1;
    loader.accept(line, count);
  }
  return loader.finish();
}

class Loader {
  readonly #violations: ViolationList;
  readonly #index: WriteIndex;
  readonly #sessions = new Map<string, Session>();
  readonly #keys = new Map<string, KeyHistory>();
  readonly #operations: Operation[] = [];
  readonly #finals = new Map<number, FinalState>();
  readonly #attached: AttachedPasts[] = [];
  readonly #operationLoader: OperationLoader;
  #header: HeaderLine | undefined;

  constructor(violations: ViolationList) {
    this.#violations = violations;
    this.#index = new WriteIndex(violations);
    this.#operationLoader = new OperationLoader(violations, {
      key: (name) => this.#key(name),
      mention: (line, key, seen) => this.#mention(line, key, seen),
    });
  }

  accept(line: HistoryLine, number: number): void {
    if ((line.type === "header") !== (number === 1)) throw badLine(number, "the header must be the first line");
    switch (line.type) {
      case "header":
        this.#header = line;
        return;
      case "session":
        return this.#openSession(line, number);
      case "final":
        return this.#final(line, number);
      case "final-end":
        return this.#finalEnd(line, number);
      case "end":
        return;
      default:
        return this.#operation(line, number);
    }
  }

  finish(): LoadedHistory {
    if (this.#header === undefined) throw badLine(1, "the header is missing");
    for (const { datacenter, complete } of this.#finals.values()) {
      if (!complete) {
        throw new HistoryError("HISTORY_CUT_SHORT", 0, `the final state of datacenter ${datacenter} has no final-end`);
      }
    }
    orderSessions(this.#sessions, this.#attached);
    linkTouches(this.#index.writes, this.#violations);
    return {
      header: this.#header,
      sessions: [...this.#sessions.values()],
      operations: this.#operations,
      keys: this.#keys,
      writes: this.#index.writes,
      finals: this.#finals,
      refused: this.#operationLoader.refused,
    };
  }

  #openSession(line: SessionLine, number: number): void {
    if (this.#sessions.has(line.session)) throw badLine(number, `session ${line.session} was opened before`);
    this.#sessions.set(line.session, {
      name: line.session,
      datacenter: this.#datacenter(line.datacenter, number),
      line: number,
      operations: [],
      chain: -1,
      acknowledged: 0,
      past: undefined,
      newestInPast: undefined,
    });
  }

  #operation(line: OperationLine, number: number): void {
    const session = this.#sessions.get(line.session);
    if (session === undefined) throw badLine(number, `session ${line.session} was not opened before`);
    if (line.type === "attach") this.#datacenter(line.datacenter, number);
    const operation = this.#operationLoader.load(line, number, session);
    if (operation === undefined) return;
    session.operations.push(operation);
    this.#operations.push(operation);
    if (line.type === "attach" && line.pasts !== undefined && line.pasts.length > 0) {
      this.#attached.push({ operation, pasts: line.pasts });
    }
  }

  #mention(line: number, key: KeyHistory, seen: Exclude<Seen, { saw: "never" }>): Write {
    this.#datacenter(seen.dot[0], line);
    const tombstone = seen.saw === "tombstone";
    const value = tombstone ? undefined : seen.value;
    const write = this.#index.mention({ line, key, dot: seen.dot, version: seen.version, tombstone, value });
    if (seen.saw === "expired" && write.expiredLine === 0) write.expiredLine = line;
    return write;
  }

  #final(line: FinalLine, number: number): void {
    const state = this.#finalState(this.#datacenter(line.datacenter, number));
    const key = this.#key(line.key);
    if (state.complete || state.writes.has(key)) throw badLine(number, "this key's final state was given before");
    state.writes.set(key, this.#mention(number, key, line));
  }

  #finalEnd(line: FinalEndLine, number: number): void {
    const state = this.#finalState(this.#datacenter(line.datacenter, number));
    if (state.complete) throw badLine(number, "this final state was ended before");
    if (state.writes.size !== line.keys) {
      throw badLine(number, `${line.keys} keys were listed, ${state.writes.size} are here`);
    }
    state.complete = true;
  }

  #finalState(datacenter: number): FinalState {
    let state = this.#finals.get(datacenter);
    if (state === undefined) {
      state = { datacenter, writes: new Map(), complete: false };
      this.#finals.set(datacenter, state);
    }
    return state;
  }

  #key(name: string): KeyHistory {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { name, writes: [], unknown: [], collectible: undefined };
      this.#keys.set(name, key);
    }
    return key;
  }

  #datacenter(datacenter: number, number: number): number {
    const known = this.#header?.datacenters.length ?? 0;
    if (datacenter >= known) {
      throw badLine(number, `datacenter ${datacenter} is not in the header, which names ${known}`);
    }
    return datacenter;
  }
}
