/*
 * A recorded load on a development cluster of real processes with a wide area in between, while nodes are killed, alone and
 * all at once and while they catch up, lose their power, their links are cut and slow and their clocks lie: all datacenters end
 * with the same, nothing acknowledged is lost, and the history is causal+ (docs/TESTING.md). And the canary: disks that lie.
 */
import { rmSync } from "node:fs";
import { describe, expect, it, onTestFailed } from "vitest";
import { freeBasePort } from "../src/cli/testing/free-ports.ts";
import { chaos } from "../src/lab/chaos/chaos.ts";
import type { ChaosReport } from "../src/lab/chaos/chaos.ts";
import { whyImpossible } from "../src/lab/chaos/fault-kinds.ts";
import type { FaultKind } from "../src/lab/chaos/fault-kinds.ts";
import { reportLines } from "../src/lab/chaos/report.ts";

const timeoutMs = 300_000;
const shape = { datacenters: 3, nodes: 2, partitions: 32 };
/** A node that stands still takes long, and memory that fills a disk is dear: those are for `npm run chaos`. */
const cheap = ["kill-many", "kill-all", "cut", "slow", "clock", "catch-up", "power"] as const;

async function run(seconds: number, faults: readonly FaultKind[], lyingDisks = false): Promise<ChaosReport> {
  const lines: string[] = [];
  onTestFailed(() => void process.stderr.write(`${lines.join("\n")}\n`));
  const port = await freeBasePort(shape);
  const seed = Math.floor(Math.random() * 1_000_000);
  lines.push(`seed ${seed}`);
  const { signal } = new AbortController();
  const options = { ...shape, seed, seconds, port, wanDelayMs: 50, keys: 24, rate: 40, faults, lyingDisks, signal };
  const report = await chaos({ ...options, keep: false, print: (line) => void lines.push(line) });
  lines.push(...reportLines(report));
  return report;
}

describe("chaos on real processes", () => {
  it(
    "converges, has every acknowledged write, and what sessions saw is causal+",
    async () => {
      const possible = cheap.filter((kind) => whyImpossible(kind) === undefined);
      const { good, check, felt, faults, final, powerCuts, ownWrites, ownWritesLost, fatal } = await run(30, possible);
      expect({ counts: [...check.counts], ownWritesLost, fatal }).toEqual({ counts: [], ownWritesLost: [], fatal: [] });
      expect([final.converged, good]).toEqual([true, true]);
      expect([...faults.keys()].toSorted()).toEqual([...possible].toSorted());
      expect(powerCuts.length).toBeGreaterThan(0);
      expect(ownWrites).toBeGreaterThan(0);
      expect(felt.size).toBe(shape.datacenters);
      for (const { operations } of felt.values()) expect(operations).toBeGreaterThan(100);
    },
    timeoutMs,
  );

  it(
    "finds out disks that say synced and are not, once the power was cut",
    async () => {
      const { good, directory } = await run(12, ["power"], true);
      expect(good).toBe(false);
      // A bad run keeps what shows why.
      expect(directory).toBeDefined();
      rmSync(directory as string, { recursive: true });
    },
    timeoutMs,
  );
});
