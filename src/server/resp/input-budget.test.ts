import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InputBudget } from "./input-budget.ts";
import { RawClient } from "./testing/raw-client.ts";
import { startMemoryNode } from "./testing/memory-node.ts";

const KiB = 1024;

describe("the budget for requests that have begun to arrive", () => {
  it("refuses the large one that goes beyond it, and never a small one", () => {
    const budget = new InputBudget({ inputBytesTotalMax: 200 * KiB });
    expect(budget.account(0, 150 * KiB)).toBe(true);
    expect(budget.account(0, 60 * KiB)).toBe(true);
    expect(budget.account(60 * KiB, 100 * KiB)).toBe(false);
    expect(budget.account(100 * KiB, 0)).toBe(true);
    expect([budget.held, budget.refused]).toEqual([150 * KiB, 1]);
  });

  it("closes the connection that goes beyond it with an error, and is free again afterwards", async () => {
    const node = await startMemoryNode({ server: { limits: { inputBytesTotalMax: 1024 * KiB } } });
    const { input } = node.server.services;
    const [first, second] = [new RawClient(node.server.port), new RawClient(node.server.port)];
    try {
      const size = 2000 * KiB;
      const half = `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${size}\r\n${"x".repeat(700 * KiB)}`;
      first.sendRaw(half);
      while (input.held < 700 * KiB) await sleep(5);
      second.sendRaw(half);
      await second.closed;
      expect(second.received).toContain("-ERR Protocol error: too many incomplete requests of all clients");
      expect(input.refused).toBe(1);
      while (input.held >= 1000 * KiB) await sleep(5);
      first.close();
      await first.closed;
      while (input.held > 0) await sleep(5);
    } finally {
      first.close();
      second.close();
      await node.close();
    }
  });
});
