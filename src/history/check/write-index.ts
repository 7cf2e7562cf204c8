/*
 * Finds the write that a dot names, and notices when two lines disagree about it.
 *
 * Rule "dot-mismatch": a dot names one write, so every line that names it says the same key, version and kind (value or
 * tombstone); a key lies in one partition; and a version is issued in the datacenter that its dot comes from.
 * Rule "value-mismatch": every line that names a dot says the same value.
 *
 * The first line to name a dot is believed. Who is right cannot be told; that one of them is wrong is enough.
 */
import type { HistoryDot, HistoryVersion } from "../format.ts";
import type { KeyHistory, Write } from "./model.ts";
import { hasVersion } from "./versions.ts";
import type { Rule, ViolationList } from "./violation.ts";
import { keyName, writeName } from "./words.ts";

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

  /** The write that the mention's dot names. */
  mention(mention: Mention): Write {
    const log = this.#log(mention.dot);
    const known = log.get(mention.dot[2]);
    if (known !== undefined) {
      this.#compare(known, mention);
      return known;
    }
    const write = newWrite(mention);
    this.#checkAlone(write);
    log.set(mention.dot[2], write);
    this.writes.push(write);
    mention.key.writes.push(write);
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
    if (known.key !== mention.key || known.tombstone !== mention.tombstone || !hasVersion(known, mention.version)) {
      this.#report("dot-mismatch", known, newWrite(mention));
    } else if (mention.value !== undefined) {
      known.value ??= mention.value;
      if (known.value !== mention.value) this.#report("value-mismatch", known, newWrite(mention));
    }
  }

  #checkAlone(write: Write): void {
    const elsewhere = write.key.writes[0];
    if (elsewhere !== undefined && elsewhere.dotPartition !== write.dotPartition) {
      this.#report("dot-mismatch", elsewhere, write);
    } else if (write.dotDatacenter !== write.versionDatacenter) {
      this.#violations.report("dot-mismatch", () => ({
        message: `A dot of one datacenter has a version of another: ${writeName(write)}.`,
        cycle: [`line ${write.firstLine} names ${writeName(write)}`],
        lines: [write.firstLine],
      }));
    }
  }

  #report(rule: Rule, first: Write, second: Write): void {
    const oneDot = first.dotPartition === second.dotPartition;
    const what = rule === "value-mismatch" ? "has two values" : oneDot ? "names two writes" : "lies in two partitions";
    const subject = oneDot ? `The dot of ${writeName(first)}` : `The key ${keyName(first.key)}`;
    this.#violations.report(rule, () => ({
      message: `${subject} ${what}.`,
      cycle: [`line ${first.firstLine} says ${writeName(first)}`, `line ${second.firstLine} says ${writeName(second)}`],
      lines: [first.firstLine, second.firstLine],
    }));
  }
}

function newWrite(mention: Mention): Write {
  return {
    key: mention.key,
    dotDatacenter: mention.dot[0],
    dotPartition: mention.dot[1],
    dotSeq: mention.dot[2],
    time: mention.version[0],
    versionDatacenter: mention.version[1],
    versionPartition: mention.version[2],
    tombstone: mention.tombstone,
    value: mention.value,
    firstLine: mention.line,
    operation: undefined,
    fate: "unsettled",
    chain: -1,
    index: 0,
    past: undefined,
    newestInPast: undefined,
    readersLeft: 0,
  };
}
