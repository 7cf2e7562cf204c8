/*
 * Spoils a history in one place. What comes out is mostly wrong, and sometimes still right (a read may go back to a
 * version that its session did not have to beat); which of the two is for a checker to say.
 */
import type { HistoryLine, HistoryVersion, ReadLine, Seen, SnapshotLine, WriteLine } from "../../format.ts";
import type { Random } from "../../../shared/random.ts";

export type Mutation = (lines: readonly HistoryLine[], random: Random) => HistoryLine[];

type MadeWrite = Extract<HistoryLine, { outcome: "ok" }>;

function madeWrites(lines: readonly HistoryLine[]): readonly MadeWrite[] {
  return lines.filter((line): line is MadeWrite => "outcome" in line && line.outcome === "ok");
}

type Left = Exclude<Seen, { saw: "never" }>;

/** What all writes of the key left there, one by one. */
function leftOn(key: string | undefined, lines: readonly HistoryLine[]): Left[] {
  return madeWrites(lines).flatMap((line): Left[] => {
    const { dot, version } = line;
    if (line.type !== "transaction") {
      if (line.key !== key) return [];
      if (line.type === "delete") return [{ saw: "tombstone", dot, version }];
      return [{ saw: "value", dot, version, ...(line.type === "touch" ? {} : tagOf(line)) }];
    }
    const part = line.writes.find((one) => one.key === key);
    if (part === undefined) return [];
    return [
      part.value === undefined ? { saw: "tombstone", dot, version } : { saw: "value", dot, version, ...tagOf(part) },
    ];
  });
}

function tagOf({ value }: { readonly value?: string | undefined }): { value?: string } {
  return value === undefined ? {} : { value };
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
  return replaced(lines, read, { type, session, seq, start, end, key, ...otherSeen(key, lines, random) });
}

/** One entry of a snapshot shows another write of its key, or nothing. */
export function regressSnapshot(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const snapshot = pickOf(lines, random, isSnapshot);
  if (snapshot === undefined) return [...lines];
  const at = random.below(snapshot.entries.length);
  const { key } = snapshot.entries[at]!;
  return replaced(lines, snapshot, {
    ...snapshot,
    entries: snapshot.entries.with(at, { key, ...otherSeen(key, lines, random) }),
  });
}

function isSnapshot(line: HistoryLine): line is SnapshotLine {
  return line.type === "snapshot";
}

function otherSeen(key: string, lines: readonly HistoryLine[], random: Random): Seen {
  const others = leftOn(key, lines);
  return others.length === 0 || random.chance(0.2) ? { saw: "never" } : random.pick(others);
}

/** A read of a value says that it had expired. */
export function expireRead(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const read = pickOf(lines, random, isReadOfValue);
  return read === undefined ? [...lines] : replaced(lines, read, { ...read, saw: "expired" });
}

function isReadOfValue(line: HistoryLine): line is Extract<ReadLine, { saw: "value" }> {
  return line.type === "read" && line.saw === "value";
}

/** A write that leaves an expiring value claims that it lasts. */
export function forgetExpiry(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const write = pickOf(lines, random, isExpiring);
  return write === undefined ? [...lines] : replaced(lines, write, { ...write, expires: false });
}

function isExpiring(line: HistoryLine): line is Extract<HistoryLine, { outcome: string }> {
  return "outcome" in line && line.expires === true;
}

/** One datacenter ends with another write of a key. */
export function divergeFinal(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const final = pickOf(lines, random, (line) => line.type === "final");
  const others = leftOn(final?.key, lines);
  if (final === undefined || others.length === 0) return [...lines];
  const { type, datacenter, key } = final;
  return replaced(lines, final, { type, datacenter, key, ...random.pick(others) });
}

/** One datacenter ends without a key. */
export function dropFinal(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const final = pickOf(lines, random, (line) => line.type === "final");
  if (final === undefined) return [...lines];
  return lines
    .filter((line) => line !== final)
    .map((line) =>
      line.type === "final-end" && line.datacenter === final.datacenter ? { ...line, keys: line.keys - 1 } : line,
    );
}

/** All datacenters forget one key's last write. */
export function loseWrite(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const final = pickOf(lines, random, (line) => line.type === "final");
  const others = leftOn(final?.key, lines);
  if (final === undefined || others.length === 0) return [...lines];
  const instead = random.pick(others);
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
  const read = pickOf(lines, random, (line) => line.type === "read" || line.type === "snapshot");
  if (read === undefined || (read.type !== "read" && read.type !== "snapshot")) return [...lines];
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

type Swappable = ReadLine | SnapshotLine | WriteLine;

function isReadOrWrite(line: HistoryLine): line is Swappable {
  return line.type === "read" || line.type === "snapshot" || line.type === "write";
}

/** Two writes change versions, wherever they are named, also by touches. */
export function swapVersions(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const made = madeWrites(lines).filter((line) => line.version.length === 3);
  if (made.length === 0) return [...lines];
  const first = random.pick(made);
  const partners = made.filter((line) => line.dot[0] === first.dot[0]);
  const second = random.pick(partners);
  const versions = new Map([
    [baseOf(first.version), second.version],
    [baseOf(second.version), first.version],
  ]);
  return lines.map((line) => {
    if (line.type === "snapshot") return { ...line, entries: line.entries.map((entry) => renamed(entry, versions)) };
    return renamed(line, versions);
  });
}

function baseOf([time, datacenter, partition]: HistoryVersion): string {
  return `${time}@${datacenter}/${partition}`;
}

function renamed<Named extends object>(named: Named, versions: ReadonlyMap<string, HistoryVersion>): Named {
  if (!("version" in named)) return named;
  const version = named.version as HistoryVersion; // No line and no entry has another field of that name.
  const base = versions.get(baseOf(version));
  return base === undefined ? named : { ...named, version: [base[0], base[1], base[2], ...version.slice(3)] };
}
