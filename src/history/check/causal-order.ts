/*
 * Walks a history in causal order: every operation after its predecessor in the session, after the writes that it read (a
 * touch: that it touched), and after the operations whose token it presented.
 *
 * It follows the order of the lines where it can (that is close to real time, so few pasts are alive at once) and goes
 * ahead only for what an operation needs. The depth-first walk keeps its own stack; meeting an operation that is still on
 * it means that something follows from itself. The cycle is handed over, and the walk goes on as if the last edge were
 * not there: what is found after a cycle is right about the edges that it kept.
 */
import type { Operation, Write } from "./model.ts";

export interface CausalWalk {
  visit(operation: Operation): void;
  /** Each operation follows from the next one, and the last from the first. */
  cycle(operations: readonly Operation[]): void;
}

export function walkInCausalOrder(operations: readonly Operation[], walk: CausalWalk): void {
  const stack: Operation[] = [];
  for (const operation of operations) {
    if (operation.visit === "new") settle(operation, stack, walk);
  }
}

function settle(first: Operation, stack: Operation[], walk: CausalWalk): void {
  open(first, stack);
  while (stack.length > 0) {
    const operation = stack[stack.length - 1]!;
    const missing = causeIn(operation, "new");
    if (missing !== undefined) {
      open(missing, stack);
      continue;
    }
    const circular = causeIn(operation, "open");
    if (circular !== undefined) walk.cycle(stack.slice(stack.indexOf(circular)));
    walk.visit(operation);
    operation.visit = "done";
    stack.pop();
  }
}

function open(operation: Operation, stack: Operation[]): void {
  operation.visit = "open";
  stack.push(operation);
}

/** A direct cause of the operation that is in this state. */
function causeIn(operation: Operation, visit: Operation["visit"]): Operation | undefined {
  const { predecessor } = operation;
  if (predecessor?.visit === visit) return predecessor;
  switch (operation.kind) {
    case "read":
      return makerIn(operation.write, visit);
    case "touch":
      return makerIn(operation.write?.base, visit);
    case "snapshot":
      for (const { write } of operation.parts) {
        const maker = makerIn(write, visit);
        if (maker !== undefined) return maker;
      }
      return undefined;
    case "attach":
      return operation.sources.find((source) => source.visit === visit);
    default:
      return undefined;
  }
}

function makerIn(write: Write | undefined, visit: Operation["visit"]): Operation | undefined {
  // Where nobody knows who made a touch, it still follows from what it touched.
  const maker = write?.operation ?? write?.base?.operation;
  return maker?.visit === visit ? maker : undefined;
}
