/*
 * Which dependencies of a waiting write do not hold, as far as its node knows.
 */
import type { SoughtDot } from "./messages.ts";
import type { WaitingWrite } from "../../core/dependency-gate.ts";
import type { NodeCore } from "../../core/node-core.ts";

export function missingOf(core: NodeCore, waiter: WaitingWrite): SoughtDot[] {
  const { dots, prefixes } = waiter.write.dependencies;
  return [...notHeld(core, dots, false), ...notHeld(core, prefixes, true)];
}

function notHeld(core: NodeCore, pairs: readonly number[], prefix: boolean): SoughtDot[] {
  const missing: SoughtDot[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const origin = pairs[i] as number;
    const seq = pairs[i + 1] as number;
    if (!core.gate.holds(origin, seq, prefix)) missing.push({ origin, seq, prefix });
  }
  return missing;
}
