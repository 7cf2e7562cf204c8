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
  client.close();
  await node.close();
});

describe("MSET", () => {
  it("writes every pair, the last of one key winning", async () => {
    expect(await client.call("MSET", "a", "1", "b", "2", "a", "3")).toBe("OK");
    expect(await client.call("MGET", "a", "b")).toEqual(["3", "2"]);
  });

  it("refuses a key without a value and writes nothing", async () => {
    expect(await client.error("MSET", "odd", "1", "b")).toBe("ERR wrong number of arguments for 'mset' command");
    expect(await client.call("GET", "odd")).toBeNull();
  });

  it("writes none of its pairs when one is too large", async () => {
    expect(await client.error("MSET", "first", "1", "k".repeat(65_537), "2")).toMatch(/^ERR key exceeds/);
    expect(await client.call("GET", "first")).toBeNull();
  });
});
