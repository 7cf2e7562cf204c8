/*
 * Finds the shortest chain of "who saw whose write" from a cause to an effect, so that a violation can be told as a story.
 *
 * The checker knows only that a write lies in a past, not how it came there. This looks backwards from the effect, session
 * by session, breadth first: all that a session did before is there for free, and each read of another's write is one
 * step. It costs up to the size of the past, so it is run only for the violations that are kept.
 */
import { accessesOf, isReading } from "./model.ts";
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
/** Whether the effect itself may have read or touched what leads to the goal, or only what came before it. */
export type EffectReads = "with its own reads" | "before its own reads";

/** From the goal to `effect`, both included; a write that no line made is represented by its first reader there. */
export function causalPath(goal: Goal, effect: Operation, reads: EffectReads): readonly Operation[] | undefined {
  const scanned = new Map<Session, number>();
  const last: Step = { operation: effect, towards: undefined };
  const scans: Scan[] = [{ from: last, session: effect.session, below: effect.position }];
  if (reads === "with its own reads") {
    const found = arrivalByReading(goal, last);
    if (found !== undefined) return unroll(found);
    pushCauses(last, scanned, scans);
  }
  for (const scan of scans) {
    const floor = scanned.get(scan.session) ?? 0;
    for (let at = scan.below - 1; at >= floor; at -= 1) {
      const operation = scan.session.operations[at]!;
      const isFrom = operation === scan.from.operation;
      const step = isFrom ? scan.from : { operation, towards: scan.from };
      // What a session wrote without learning the outcome is not in its past, nor is what that followed from.
      if (operation.outcome === "unknown" && !isFrom) continue;
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
  if (!isReading(operation) && accessesOf(operation).some(({ write }) => write === goal.write)) return step;
  return arrivalByReading(goal, step);
}

/** The step read the goal, or another part of it, or touched it. */
function arrivalByReading(goal: Goal, step: Step): Step | undefined {
  if ("operation" in goal || !readsOf(step.operation).some((write) => isSameWrite(write, goal.write))) return undefined;
  const writer = goal.write.operation;
  return writer === undefined ? step : { operation: writer, towards: step };
}

function isSameWrite(left: Write, right: Write): boolean {
  return left === right || (left.group !== undefined && left.group === right.group);
}

/** What the operation followed from directly: what it read, or touched. */
function readsOf(operation: Operation): readonly Write[] {
  if (isReading(operation)) return accessesOf(operation).flatMap(({ write }) => write ?? []);
  const base = operation.write?.base;
  return base === undefined ? [] : [base];
}

function pushCauses(step: Step, scanned: ReadonlyMap<Session, number>, scans: Scan[]): void {
  const { operation } = step;
  for (const source of operation.sources) pushScan(source, step, scanned, scans);
  for (const write of readsOf(operation)) {
    const writer = write.operation ?? write.base?.operation;
    if (writer !== undefined) pushScan(writer, step, scanned, scans);
  }
}

/** Everything of its session up to `cause` itself precedes the step. */
function pushScan(cause: Operation, towards: Step, scanned: ReadonlyMap<Session, number>, scans: Scan[]): void {
  const { session, position } = cause;
  if ((scanned.get(session) ?? 0) > position) return;
  scans.push({ from: { operation: cause, towards }, session, below: position + 1 });
}

function unroll(found: Step): readonly Operation[] {
  const path: Operation[] = [];
  for (let step: Step | undefined = found; step !== undefined; step = step.towards) path.push(step.operation);
  return path;
}
