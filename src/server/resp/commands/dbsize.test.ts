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

describe("DBSIZE", () => {
  it("counts keys that are visible, behind the writes before it", async () => {
    const replies = await client.pipeline(
      ["DBSIZE"],
      ["MSET", "a", "1", "b", "2"],
      ["DBSIZE"],
      ["DEL", "a"],
      ["DBSIZE"],
    );
    expect(replies).toEqual([0, "OK", 2, 1, 1]);
  });
});
