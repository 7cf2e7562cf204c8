/*
 * What the dumb checker (dumb-checker.ts) knows of a history: a deed for each operation, with what it looked at and what it
 * made, key by key. Ghosts stand for what was seen and nobody wrote.
 */
import type { HistoryLine, HistoryVersion, OperationLine, Seen } from "../../format.ts";

export interface Look {
  readonly key: string;
  /** Text of the dot; undefined: nothing was there. */
  readonly dot: string | undefined;
  readonly version: HistoryVersion | undefined;
}

export interface Made {
  readonly key: string;
  readonly kind: "write" | "delete" | "touch";
  readonly value: string | undefined;
  /** Undefined: nothing is known to have happened. */
  dot: string | undefined;
  version: HistoryVersion | undefined;
  /** What it leaves may go by itself. */
  expires: boolean;
}

export interface Deed {
  readonly line: number;
  readonly type: OperationLine["type"] | "ghost";
  readonly session: string;
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  datacenter: number;
  readonly looks: readonly Look[];
  readonly makes: Made[];
  readonly isUnknown: boolean;
  readonly pasts: readonly (readonly [string, number])[];
}

/** A dot as some line names it. */
interface Sighting {
  readonly line: number;
  readonly key: string;
  readonly seen: Exclude<Seen, { saw: "never" }>;
  /** By a read or a final state, not by who wrote it. */
  readonly isLook: boolean;
}

export function deedsOf(lines: readonly HistoryLine[]): Deed[] {
  const homes = new Map<string, number>();
  const deeds: Deed[] = [];
  for (const [at, line] of lines.entries()) {
    if (line.type === "session") homes.set(line.session, line.datacenter);
    if (!("seq" in line) || ("outcome" in line && line.outcome === "refused")) continue;
    const isUnknown = "outcome" in line && line.outcome === "unknown";
    deeds.push({
      line: at + 1,
      type: line.type,
      session: line.session,
      seq: line.seq,
      start: line.start,
      end: isUnknown ? Number.POSITIVE_INFINITY : line.end,
      datacenter: line.type === "attach" ? line.datacenter : -1,
      looks: looksOf(line),
      makes: makesOf(line),
      isUnknown,
      pasts: line.type === "attach" ? (line.pasts ?? []) : [],
    });
  }
  deeds.sort((left, right) => left.seq - right.seq);
  for (const deed of deeds) {
    if (deed.type === "attach") homes.set(deed.session, deed.datacenter);
    deed.datacenter = homes.get(deed.session) ?? -1;
  }
  return deeds;
}

function looksOf(line: OperationLine): Look[] {
  const entries = line.type === "snapshot" ? line.entries : line.type === "read" ? [line] : [];
  return entries.map((entry) => {
    const { key } = entry;
    return entry.saw === "never"
      ? { key, dot: undefined, version: undefined }
      : { key, dot: String(entry.dot), version: entry.version };
  });
}

function makesOf(line: OperationLine): Made[] {
  if (!("outcome" in line)) return [];
  const made = line.outcome === "ok" ? { dot: String(line.dot), version: line.version } : undefined;
  const named = { dot: made?.dot, version: made?.version };
  const expires = line.expires === true;
  if (line.type !== "transaction") {
    return [
      { key: line.key, kind: line.type, value: line.type === "write" ? line.value : undefined, expires, ...named },
    ];
  }
  return line.writes.map(({ key, value, expires: own }) => {
    const isDelete = value === undefined;
    return {
      key,
      kind: isDelete ? "delete" : "write",
      value,
      expires: !isDelete && (expires || own === true),
      ...named,
    };
  });
}

export function sightingsIn(lines: readonly HistoryLine[]): Sighting[] {
  const sightings: Sighting[] = [];
  const look = (line: number, key: string, seen: Seen): void => {
    if (seen.saw !== "never") sightings.push({ line, key, seen, isLook: true });
  };
  for (const [at, line] of lines.entries()) {
    if (line.type === "read" || line.type === "final") look(at + 1, line.key, line);
    if (line.type === "snapshot") for (const entry of line.entries) look(at + 1, entry.key, entry);
    if (line.type === "touch" && line.outcome === "ok") {
      const { key, dot, version } = line;
      sightings.push({ line: at + 1, key, seen: { saw: "value", dot, version }, isLook: false });
    }
  }
  return sightings;
}

/**
 * Gives what was seen and nobody is known to have written to the unknown write that fits, first what has a dot, then what is
 * known by a touch alone. Adds ghosts to `deeds` for what nobody can have written, and returns that as findings.
 */
export function adoptUnknown(deeds: Deed[], lines: readonly HistoryLine[]): string[] {
  const findings: string[] = [];
  const sightings = sightingsIn(lines);
  const written = new Set(deeds.flatMap((deed) => deed.makes.map(({ dot }) => dot)));
  for (const { line, seen } of sightings) {
    const dot = String(seen.dot);
    if (written.has(dot)) continue;
    written.add(dot);
    const all = sightings.filter((other) => String(other.seen.dot) === dot);
    const author = deeds.find((deed) => mayHaveMade(deed, all));
    if (author === undefined) findings.push(`thin-air ${line}`);
    nameAll(author ?? ghost(deeds, dot, all), dot, seen.version);
  }
  for (const { line, key, seen } of sightings) {
    if (seen.version.length !== 6) continue;
    const version = baseVersion(seen.version);
    const isThere = deeds.some((deed) =>
      deed.makes.some((made) => made.key === key && sameVersion(made.version, version)),
    );
    if (isThere) continue;
    const told = sightings.find((other) => String(other.seen.dot) === String(seen.dot) && "value" in other.seen);
    const base = { saw: "value", version, dot: version, ...valueOf(told) } as const;
    const all = [{ line, key, seen: base, isLook: true }];
    const author = deeds.find((deed) => mayHaveMade(deed, all));
    if (author === undefined) findings.push(`thin-air ${line}`);
    nameAll(author ?? ghost(deeds, `on ${String(version)}`, all), `on ${String(version)}`, version);
  }
  return findings;
}

function valueOf(sighting: Sighting | undefined): { value?: string } {
  const seen = sighting?.seen;
  return seen !== undefined && "value" in seen && seen.value !== undefined ? { value: seen.value } : {};
}

function mayHaveMade(deed: Deed, all: readonly Sighting[]): boolean {
  if (!deed.isUnknown || deed.type === "ghost" || deed.makes.some(({ dot }) => dot !== undefined)) return false;
  return all.every(({ key, seen }) => {
    const made = deed.makes.find((one) => one.key === key);
    if (made === undefined || deed.datacenter !== seen.version.at(seen.version.length - 2)) return false;
    if (seen.version.length === 6 || made.kind === "touch") return seen.version.length === 6 && made.kind === "touch";
    if ((seen.saw === "tombstone") !== (made.kind === "delete")) return false;
    return !("value" in seen) || made.value === undefined || seen.value === made.value;
  });
}

function nameAll(deed: Deed, dot: string, version: HistoryVersion): void {
  for (const made of deed.makes) {
    made.dot = dot;
    made.version = version;
  }
}

function ghost(deeds: Deed[], dot: string, all: readonly Sighting[]): Deed {
  const makes = [...new Map(all.map((sighting) => [sighting.key, ghostPart(sighting)])).values()];
  const [start, end] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const nowhere = { line: 0, session: `ghost ${dot}`, seq: 0, start, end, datacenter: -1, looks: [], pasts: [] };
  const deed: Deed = { ...nowhere, type: "ghost", makes, isUnknown: true };
  deeds.push(deed);
  return deed;
}

function ghostPart({ key, seen }: Sighting): Made {
  const kind = seen.version.length === 6 ? "touch" : seen.saw === "tombstone" ? "delete" : "write";
  return { key, kind, value: undefined, dot: undefined, version: undefined, expires: false };
}

export function baseVersion(version: HistoryVersion): readonly [number, number, number] {
  return [version[0], version[1], version[2]];
}

export function sameVersion(left: HistoryVersion | undefined, right: HistoryVersion | undefined): boolean {
  return String(left) === String(right);
}

/** Lexicographic; a version is below all that start with it. */
export function isGreater(left: HistoryVersion | undefined, right: HistoryVersion | undefined): boolean {
  if (left === undefined) return false;
  if (right === undefined) return true;
  for (let at = 0; at < 6; at += 1) {
    const [one, other] = [left[at] ?? -1, right[at] ?? -1];
    if (one !== other) return one > other;
  }
  return false;
}
