/*
 * The report at the end of a run: what was done, what clients felt, what was found, and the verdict in the last line.
 */
import type { ChaosReport } from "./chaos.ts";
import type { Felt } from "./felt.ts";
import { resultInWords } from "../../history/check/report.ts";

const linesShownMax = 20;

export function reportLines(report: ChaosReport): string[] {
  return ["", ...doneLines(report), "", ...feltLines(report), "", ...foundLines(report), "", verdict(report)];
}

function doneLines({ seconds, faults, skipped, powerCuts }: ChaosReport): string[] {
  const lines = [`WHAT WAS DONE in ${seconds.toFixed(0)} s`, `  faults: ${counted(faults)}`];
  for (const [kind, why] of skipped) lines.push(`  SKIPPED ${kind}: ${why}`);
  if (powerCuts.length > 0) {
    const sum = (of: (cut: (typeof powerCuts)[number]) => number): number =>
      powerCuts.reduce((total, cut) => total + of(cut), 0);
    const unsynced = `${sum((cut) => cut.unsynced)} of ${sum((cut) => cut.operations)} operations were not synced`;
    lines.push(`  power cuts of nodes: ${powerCuts.length}; ${unsynced}, ${sum((cut) => cut.bytesLost)} bytes lost`);
  }
  return lines;
}

function feltLines({ felt }: ChaosReport): string[] {
  const lines = ["WHAT CLIENTS FELT"];
  for (const [name, one] of felt) lines.push(...datacenterLines(name, one));
  return lines;
}

function datacenterLines(name: string, felt: Felt): string[] {
  const { operations, errors, latencyMsMax, longestGapMs, longestGapAtMs } = felt;
  const latency =
    felt.succeeded === 0
      ? "none succeeded"
      : `p50 ${ms(felt.latencyMs(0.5))}, p99 ${ms(felt.latencyMs(0.99))}, max ${ms(latencyMsMax)}`;
  const gap = `${(longestGapMs / 1000).toFixed(1)} s, from ${(longestGapAtMs / 1000).toFixed(1)} s on`;
  return [
    `  ${name}: ${operations} operations; ${latency}`,
    `    errors: ${counted(errors)}`,
    `    longest without an operation that succeeded: ${gap}`,
  ];
}

function foundLines({ check, final, felt, ownWrites, ownWritesLost, fatal }: ChaosReport): string[] {
  const acknowledged = [...felt.values()].reduce((sum, one) => sum + one.acknowledgedWrites, 0);
  const found = `${ownWrites - new Set(ownWritesLost.map((line) => line.split(" ", 1)[0])).size} of ${ownWrites}`;
  return [
    "WHAT WAS FOUND",
    `  acknowledged writes: ${acknowledged}; of those to keys that are written once, found everywhere: ${found}`,
    ...shown(ownWritesLost),
    final.converged
      ? `  all datacenters hold the same, ${(final.tookMs / 1000).toFixed(1)} s after the end`
      : `  DATACENTERS DIFFER, ${(final.tookMs / 1000).toFixed(0)} s after the end`,
    ...(fatal.length === 0 ? [] : ["  NODES ENDED BY THEMSELVES:", ...shown(fatal)]),
    ...resultInWords(check).map((line) => `  ${line}`),
  ];
}

function shown(lines: readonly string[]): string[] {
  const more = lines.length > linesShownMax ? [`    and ${lines.length - linesShownMax} more`] : [];
  return [...lines.slice(0, linesShownMax).map((line) => `    ${line}`), ...more];
}

function verdict({ good }: ChaosReport): string {
  return good ? "GOOD: causal+ holds, and nothing acknowledged is lost" : "BAD";
}

function counted(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? "none" : [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
