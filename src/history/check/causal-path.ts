/*
 * Finds the shortest chain of "who saw whose write" from a cause to an effect, so that a violation can be told as a story.
 *
 * The checker knows only that a write lies in a past, not how it came there. This looks backwards from the effect, session
 * by session, breadth first: all that a session did before is there for free, and each read of another's write is one
 * step. It costs up to the size of the past, so it is run only for the violations that are kept.
 */
import type { Operation, Session, Write } from "./model.ts";

interface Step {
  readonly operation: Operation;
  /** The next operation towards the effect. */
  readonly towards: Step | undefined;
}

interface Scan {
  readonly from: Step;
  /** Everything of this session below this position precedes `from`. */
  readonly session: Session;
  readonly below: number;
}

export type Goal = { readonly operation: Operation } | { readonly write: Write };

/** From the goal to `effect`, both included; a write that no line made is represented by its first reader there. */
export function causalPath(goal: Goal, effect: Operation): readonly Operation[] | undefined {
  const scanned = new Map<Session, number>();
  const scans: Scan[] = [
    { from: { operation: effect, towards: undefined }, session: effect.session, below: effect.position },
  ];
  for (const scan of scans) {
    const floor = scanned.get(scan.session) ?? 0;
    for (let at = scan.below - 1; at >= floor; at -= 1) {
      const operation = scan.session.operations[at]!;
      const step = operation === scan.from.operation ? scan.from : { operation, towards: scan.from };
      const found = arrival(goal, step);
      if (found !== undefined) return unroll(found);
      pushCauses(step, scanned, scans);
    }
    scanned.set(scan.session, Math.max(floor, scan.below));
  }
  return undefined;
}

function arrival(goal: Goal, step: Step): Step | undefined {
  const { operation } = step;
  if ("operation" in goal) return operation === goal.operation ? step : undefined;
  if (operation.write !== goal.write) return undefined;
  if (operation.kind !== "read") return operation.outcome === "ok" ? step : undefined;
  const writer = goal.write.operation;
  return writer === undefined ? step : { operation: writer, towards: step };
}

function pushCauses(step: Step, scanned: ReadonlyMap<Session, number>, scans: Scan[]): void {
  const { operation } = step;
  for (const source of operation.sources) {
    pushScan(
      { from: { operation: source, towards: step }, session: source.session, below: source.position + 1 },
      scanned,
      scans,
    );
  }
  const writer = operation.kind === "read" ? operation.write?.operation : undefined;
  if (writer === undefined) return;
  pushScan(
    { from: { operation: writer, towards: step }, session: writer.session, below: writer.position },
    scanned,
    scans,
  );
}

function pushScan(scan: Scan, scanned: ReadonlyMap<Session, number>, scans: Scan[]): void {
  if ((scanned.get(scan.session) ?? 0) < scan.below) scans.push(scan);
}

function unroll(found: Step): readonly Operation[] {
  const path: Operation[] = [];
  for (let step: Step | undefined = found; step !== undefined; step = step.towards) path.push(step.operation);
  return path;
}
