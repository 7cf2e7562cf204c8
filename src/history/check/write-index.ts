/*
 * Finds the write that a dot names on a key, and notices when two lines disagree about it.
 *
 * Rule "dot-mismatch": a dot names one write, so every line that names it says the same version, and of one key the same
 * kind (value, tombstone or touch); and a version is issued in the datacenter that its dot comes from.
 * Rule "value-mismatch": every line that names a dot says the same value.
 *
 * The first line to name a dot is believed. Who is right cannot be told; that one of them is wrong is enough. One dot may
 * be named on several keys: whether it is a transaction's is known only at the end (dot-identity.ts).
 */
import type { HistoryDot, HistoryVersion } from "../format.ts";
import { untouched } from "./model.ts";
import type { KeyHistory, Write, WriteGroup } from "./model.ts";
import { hasVersion, issuedDatacenter } from "./versions.ts";
import type { Rule, ViolationList } from "./violation.ts";
import { writeName } from "./words.ts";

/** One line's claim that `dot` is a write of `key`. */
export interface Mention {
  readonly line: number;
  readonly key: KeyHistory;
  readonly dot: HistoryDot;
  readonly version: HistoryVersion;
  readonly tombstone: boolean;
  readonly value: string | undefined;
}

export class WriteIndex {
  /** In the order of first mention. */
  readonly writes: Write[] = [];
  readonly #violations: ViolationList;
  readonly #logs = new Map<number, Map<number, Map<number, Write>>>();

  constructor(violations: ViolationList) {
    this.#violations = violations;
  }

  /** The write that the mention's dot names on its key. */
  mention(mention: Mention): Write {
    const log = this.#log(mention.dot);
    const first = log.get(mention.dot[2]);
    if (first === undefined) {
      const write = this.#add(newWrite(mention));
      log.set(mention.dot[2], write);
      return write;
    }
    const known = first.key === mention.key ? first : first.group?.parts.get(mention.key);
    if (known !== undefined) {
      this.#compare(known, mention);
      return known;
    }
    if (!hasVersion(first, mention.version)) this.#report("dot-mismatch", first, newWrite(mention));
    return joinGroup(first, this.#add(newWrite(mention)));
  }

  #add(write: Write): Write {
    this.#checkAlone(write);
    this.writes.push(write);
    write.key.writes.push(write);
    return write;
  }

  #log(dot: HistoryDot): Map<number, Write> {
    let datacenter = this.#logs.get(dot[0]);
    if (datacenter === undefined) {
      datacenter = new Map<number, Map<number, Write>>();
      this.#logs.set(dot[0], datacenter);
    }
    let log = datacenter.get(dot[1]);
    if (log === undefined) {
      log = new Map<number, Write>();
      datacenter.set(dot[1], log);
    }
    return log;
  }

  #compare(known: Write, mention: Mention): void {
    if (known.tombstone !== mention.tombstone || !hasVersion(known, mention.version)) {
      this.#report("dot-mismatch", known, newWrite(mention));
    } else if (mention.value !== undefined) {
      known.value ??= mention.value;
      if (known.value !== mention.value) this.#report("value-mismatch", known, newWrite(mention));
    }
  }

  #checkAlone(write: Write): void {
    if (write.dotDatacenter === issuedDatacenter(write)) return;
    this.#violations.report("dot-mismatch", () => ({
      message: `A dot of one datacenter has a version of another: ${writeName(write)}.`,
      cycle: [`line ${write.firstLine} names ${writeName(write)}`],
      lines: [write.firstLine],
    }));
  }

  #report(rule: Rule, first: Write, second: Write): void {
    const what = rule === "value-mismatch" ? "has two values" : "names two writes";
    this.#violations.report(rule, () => ({
      message: `The dot of ${writeName(first)} ${what}.`,
      cycle: [`line ${first.firstLine} says ${writeName(first)}`, `line ${second.firstLine} says ${writeName(second)}`],
      lines: [first.firstLine, second.firstLine],
    }));
  }
}

/** `write` has the dot of `first`, on another key. Returns `write`. */
export function joinGroup(first: Write, write: Write): Write {
  const group: WriteGroup = (first.group ??= { parts: new Map([[first.key, first]]), operation: first.operation });
  group.parts.set(write.key, write);
  write.group = group;
  return write;
}

export function newWrite(mention: Mention): Write {
  const { version } = mention;
  const isTouched = version.length === 6;
  return {
    key: mention.key,
    dotDatacenter: mention.dot[0],
    dotPartition: mention.dot[1],
    dotSeq: mention.dot[2],
    time: version[0],
    versionDatacenter: version[1],
    versionPartition: version[2],
    touchTime: isTouched ? version[3] : untouched,
    touchDatacenter: isTouched ? version[4] : untouched,
    touchPartition: isTouched ? version[5] : untouched,
    tombstone: mention.tombstone,
    value: mention.value,
    expires: false,
    expiredLine: 0,
    firstLine: mention.line,
    operation: undefined,
    base: undefined,
    group: undefined,
    fate: "unsettled",
    chain: -1,
    index: 0,
    past: undefined,
    newestInPast: undefined,
    readersLeft: 0,
  };
}
