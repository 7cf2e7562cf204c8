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

describe("PERSIST", () => {
  it("takes away an expiry that there is", async () => {
    const replies = await client.pipeline(
      ["SET", "k", "v", "EX", "100"],
      ["PERSIST", "k"],
      ["PERSIST", "k"],
      ["TTL", "k"],
      ["GET", "k"],
      ["PERSIST", "never"],
    );
    expect(replies).toEqual(["OK", 1, 0, -1, "v", 0]);
    expect(await client.error("PERSIST", "k".repeat(65_537))).toMatch(/^ERR key exceeds/);
  });
});
