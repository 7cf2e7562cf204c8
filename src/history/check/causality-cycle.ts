/*
 * Rule "causality-cycle": nothing follows from itself. A session that reads what another session wrote only after it had
 * seen this one's next step is the smallest case.
 */
import { causalPath } from "./causal-path.ts";
import type { LoadedHistory, Operation } from "./model.ts";
import { sentences } from "./story.ts";
import type { ViolationList } from "./violation.ts";
import { where } from "./words.ts";

/** Each operation of `circle` follows from the next one, and the last from the first. */
export function reportCycle(history: LoadedHistory, violations: ViolationList, circle: readonly Operation[]): void {
  violations.report("causality-cycle", () => {
    const { effect, cause } = crossing(circle);
    const path = causalPath({ operation: effect }, cause, "with its own reads") ?? circle.toReversed();
    return {
      message: `${where(history.header, effect)} saw at line ${effect.line} what could only happen after that, at line ${cause.line}.`,
      cycle: [...sentences(history, path), `which is what line ${effect.line} had already seen`],
      lines: path.map((operation) => operation.line),
    };
  });
}

/** A step of the circle that is not just program order: there is one, since program order alone has no circles. */
function crossing(circle: readonly Operation[]): { effect: Operation; cause: Operation } {
  const steps = circle.map((effect, at) => ({ effect, cause: circle[(at + 1) % circle.length] ?? effect }));
  return steps.find(({ effect, cause }) => effect.predecessor !== cause) ?? steps[0]!;
}
