/*
 * The checker written once more, as slowly and plainly as possible, to compare with: it makes the whole causal order as a
 * table of every pair of operations and then looks at every pair. It shares no code with the real one.
 *
 * It names what is wrong as "kind line": kind is one of read, write, order, dot-mismatch, real-time, future, diverged,
 * lost, thin-air, cycle. For small histories of tests only: no collection, no unrecorded writes, at most one candidate per unknown dot.
 */
import type { HistoryDot, HistoryLine, HistoryVersion } from "../../format.ts";

interface Deed {
  readonly line: number;
  readonly type: "read" | "write" | "delete" | "attach" | "ghost";
  readonly session: string;
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  readonly key: string;
  datacenter: number;
  /** Text of the dot; undefined: nothing was seen, or nothing is known to have happened. */
  dot: string | undefined;
  version: HistoryVersion | undefined;
  readonly value: string | undefined;
  readonly isUnknown: boolean;
  readonly pasts: readonly (readonly [string, number])[];
}

export function dumbFindings(lines: readonly HistoryLine[]): readonly string[] {
  const deeds = deedsOf(lines);
  const findings = adoptUnknown(deeds, lines);
  const follows = closure(deeds);
  if (deeds.some((_, at) => follows[at]![at])) return [...findings, "cycle"];
  deeds.forEach((deed, at) => {
    const past = deeds.filter((_, other) => isBefore(deeds, follows, other, at));
    findings.push(...judgeCausality(deed, past), ...judgeTime(deed, deeds), ...judgeOrigin(deed));
  });
  findings.push(...judgeEnd(lines, deeds));
  return findings.toSorted();
}

function deedsOf(lines: readonly HistoryLine[]): Deed[] {
  const homes = new Map<string, number>();
  const deeds: Deed[] = [];
  for (const [at, line] of lines.entries()) {
    if (line.type === "session") homes.set(line.session, line.datacenter);
    if (line.type !== "read" && line.type !== "write" && line.type !== "delete" && line.type !== "attach") continue;
    if ("outcome" in line && line.outcome === "refused") continue;
    deeds.push({
      line: at + 1,
      type: line.type,
      session: line.session,
      seq: line.seq,
      start: line.start,
      end: "outcome" in line && line.outcome === "unknown" ? Number.POSITIVE_INFINITY : line.end,
      key: "key" in line ? line.key : "",
      datacenter: line.type === "attach" ? line.datacenter : -1,
      dot: "dot" in line ? String(line.dot) : undefined,
      version: "version" in line ? line.version : undefined,
      value: "value" in line ? line.value : undefined,
      isUnknown: "outcome" in line && line.outcome === "unknown",
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

/** Gives dots that nobody is known to have written to the unknown write with the same key and value. */
function adoptUnknown(deeds: Deed[], lines: readonly HistoryLine[]): string[] {
  const findings: string[] = [];
  const written = new Set(deeds.filter(isWrite).map((deed) => deed.dot));
  for (const [at, line] of lines.entries()) {
    if ((line.type !== "read" && line.type !== "final") || line.saw === "never") continue;
    if (written.has(String(line.dot))) continue;
    written.add(String(line.dot));
    const value = line.saw === "value" ? line.value : undefined;
    const author = deeds.find(
      (deed) =>
        deed.isUnknown &&
        deed.dot === undefined &&
        deed.key === line.key &&
        deed.value === value &&
        deed.datacenter === line.dot[0],
    );
    if (author === undefined) {
      findings.push(`thin-air ${at + 1}`);
      deeds.push(ghost(line.key, line.dot, line.version));
    } else {
      author.dot = String(line.dot);
      author.version = line.version;
    }
  }
  return findings;
}

function ghost(key: string, dot: HistoryDot, version: HistoryVersion): Deed {
  const nowhere = {
    line: 0,
    session: `ghost ${String(dot)}`,
    seq: 0,
    start: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
    datacenter: -1,
  };
  return { ...nowhere, type: "ghost", key, dot: String(dot), version, value: undefined, isUnknown: true, pasts: [] };
}

function isWrite(deed: Deed): boolean {
  return deed.type !== "read" && deed.type !== "attach" && deed.dot !== undefined;
}

/** follows[a][b]: b causally follows a. */
function closure(deeds: readonly Deed[]): boolean[][] {
  const follows = deeds.map((first) => deeds.map((second) => followsDirectly(first, second)));
  for (let middle = 0; middle < deeds.length; middle += 1) {
    for (let first = 0; first < deeds.length; first += 1) {
      if (!follows[first]![middle]) continue;
      for (let second = 0; second < deeds.length; second += 1) {
        if (follows[middle]![second]) follows[first]![second] = true;
      }
    }
  }
  return follows;
}

function followsDirectly(first: Deed, second: Deed): boolean {
  if (second.type === "read" && isWrite(first) && first.dot === second.dot) return true;
  if (first.isUnknown) return false;
  if (first.session === second.session && first.seq < second.seq) return true;
  return second.pasts.some(([session, seq]) => first.session === session && first.seq <= seq);
}

/** In the past of `at` before it did anything itself: by way of its own session's earlier operations. */
function isBefore(deeds: readonly Deed[], follows: readonly boolean[][], other: number, at: number): boolean {
  const own = deeds[at]!;
  return deeds.some(
    (step, through) =>
      step.session === own.session &&
      step.seq < own.seq &&
      !step.isUnknown &&
      (other === through || follows[other]![through] === true),
  );
}

function judgeCausality(deed: Deed, past: readonly Deed[]): string[] {
  const causes = past.filter(isWrite);
  const sameKey = causes.filter((cause) => cause.key === deed.key);
  if (deed.type === "read") {
    return sameKey.some((cause) => isGreater(cause.version, deed.version)) ? [`read ${deed.line}`] : [];
  }
  if (deed.type === "ghost" || !isWrite(deed)) return [];
  if (sameKey.some((cause) => isGreater(cause.version, deed.version))) return [`write ${deed.line}`];
  return causes.some((cause) => !isGreater(deed.version, cause.version)) ? [`order ${deed.line}`] : [];
}

function judgeOrigin(deed: Deed): string[] {
  if (!isWrite(deed) || deed.type === "ghost") return [];
  return deed.dot?.startsWith(`${deed.datacenter},`) === true ? [] : [`dot-mismatch ${deed.line}`];
}

function judgeTime(deed: Deed, deeds: readonly Deed[]): string[] {
  if (deed.type !== "read" && !isWrite(deed)) return [];
  const findings: string[] = [];
  const earlier = deeds.filter(
    (other) => other.datacenter === deed.datacenter && other.key === deed.key && other.end < deed.start,
  );
  if (deed.type !== "ghost" && earlier.some((other) => isGreater(other.version, deed.version))) {
    findings.push(`real-time ${deed.line}`);
  }
  const source = deeds.find((other) => isWrite(other) && other.dot === deed.dot);
  if (deed.type === "read" && source !== undefined && source.start > deed.end) findings.push(`future ${deed.line}`);
  return findings;
}

function judgeEnd(lines: readonly HistoryLine[], deeds: readonly Deed[]): string[] {
  const ends = lines.filter((line) => line.type === "final-end").map((line) => line.datacenter);
  const findings: string[] = [];
  if (ends.length === 0) return findings;
  const keys = new Set([
    ...deeds.map((deed) => deed.key),
    ...lines.flatMap((line) => (line.type === "final" ? [line.key] : [])),
  ]);
  keys.delete("");
  for (const key of keys) {
    const held = ends.map((end) =>
      lines.find((line) => line.type === "final" && line.datacenter === end && line.key === key),
    );
    const dots = new Set(held.map((line) => (line?.type === "final" ? String(line.dot) : "nothing")));
    if (dots.size > 1) findings.push(`diverged ${key}`);
    const winner = deeds
      .filter((deed) => deed.type !== "ghost" && isWrite(deed) && deed.key === key)
      .reduce<HistoryVersion | undefined>(
        (best, deed) => (isGreater(deed.version, best) ? deed.version : best),
        undefined,
      );
    const isHeld = held.some((line) => !isGreater(winner, line?.type === "final" ? line.version : undefined));
    if (winner !== undefined && !isHeld) findings.push(`lost ${key}`);
  }
  return findings;
}

function isGreater(left: HistoryVersion | undefined, right: HistoryVersion | undefined): boolean {
  if (left === undefined) return false;
  if (right === undefined) return true;
  for (const at of [0, 1, 2] as const) if (left[at] !== right[at]) return left[at] > right[at];
  return false;
}
