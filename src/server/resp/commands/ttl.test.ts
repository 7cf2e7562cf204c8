import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMemoryNode } from "../testing/memory-node.ts";
import type { MemoryNode } from "../testing/memory-node.ts";
import { clientOf } from "../testing/raw-client.ts";
import type { RawClient } from "../testing/raw-client.ts";

let node: MemoryNode;
let client: RawClient;
beforeAll(async () => {
  node = await startMemoryNode();
  client = clientOf(node);
});
afterAll(async () => {
  expect(node.bugs).toEqual([]);
  client.close();
  await node.close();
});

describe("TTL, PTTL, EXPIRETIME and PEXPIRETIME", () => {
  it("tell a key that stays from one that is not there", async () => {
    await client.call("SET", "stays", "v");
    for (const command of ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]) {
      expect(await client.pipeline([command, "stays"], [command, "never"])).toEqual([-1, -2]);
    }
  });

  it("round to whole seconds, half up", async () => {
    await client.pipeline(["SET", "low", "v", "PXAT", "4000000000499"], ["SET", "high", "v", "PXAT", "4000000000500"]);
    const replies = await client.pipeline(["EXPIRETIME", "low"], ["EXPIRETIME", "high"], ["PEXPIRETIME", "high"]);
    expect(replies).toEqual([4_000_000_000, 4_000_000_001, 4_000_000_000_500]);
  });

  it("count down", async () => {
    await client.call("SET", "down", "v", "PX", "100000");
    const left = (await client.call("PTTL", "down")) as number;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(100_000);
  });
});
