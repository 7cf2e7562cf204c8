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

describe("DEL and UNLINK", () => {
  it("count the keys that were there", async () => {
    await client.call("MSET", "a", "1", "b", "2", "c", "3");
    expect(await client.pipeline(["DEL", "a", "none", "b", "a"], ["UNLINK", "c", "c"])).toEqual([2, 1]);
    expect(await client.call("EXISTS", "a", "b", "c")).toBe(0);
  });

  it("write nothing for a key that is not there", async () => {
    const before = node.driver.core.state.counters.writesLocal;
    expect(await client.pipeline(["DEL", "never"], ["DEL", "a"])).toEqual([0, 0]);
    expect(node.driver.core.state.counters.writesLocal).toBe(before);
  });
});
