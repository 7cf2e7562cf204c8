/*
 * Settles which writes happened. Rule "thin-air": whatever was seen, somebody wrote.
 *
 * A dot that was seen and that no acknowledged write carries may belong to a write whose outcome its client never
 * learned: same key, same kind, same value tag, made in the dot's datacenter. Where exactly one fits, that is it, and it
 * counts as happened, with all that its session had seen before. Where several fit (deletes carry no tag), one of them
 * happened and nobody can say which; it is then judged without a past, which can only hide a violation, not invent one.
 * Each unknown write makes one dot at most: a second one is thin air (it was applied twice).
 */
import type { LoadedHistory, Operation, Write } from "./model.ts";
import type { ViolationList } from "./violation.ts";
import { deed, writeName } from "./words.ts";

export function resolveFates(history: LoadedHistory, violations: ViolationList): void {
  const taken = new Map<Operation, Write>();
  const seen = history.writes
    .filter((write) => write.fate === "unsettled")
    .map((write) => ({ write, candidates: write.key.unknown.filter((operation) => canHaveMade(operation, write)) }));
  // Those with the least choice first, so that a choice never takes what another needed.
  // The sort is stable: those with equally much stay in the order of first mention.
  seen.sort((left, right) => left.candidates.length - right.candidates.length);
  for (const { write, candidates } of seen) {
    const free = candidates.find((operation) => !taken.has(operation));
    if (free !== undefined) {
      taken.set(free, write);
      learn(write, free, candidates.length === 1 && isCertain(history, free, write));
    } else if (history.header.unrecordedWrites === true) {
      write.fate = "unrecorded";
    } else {
      write.fate = "thinAir";
      reportThinAir(history, violations, write, candidates[0], taken);
    }
  }
}

function canHaveMade(operation: Operation, write: Write): boolean {
  if (operation.datacenter !== write.dotDatacenter) return false;
  if ((operation.kind === "delete") !== write.tombstone) return false;
  return operation.value === undefined || write.value === undefined || operation.value === write.value;
}

/** Where writes go unrecorded, only the tag tells that it was this one. */
function isCertain(history: LoadedHistory, operation: Operation, write: Write): boolean {
  if (history.header.unrecordedWrites !== true) return true;
  return operation.value !== undefined && operation.value === write.value;
}

function learn(write: Write, operation: Operation, isTheOne: boolean): void {
  write.fate = "learned";
  if (!isTheOne) return;
  write.operation = operation;
  operation.write = write;
}

function reportThinAir(
  history: LoadedHistory,
  violations: ViolationList,
  write: Write,
  candidate: Operation | undefined,
  taken: ReadonlyMap<Operation, Write>,
): void {
  const other = candidate === undefined ? undefined : taken.get(candidate);
  if (candidate === undefined || other === undefined) {
    violations.report("thin-air", () => ({
      message: `Nobody wrote what was seen: ${writeName(write)}.`,
      cycle: [`line ${write.firstLine} saw ${writeName(write)}`, "no line of the history wrote that dot, or may have"],
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
