/*
 * Settles which writes happened. Rule "thin-air": whatever was seen, somebody wrote.
 *
 * A dot that was seen and that no acknowledged write carries may belong to a write whose outcome its client never
 * learned: same key, same kind, same value tag, made in the dot's datacenter; and a dot that was seen on several keys to a
 * transaction on all of them. Where exactly one fits, that is it, and it counts as happened, with all that its session had
 * seen before; of a transaction, all parts have happened then, also those that nobody saw. Where several fit (deletes
 * carry no tag, nor do values that were seen when they had expired), one of them happened and nobody can say which; it is then
 * judged without a past, which can only hide a violation, not invent one.
 *
 * Each unknown write makes one dot at most: a second one is thin air (it was applied twice). So what was seen and who may have
 * made it are matched, one to one; thin air is only what no matching finds a maker for (augmenting paths; Berge, 1957).
 */
import { madeBy } from "./load-operation.ts";
import { seqUnknown } from "./model.ts";
import type { Access, LoadedHistory, Operation, Write } from "./model.ts";
import { compareVersions, issuedDatacenter, isTouch } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { deed, writeName } from "./words.ts";
import { joinGroup } from "./write-index.ts";

/** What was seen of one dot, and who may have made it. */
interface SeenDot {
  /** The first that a line named. */
  readonly write: Write;
  readonly parts: readonly Write[];
  readonly candidates: readonly Access[];
}

export function resolveFates(history: LoadedHistory, violations: ViolationList): void {
  const makers = new Makers();
  const seen = [...seenDots(history)];
  // Those with the least choice first, so that a choice never takes what another needed; what has no dot comes last,
  // since it may turn out to be a part of what has. The sort is stable: otherwise it is the order of first mention.
  seen.sort((left, right) => rankOf(left) - rankOf(right));
  for (const dot of seen) if (dot.write.fate === "unsettled") settle(history, violations, dot, makers);
}

function* seenDots(history: LoadedHistory): Generator<SeenDot> {
  for (const write of history.writes) {
    if (write.fate !== "unsettled") continue;
    const parts = write.group === undefined ? [write] : [...write.group.parts.values()];
    if (parts[0] !== write) continue;
    const candidates = write.key.unknown.filter((access) => canHaveMade(access, parts));
    yield { write, parts, candidates };
  }
}

function rankOf({ write, candidates }: SeenDot): number {
  return write.dotSeq === seqUnknown ? Number.MAX_SAFE_INTEGER : candidates.length;
}

function settle(history: LoadedHistory, violations: ViolationList, dot: SeenDot, makers: Makers): void {
  const { write, parts, candidates } = dot;
  if (makers.find(dot)) {
    for (const part of parts) part.fate = "learned";
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1 && isCertain(history, only, write)) learn(history, write, only);
  } else if (history.header.unrecordedWrites === true) {
    for (const part of parts) part.fate = "unrecorded";
  } else {
    for (const part of parts) part.fate = "thinAir";
    reportThinAir(history, violations, write, candidates[0]?.operation, makers);
  }
}

/** Which operation made which dot: each dot has one, each operation has one dot at most. */
class Makers {
  private readonly made = new Map<Operation, SeenDot>();
  private readonly makerOf = new Map<SeenDot, Operation>();

  dotOf(operation: Operation): SeenDot | undefined {
    return this.made.get(operation);
  }

  /** Finds a maker for one more dot, if need be by giving others another one that fits them too. */
  find(dot: SeenDot): boolean {
    const askedBy = new Map<Operation, SeenDot>();
    const asking = [dot];
    for (const one of asking) {
      for (const { operation } of one.candidates) {
        if (askedBy.has(operation)) continue;
        askedBy.set(operation, one);
        const holder = this.made.get(operation);
        if (holder === undefined) {
          this.handOn(operation, askedBy);
          return true;
        }
        asking.push(holder);
      }
    }
    return false;
  }

  /** `free` goes to who asked for it, what that one had to who asked for that, and so on. */
  private handOn(free: Operation, askedBy: ReadonlyMap<Operation, SeenDot>): void {
    for (let operation: Operation | undefined = free; operation !== undefined;) {
      const asker: SeenDot = askedBy.get(operation)!;
      const before = this.makerOf.get(asker);
      this.made.set(operation, asker);
      this.makerOf.set(asker, operation);
      operation = before;
    }
  }
}

/** What this is a part of, if of anything, wrote all of these, as far as can be seen. */
function canHaveMade(access: Access, parts: readonly Write[]): boolean {
  const { operation } = access;
  if (operation.datacenter !== issuedDatacenter(parts[0]!)) return false;
  if (operation.kind !== "transaction") return parts.length === 1 && fits(access, parts[0]!);
  return parts.every((part) => operation.parts.some((own) => own.key === part.key && fits(own, part)));
}

function fits({ kind, value }: Access, write: Write): boolean {
  if (kind === "touch" || isTouch(write)) return kind === "touch" && isTouch(write);
  if ((kind === "delete") !== write.tombstone) return false;
  return value === undefined || write.value === undefined || value === write.value;
}

/** Where writes go unrecorded, only the tag tells that it was this one. */
function isCertain(history: LoadedHistory, { value }: Access, write: Write): boolean {
  if (history.header.unrecordedWrites !== true) return true;
  return value !== undefined && value === write.value;
}

/** `access` has made `write`; if it is a transaction's, then all other parts were made too, whether seen or not. */
function learn(history: LoadedHistory, write: Write, access: Access): void {
  if (access.operation.kind !== "transaction") return madeBy(write, access);
  for (const part of access.operation.parts) {
    const made = partOn(history, write, part);
    made.fate = "learned";
    madeBy(made, part);
  }
}

/** The write of this part: the one that was seen, or the one that a touch was on, or one that nobody saw. */
function partOn(history: LoadedHistory, write: Write, part: Access): Write {
  const { key } = part;
  const seen = write.key === key ? write : write.group?.parts.get(key);
  if (seen !== undefined) return seen;
  const touched = key.writes.find((other) => other.dotSeq === seqUnknown && compareVersions(other, write) === 0);
  if (touched !== undefined) return joinGroup(write, touched);
  const tombstone = part.kind === "delete";
  const unseen: Write = {
    ...write,
    key,
    tombstone,
    value: part.value,
    expires: false,
    expiredLine: 0,
    firstLine: part.operation.line,
    readersLeft: 0,
  };
  key.writes.push(unseen);
  history.writes.push(unseen);
  return joinGroup(write, unseen);
}

function reportThinAir(
  history: LoadedHistory,
  violations: ViolationList,
  write: Write,
  candidate: Operation | undefined,
  makers: Makers,
): void {
  const other = candidate === undefined ? undefined : makers.dotOf(candidate)?.write;
  if (candidate === undefined || other === undefined) {
    violations.report("thin-air", () => ({
      message: `Nobody wrote what was seen: ${writeName(write)}.`,
      cycle: [`line ${write.firstLine} saw ${writeName(write)}`, "no line of the history wrote that, or may have"],
      lines: [write.firstLine],
    }));
    return;
  }
  violations.report("thin-air", () => ({
    message: `A write was applied twice, or one of its dots is thin air: ${writeName(write)}.`,
    cycle: [
      `${deed(history, candidate)} (its outcome was unknown)`,
      `line ${other.firstLine} saw ${writeName(other)}`,
      `line ${write.firstLine} saw ${writeName(write)}`,
    ],
    lines: [candidate.line, other.firstLine, write.firstLine],
  }));
}
