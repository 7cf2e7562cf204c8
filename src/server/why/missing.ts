/*
 * Which dependencies of a waiting write do not hold, as far as its node knows. A part of a transaction waits for the dot of the
 * whole, which stands for everything that the transaction lacks.
 */
import type { SoughtDot } from "./messages.ts";
import type { WaitingWrite } from "../../core/dependency-gate.ts";
import type { NodeCore } from "../../core/node-core.ts";
import { originOf } from "../../protocol/version.ts";
import type { Write } from "../../protocol/write.ts";

export function missingOf(core: NodeCore, waiter: WaitingWrite): SoughtDot[] {
  const { dots, prefixes } = waiter.write.dependencies;
  return [...notHeld(core, dots, false), ...notHeld(core, prefixes, true), ...wholeOf(waiter.write)];
}

/** The dot of the transaction that a write is a part of; the first part has that dot itself. */
export function wholeOf({ datacenter, part }: Write): SoughtDot[] {
  if (part === undefined || part.index === 0) return [];
  return [{ origin: originOf(datacenter, part.coordinator), seq: part.seq, prefix: false }];
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
