/*
 * A recorded load on a development cluster whose nodes are killed, alone and all at once, and whose links are cut, with a
 * wide area in between: all datacenters end with the same, and the history is causal+ (docs/TESTING.md).
 */
import { describe, expect, it, onTestFailed } from "vitest";
import { freeBasePort } from "../src/cli/testing/free-ports.ts";
import { chaos } from "../src/lab/chaos/chaos.ts";

const timeoutMs = 240_000;
const shape = { datacenters: 3, nodes: 2, partitions: 32 };

describe("chaos on real processes", () => {
  it(
    "converges, and what sessions saw is causal+",
    async () => {
      const lines: string[] = [];
      onTestFailed(() => void process.stderr.write(`${lines.join("\n")}\n`));
      const { datacenters, nodes } = shape;
      const port = await freeBasePort(shape);
      const { converged, check, felt, faults } = await chaos({
        seed: Math.floor(Math.random() * 1_000_000),
        seconds: 20,
        port,
        datacenters,
        nodes,
        wanDelayMs: 50,
        keys: 24,
        faults: ["kill", "kill-all", "cut"],
        print: (line) => lines.push(line),
      });
      expect(check.violations).toEqual([]);
      expect(converged).toBe(true);
      expect([...faults.keys()].toSorted()).toEqual(["cut", "kill", "kill-all"]);
      expect(felt.operations).toBeGreaterThan(500);
      expect(check.stats.writes).toBeGreaterThan(0);
    },
    timeoutMs,
  );
});
