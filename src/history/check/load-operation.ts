/*
 * One line of an operation becomes an `Operation`, tied to the writes that it made or saw.
 */
import { badLine } from "../errors.ts";
import type {
  DeleteLine,
  HistoryDot,
  HistoryVersion,
  OperationLine,
  ReadLine,
  Seen,
  SnapshotLine,
  TouchLine,
  TransactionLine,
  TransactionPart,
  WriteLine,
} from "../format.ts";
import { reportDuplicateDot } from "./dot-identity.ts";
import { isSingle, Operation } from "./model.ts";
import type { Access, KeyHistory, Session, Write } from "./model.ts";
import type { ViolationList } from "./violation.ts";

/** Where the lines meet. */
interface Meeting {
  key(name: string): KeyHistory;
  mention(line: number, key: KeyHistory, seen: Exclude<Seen, { saw: "never" }>): Write;
}

type SingleWriteLine = WriteLine | DeleteLine | TouchLine;

export class OperationLoader {
  readonly #violations: ViolationList;
  readonly #meeting: Meeting;
  /** Writes that never happened; they are no operations. */
  refused = 0;

  constructor(violations: ViolationList, meeting: Meeting) {
    this.#violations = violations;
    this.#meeting = meeting;
  }

  /** Undefined for what was refused. */
  load(line: OperationLine, number: number, session: Session): Operation | undefined {
    if ("outcome" in line && line.outcome === "refused") {
      this.refused += 1;
      return undefined;
    }
    const operation = newOperation(line, number, session, "key" in line ? this.#meeting.key(line.key) : undefined);
    switch (line.type) {
      case "attach":
        break;
      case "read":
        this.#read(operation, line);
        break;
      case "snapshot":
        operation.parts = line.entries.map((entry) => this.#entry(operation, entry));
        break;
      case "transaction":
        this.#transaction(operation, line);
        break;
      default:
        this.#write(operation, line);
    }
    return operation;
  }

  #read(operation: Operation, line: ReadLine): void {
    if (isSingle(operation)) this.#see(operation, line);
  }

  #entry(operation: Operation, entry: SnapshotLine["entries"][number]): Access {
    const key = this.#meeting.key(entry.key);
    const expires = entry.saw === "expired";
    const access: Access = { operation, key, kind: "read", value: undefined, expires, write: undefined };
    this.#see(access, entry);
    return access;
  }

  #see(access: Access, seen: Seen): void {
    if (seen.saw === "never") return;
    access.write = this.#meeting.mention(access.operation.line, access.key, seen);
    access.write.readersLeft += 1;
  }

  #write(operation: Operation, line: SingleWriteLine): void {
    if (!isSingle(operation)) return;
    if (line.outcome === "unknown") operation.key.unknown.push(operation);
    else if (line.outcome === "ok") this.#claim(operation, line, line.type === "write" ? line.value : undefined);
  }

  #transaction(operation: Operation, line: TransactionLine): void {
    const parts = line.writes.map((part) => newPart(operation, this.#meeting.key(part.key), part, line));
    operation.parts = parts;
    if (line.outcome === "unknown") for (const part of parts) part.key.unknown.push(part);
    else if (line.outcome === "ok") for (const part of parts) if (!this.#claim(part, line, part.value)) return;
  }

  /** The access made this dot. False, and reported, where another operation did. */
  #claim(access: Access, named: { dot: HistoryDot; version: HistoryVersion }, value: string | undefined): boolean {
    const { operation } = access;
    const { dot, version } = named;
    if ((access.kind === "touch") !== (version.length === 6)) {
      throw badLine(operation.line, "the version of a touch has six numbers, that of any other write three");
    }
    const tag = value === undefined ? {} : { value };
    const seen: Exclude<Seen, { saw: "never" }> =
      access.kind === "delete" ? { saw: "tombstone", dot, version } : { saw: "value", dot, version, ...tag };
    const write = this.#meeting.mention(operation.line, access.key, seen);
    const claimed = write.operation ?? write.group?.operation;
    if (write.operation !== undefined || (claimed !== undefined && claimed !== operation)) {
      reportDuplicateDot(this.#violations, write, claimed, operation);
      return false;
    }
    madeBy(write, access);
    write.fate = "acknowledged";
    return true;
  }
}

/** From now on the two know each other. */
export function madeBy(write: Write, access: Access): void {
  write.operation = access.operation;
  if (write.group !== undefined) write.group.operation ??= access.operation;
  if (access.expires) write.expires = true;
  access.write = write;
}

function newOperation(line: OperationLine, number: number, session: Session, key: KeyHistory | undefined): Operation {
  const isUnknown = "outcome" in line && line.outcome === "unknown";
  const isRead = line.type === "read";
  return new Operation({
    kind: line.type,
    line: number,
    session,
    seq: line.seq,
    start: line.start,
    end: isUnknown ? Number.POSITIVE_INFINITY : line.end,
    key,
    value: isUnknown && line.type === "write" ? line.value : undefined,
    expires: isRead ? line.saw === "expired" : "outcome" in line && line.expires === true,
    outcome: isUnknown ? "unknown" : "ok",
    datacenter: line.type === "attach" ? line.datacenter : session.datacenter,
  });
}

function newPart(operation: Operation, key: KeyHistory, part: TransactionPart, line: TransactionLine): Access {
  const { value } = part;
  const kind = value === undefined ? "delete" : "write";
  const expires = kind === "write" && (part.expires === true || line.expires === true);
  return { operation, key, kind, value, expires, write: undefined };
}
