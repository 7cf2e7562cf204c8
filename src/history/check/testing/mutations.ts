/*
 * Spoils a history in one place. What comes out is mostly wrong, and sometimes still right (a read may go back to a
 * version that its session did not have to beat); which of the two is for a checker to say.
 */
import type { HistoryLine, ReadLine, WriteLine } from "../../format.ts";
import type { Random } from "../../../shared/random.ts";

export type Mutation = (lines: readonly HistoryLine[], random: Random) => HistoryLine[];

type MadeWrite = Extract<HistoryLine, { type: "write" | "delete"; outcome: "ok" }>;

function madeWrites(lines: readonly HistoryLine[]): readonly MadeWrite[] {
  return lines.filter(
    (line): line is MadeWrite => (line.type === "write" || line.type === "delete") && line.outcome === "ok",
  );
}

function seenOf(
  line: MadeWrite,
): Pick<Extract<ReadLine, { saw: "value" }>, "dot" | "version"> & { saw: "value" | "tombstone" } {
  const { dot, version } = line;
  if (line.type === "delete") return { saw: "tombstone", dot, version };
  return { saw: "value", dot, version, ...(line.value === undefined ? {} : { value: line.value }) };
}

function replaced(lines: readonly HistoryLine[], old: HistoryLine | undefined, fresh: HistoryLine): HistoryLine[] {
  return lines.map((line) => (line === old ? fresh : line));
}

function pickOf<Line extends HistoryLine>(
  lines: readonly HistoryLine[],
  random: Random,
  wanted: (line: HistoryLine) => line is Line,
): Line | undefined {
  const found = lines.filter(wanted);
  return found.length === 0 ? undefined : random.pick(found);
}

/** A read sees another write of its key, or nothing. */
export function regressRead(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const read = pickOf(lines, random, (line) => line.type === "read");
  if (read === undefined) return [...lines];
  const { type, session, seq, start, end, key } = read;
  const bare = { type, session, seq, start, end, key };
  const others = madeWrites(lines).filter((line) => line.key === key);
  if (others.length === 0 || random.chance(0.2)) return replaced(lines, read, { ...bare, saw: "never" });
  return replaced(lines, read, { ...bare, ...seenOf(random.pick(others)) });
}

/** One datacenter ends with another write of a key. */
export function divergeFinal(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const final = pickOf(lines, random, (line) => line.type === "final");
  if (final === undefined) return [...lines];
  const { type, datacenter, key } = final;
  const others = madeWrites(lines).filter((line) => line.key === key);
  if (others.length === 0) return [...lines];
  return replaced(lines, final, { type, datacenter, key, ...seenOf(random.pick(others)) });
}

/** All datacenters forget one key's last write. */
export function loseWrite(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const final = pickOf(lines, random, (line) => line.type === "final");
  const others = madeWrites(lines).filter((line) => line.key === final?.key);
  if (final === undefined || others.length === 0) return [...lines];
  const instead = seenOf(random.pick(others));
  return lines.map((line) =>
    line.type === "final" && line.key === final.key
      ? { type: "final", datacenter: line.datacenter, key: line.key, ...instead }
      : line,
  );
}

/** A write that was made is missing from the history. */
export function dropWrite(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const made = madeWrites(lines);
  if (made.length === 0) return [...lines];
  const gone = random.pick(made);
  return lines.filter((line) => line !== gone);
}

/** An operation is recorded with another place in time. */
export function shiftTime(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const read = pickOf(lines, random, (line) => line.type === "read");
  if (read === undefined) return [...lines];
  const by = random.below(400) - 200;
  return replaced(lines, read, { ...read, start: read.start + by, end: read.end + by });
}

/** Two operations of a session change places in its program order. */
export function swapOrder(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const first = pickOf(lines, random, isReadOrWrite);
  if (first === undefined) return [...lines];
  const partners = lines.filter(isReadOrWrite).filter((line) => line.session === first.session);
  const second = random.pick(partners);
  return lines.map((line) => {
    if (line === first) return { ...first, seq: second.seq };
    return line === second ? { ...second, seq: first.seq } : line;
  });
}

function isReadOrWrite(line: HistoryLine): line is ReadLine | WriteLine {
  return line.type === "read" || line.type === "write";
}

/** Two writes change versions, wherever they are named. */
export function swapVersions(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const made = madeWrites(lines);
  if (made.length === 0) return [...lines];
  const first = random.pick(made);
  const partners = made.filter((line) => line.dot[0] === first.dot[0]);
  const second = random.pick(partners);
  return lines.map((line) => {
    if (!("dot" in line)) return line;
    if (String(line.dot) === String(first.dot)) return { ...line, version: second.version };
    if (String(line.dot) === String(second.dot)) return { ...line, version: first.version };
    return line;
  });
}
