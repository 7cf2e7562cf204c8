/*
 * Rule "diverged": in the end all datacenters hold the same write of every key (invariant 10). Rule "lost-write": that
 * write is the greatest of all that were acknowledged or seen, so an acknowledged write is either there or beaten
 * (invariant 6).
 *
 * A causal check alone accepts two datacenters that stay apart for ever; this is what does not. It judges the final
 * states that the history has, taken after healing, when nothing was in flight. A datacenter without one (lost for good)
 * is left out, and the statistics say how many were judged.
 */
import { mayBeCollected } from "./collection.ts";
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
  const first = endings[0]!;
  if (endings.some((ending) => !agree(history, first.write, ending.write))) {
    reportDiverged(history, violations, key, endings);
  }
  const winner = winnerOf(key);
  if (winner === undefined || endings.some(({ write }) => holds(history, write, winner))) return;
  reportLost(history, violations, winner, endings);
}

function agree(history: LoadedHistory, left: Write | undefined, right: Write | undefined): boolean {
  if (left === right) return true;
  if (left !== undefined && right !== undefined) return false;
  const only = left ?? right;
  return only !== undefined && only.tombstone && mayBeCollected(history, only);
}

/** The greatest write that is known to have happened. */
function winnerOf(key: KeyHistory): Write | undefined {
  let winner: Write | undefined;
  for (const write of key.writes) if (write.fate !== "thinAir") winner = newerOf(winner, write);
  return winner;
}

function holds(history: LoadedHistory, write: Write | undefined, winner: Write): boolean {
  return write === undefined ? mayBeCollected(history, winner) : compareVersions(write, winner) >= 0;
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
