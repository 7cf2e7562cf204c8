/*
 * The checker written once more, as slowly and plainly as possible, to compare with: it makes the whole causal order as a
 * table of every pair of operations and then looks at every pair. It shares no code with the real one.
 *
 * It names what is wrong as "kind line": kind is one of read, cut, write, order, dot-mismatch, real-time, future, torn,
 * diverged, lost, thin-air, cycle. For small histories of tests only: one clock, no unrecorded writes, at most one candidate
 * for each unknown dot, no dot on a key that its operation did not write; what can be collected may be.
 */
import type { HistoryLine, HistoryVersion } from "../../format.ts";
import { adoptUnknown, baseVersion, deedsOf, isGreater, sameVersion, sightingsIn } from "./dumb-deeds.ts";
import type { Deed, Look, Made } from "./dumb-deeds.ts";

export function dumbFindings(lines: readonly HistoryLine[]): readonly string[] {
  const deeds = deedsOf(lines);
  const findings = adoptUnknown(deeds, lines);
  findings.push(...noteExpired(deeds, lines));
  const follows = closure(deeds);
  if (deeds.some((_, at) => follows[at]![at])) return [...findings, "cycle"];
  deeds.forEach((deed, at) => {
    const past = deeds.filter((_, other) => isBefore(deeds, follows, other, at));
    findings.push(...judgeLooks(deed, past, deeds, follows), ...judgeMakes(deed, past, deeds, follows));
    findings.push(...judgeTime(deed, deeds), ...judgeOrigin(deed));
  });
  findings.push(...judgeEnd(lines, deeds));
  return findings.toSorted();
}

/** What was seen expired can go, also where its writer said that it lasts, which is a finding of its own. */
function noteExpired(deeds: readonly Deed[], lines: readonly HistoryLine[]): string[] {
  const findings: string[] = [];
  for (const { line, key, seen } of sightingsIn(lines)) {
    if (seen.saw !== "expired") continue;
    const author = deeds.find((deed) => findMade(deed, key, String(seen.dot)) !== undefined);
    const made = author === undefined ? undefined : findMade(author, key, String(seen.dot));
    if (author === undefined || made === undefined || made.expires) continue;
    if (author.type !== "ghost") findings.push(`dot-mismatch ${line}`);
    made.expires = true;
  }
  return findings;
}

function findMade(deed: Deed, key: string, dot: string): Made | undefined {
  return deed.makes.find((made) => made.key === key && made.dot === dot);
}

function hasHappened(deed: Deed): boolean {
  return deed.makes.some(({ dot }) => dot !== undefined);
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
  if (second.looks.some(({ key, dot }) => dot !== undefined && findMade(first, key, dot) !== undefined)) return true;
  if (isTouchOf(second, first)) return true;
  if (first.isUnknown) return false;
  if (first.session === second.session && first.seq < second.seq) return true;
  return second.pasts.some(([session, seq]) => first.session === session && first.seq <= seq);
}

function isTouchOf(touch: Deed, base: Deed): boolean {
  return touch.makes.some(({ kind, key, version }) => {
    if (kind !== "touch" || version === undefined) return false;
    return base.makes.some((made) => made.key === key && sameVersion(made.version, baseVersion(version)));
  });
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

/** This one and all that it follows from. */
function downTo(deed: Deed, deeds: readonly Deed[], follows: readonly boolean[][]): Deed[] {
  const at = deeds.indexOf(deed);
  return deeds.filter((_, other) => other === at || follows[other]![at] === true);
}

function versionsOn(key: string, deeds: readonly Deed[]): HistoryVersion[] {
  const makes = deeds.flatMap((deed) => deed.makes).filter((made) => made.key === key);
  return makes.flatMap(({ version }) => (version === undefined ? [] : [version]));
}

function judgeLooks(
  deed: Deed,
  past: readonly Deed[],
  deeds: readonly Deed[],
  follows: readonly boolean[][],
): string[] {
  return deed.looks.flatMap((look) => {
    const isMissed = (version: HistoryVersion): boolean =>
      isGreater(version, look.version) && !isExcused(look, version, deed.end, deeds);
    if (versionsOn(look.key, past).some(isMissed)) return [`read ${deed.line}`];
    let isCut = false;
    let isFractured = false;
    for (const other of deed.looks) {
      if (other.dot === undefined || (other.dot === look.dot && other.key === look.key)) continue;
      const author = deeds.find((one) => findMade(one, other.key, other.dot!) !== undefined);
      if (author === undefined) continue;
      isCut ||= versionsOn(look.key, downTo(author, deeds, follows)).some(isMissed);
      const part = author.makes.find((made) => made.key === look.key && look.key !== other.key);
      isFractured ||= isGreater(part?.version, look.version);
    }
    return isCut ? [`${isFractured ? "read" : "cut"} ${deed.line}`] : [];
  });
}

/** A key that may have lost `required` to something that was collected may read as never written. */
function isExcused(look: Look, required: HistoryVersion, end: number, deeds: readonly Deed[]): boolean {
  if (look.dot !== undefined) return false;
  return deeds.some((deed) => {
    if (deed.start > end) return false;
    return deed.makes.some((made) => {
      if (made.key !== look.key || !(made.kind === "delete" || made.expires)) return false;
      return made.version === undefined ? deed.isUnknown : !isGreater(required, made.version);
    });
  });
}

function judgeMakes(
  deed: Deed,
  past: readonly Deed[],
  deeds: readonly Deed[],
  follows: readonly boolean[][],
): string[] {
  if (deed.type === "ghost" || !hasHappened(deed)) return [];
  const touched = deeds.filter((other) => isTouchOf(deed, other));
  const all = [...past, ...touched.flatMap((base) => downTo(base, deeds, follows))];
  const wrong = deed.makes.filter(({ key, version }) =>
    versionsOn(key, all).some((other) => isGreater(other, version)),
  );
  if (wrong.length > 0) return wrong.map(() => `write ${deed.line}`);
  const issued = issuedOf(deed.makes[0]?.version);
  const causes = all.flatMap((cause) => cause.makes.map(({ version }) => issuedOf(version)));
  return causes.some((cause) => cause !== undefined && !isGreater(issued, cause)) ? [`order ${deed.line}`] : [];
}

/** What was issued for the write itself. */
function issuedOf(version: HistoryVersion | undefined): HistoryVersion | undefined {
  return version?.length === 6 ? [version[3], version[4], version[5]] : version;
}

function judgeOrigin(deed: Deed): string[] {
  if (deed.type === "ghost" || !hasHappened(deed)) return [];
  return issuedOf(deed.makes[0]?.version)?.[1] === deed.datacenter ? [] : [`dot-mismatch ${deed.line}`];
}

function judgeTime(deed: Deed, deeds: readonly Deed[]): string[] {
  if (deed.type === "ghost") return [];
  const findings: string[] = [];
  const makes = deed.makes.filter(({ dot }) => dot !== undefined);
  for (const own of [...deed.looks, ...makes]) {
    const earlier = deeds.filter((other) => other.datacenter === deed.datacenter && other.end < deed.start);
    const known = earlier.flatMap((other) => boundsOf(other, own.key, deeds));
    const isBroken = known.some(
      (version) => isGreater(version, own.version) && !isExcused(own, version, deed.end, deeds),
    );
    if (isBroken) findings.push(`real-time ${deed.line}`);
  }
  for (const { key, dot } of deed.looks) {
    const source = dot === undefined ? undefined : deeds.find((other) => findMade(other, key, dot) !== undefined);
    if (source !== undefined && source.start > deed.end) findings.push(`future ${deed.line}`);
  }
  return findings;
}

/** A snapshot may show a transaction before a single read does; all else stays seen. */
function boundsOf(deed: Deed, key: string, deeds: readonly Deed[]): HistoryVersion[] {
  const looks = deed.looks.filter((look) => {
    if (look.key !== key || deed.type !== "snapshot" || look.dot === undefined) return look.key === key;
    const author = deeds.find((other) => findMade(other, key, look.dot!) !== undefined);
    return author !== undefined && author.type !== "ghost" && author.type !== "transaction";
  });
  const makes = deed.makes.filter((made) => made.key === key && made.dot !== undefined);
  return [...looks, ...makes].flatMap(({ version }) => (version === undefined ? [] : [version]));
}

function judgeEnd(lines: readonly HistoryLine[], deeds: readonly Deed[]): string[] {
  const findings: string[] = [];
  const ends = lines.filter((line) => line.type === "final-end").map((line) => line.datacenter);
  if (ends.length === 0) return findings;
  const finals = lines.filter((line) => line.type === "final");
  const heldIn = (end: number, key: string): Look => {
    const line = finals.find((final) => final.datacenter === end && final.key === key);
    return { key, dot: line === undefined ? undefined : String(line.dot), version: line?.version };
  };
  const isMissing = (held: Look, version: HistoryVersion): boolean =>
    isGreater(version, held.version) && !isExcused(held, version, Number.MAX_VALUE, deeds);
  const keys = new Set(deeds.flatMap(({ looks, makes }) => [...looks, ...makes].map(({ key }) => key)));
  for (const { key } of finals) keys.add(key);
  for (const key of keys) {
    const held = ends.map((end) => heldIn(end, key));
    const there = held.filter(({ dot }) => dot !== undefined);
    const isOne = new Set(there.map(({ dot }) => dot)).size <= 1;
    const isAllowed = there.length === held.length || there.every(({ dot }) => isCollectible(key, dot, deeds));
    if (!isOne || !isAllowed) findings.push(`diverged ${key}`);
    const all = versionsOn(
      key,
      deeds.filter(({ type }) => type !== "ghost"),
    );
    if (all.some((version) => held.every((look) => isMissing(look, version)))) findings.push(`lost ${key}`);
  }
  for (const deed of deeds) {
    for (const end of deed.type === "transaction" ? ends : []) {
      const made = deed.makes.filter(({ dot }) => dot !== undefined);
      const hasOne = made.some(({ key, version }) => isOn(heldIn(end, key).version, version));
      const lacksOne = made.some(({ key, version }) => version !== undefined && isMissing(heldIn(end, key), version));
      if (hasOne && lacksOne) findings.push(`torn ${deed.line}`);
    }
  }
  return findings;
}

function isOn(held: HistoryVersion | undefined, version: HistoryVersion | undefined): boolean {
  return held !== undefined && version !== undefined && sameVersion(baseVersion(held), version);
}

function isCollectible(key: string, dot: string | undefined, deeds: readonly Deed[]): boolean {
  return deeds.some((deed) =>
    deed.makes.some((made) => made.key === key && made.dot === dot && (made.kind === "delete" || made.expires)),
  );
}
