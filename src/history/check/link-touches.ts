/*
 * Ties each touch to the write whose expiry it set. A touch depends on that write, so whoever has seen the touch has seen
 * it too, with all that preceded it.
 *
 * The version of a touch names the version that it is on. Where no line has told the dot of that version, a write without
 * a dot stands for it: resolve-fates.ts finds out who made it, by its key, its value and the datacenter of its version.
 *
 * Rule "dot-mismatch": what was touched is a value (a tombstone has no expiry). Rule "value-mismatch": a touch leaves the
 * value as it is.
 */
import { seqUnknown } from "./model.ts";
import type { KeyHistory, Write } from "./model.ts";
import { isTouch } from "./versions.ts";
import type { Rule, ViolationList } from "./violation.ts";
import { newWrite } from "./write-index.ts";
import { writeName } from "./words.ts";

/** Adds to `writes` what is known by a touch alone. */
export function linkTouches(writes: Write[], violations: ViolationList): void {
  const bases = new Map<KeyHistory, Map<string, Write>>();
  const touches = writes.filter(isTouch);
  for (const touch of touches) {
    const base = baseOf(touch, bases, writes);
    touch.base = base;
    base.readersLeft += 1;
    if (base.tombstone || touch.tombstone) report(violations, "dot-mismatch", base, touch, "has no expiry to set");
    else if (touch.value !== undefined) {
      base.value ??= touch.value;
      if (base.value !== touch.value) report(violations, "value-mismatch", base, touch, "has two values");
    }
  }
}

function baseOf(touch: Write, bases: Map<KeyHistory, Map<string, Write>>, writes: Write[]): Write {
  let ofKey = bases.get(touch.key);
  if (ofKey === undefined) {
    const untouchedOnes = touch.key.writes.filter((write) => !isTouch(write));
    ofKey = new Map(untouchedOnes.map((write) => [baseName(write), write]));
    bases.set(touch.key, ofKey);
  }
  const name = baseName(touch);
  let base = ofKey.get(name);
  if (base === undefined) {
    base = concluded(touch);
    ofKey.set(name, base);
    touch.key.writes.push(base);
    writes.push(base);
  }
  return base;
}

function baseName({ time, versionDatacenter, versionPartition }: Write): string {
  return `${time}@${versionDatacenter}/${versionPartition}`;
}

/** The write that a touch is on and that no line names. */
function concluded({ key, time, versionDatacenter, versionPartition, value, firstLine }: Write): Write {
  return newWrite({
    line: firstLine,
    key,
    dot: [versionDatacenter, versionPartition, seqUnknown],
    version: [time, versionDatacenter, versionPartition],
    tombstone: false,
    value,
  });
}

function report(violations: ViolationList, rule: Rule, base: Write, touch: Write, what: string): void {
  violations.report(rule, () => ({
    message: `What was touched ${what}: ${writeName(base)}.`,
    cycle: [`line ${base.firstLine} says ${writeName(base)}`, `line ${touch.firstLine} says ${writeName(touch)}`],
    lines: [base.firstLine, touch.firstLine],
  }));
}
