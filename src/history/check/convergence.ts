/*
 * Rule "diverged": in the end all datacenters hold the same write of every key (invariant 10). Rule "lost-write": that
 * write is the greatest of all that were acknowledged or seen, so an acknowledged write is either there or beaten
 * (invariant 6).
 *
 * A causal check alone accepts two datacenters that stay apart for ever; this is what does not. It judges the final
 * states that the history has, taken after healing, when nothing was in flight. A datacenter without one (lost for good)
 * is left out, and the statistics say how many were judged. A key that is not there is the same as one whose tombstone, or
 * expired value, was not collected yet.
 */
import { isCollectible, mayBeCollected } from "./collection.ts";
import type { FinalState, KeyHistory, LoadedHistory, Write } from "./model.ts";
import { compareVersions, newerOf } from "./versions.ts";
import type { ViolationList } from "./violation.ts";
import { datacenterName, keyName, writeName } from "./words.ts";

interface Ending {
  readonly datacenter: number;
  readonly write: Write | undefined;
}

export function checkConvergence(history: LoadedHistory, violations: ViolationList): void {
  const finals = [...history.finals.values()];
  if (finals.length === 0) return;
  for (const key of history.keys.values()) checkKey(history, violations, key, finals);
}

function checkKey(
  history: LoadedHistory,
  violations: ViolationList,
  key: KeyHistory,
  finals: readonly FinalState[],
): void {
  const endings = finals.map(({ datacenter, writes }) => ({ datacenter, write: writes.get(key) }));
  if (!agree(history, endings)) reportDiverged(history, violations, key, endings);
  const winner = winnerOf(key);
  if (winner === undefined || endings.some(({ write }) => holds(history, write, winner))) return;
  reportLost(history, violations, winner, endings);
}

function agree(history: LoadedHistory, endings: readonly Ending[]): boolean {
  const held = new Set(endings.map(({ write }) => write));
  if (held.size <= 1) return true;
  // What is not there in one datacenter may have been collected, if it is the same in all others.
  if (!held.delete(undefined) || held.size > 1) return false;
  const [only] = held;
  return only !== undefined && isCollectible(only) && mayBeCollected(history, only, undefined);
}

/** The greatest write that is known to have happened. */
function winnerOf(key: KeyHistory): Write | undefined {
  let winner: Write | undefined;
  for (const write of key.writes) if (write.fate !== "thinAir") winner = newerOf(winner, write);
  return winner;
}

/** A datacenter that ended with `write` has applied `winner`: it is there, or beaten, or collected. */
export function holds(history: LoadedHistory, write: Write | undefined, winner: Write): boolean {
  return write === undefined ? mayBeCollected(history, winner, undefined) : compareVersions(write, winner) >= 0;
}

function reportDiverged(
  history: LoadedHistory,
  violations: ViolationList,
  key: KeyHistory,
  endings: readonly Ending[],
): void {
  violations.report("diverged", () => ({
    message: `The datacenters ended with different writes of ${keyName(key)}.`,
    cycle: endings.map((ending) => endingInWords(history, ending)),
    lines: endings.flatMap(({ write }) => write?.firstLine ?? []),
  }));
}

function reportLost(
  history: LoadedHistory,
  violations: ViolationList,
  winner: Write,
  endings: readonly Ending[],
): void {
  const why = winner.fate === "acknowledged" ? "acknowledged" : "seen";
  violations.report("lost-write", () => ({
    message: `A write that was ${why} is neither final nor beaten: ${writeName(winner)}.`,
    cycle: [
      `line ${winner.operation?.line ?? winner.firstLine} has ${writeName(winner)}`,
      ...endings.map((ending) => endingInWords(history, ending)),
    ],
    lines: [winner.operation?.line ?? winner.firstLine],
  }));
}

function endingInWords(history: LoadedHistory, { datacenter, write }: Ending): string {
  const name = datacenterName(history.header, datacenter);
  return write === undefined ? `${name} ended without the key` : `${name} ended with ${writeName(write)}`;
}
