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

describe("EXISTS and TOUCH", () => {
  it("count a key as often as it is named", async () => {
    expect(await client.pipeline(["SET", "a", "1"], ["EXISTS", "a", "b", "a"], ["TOUCH", "b", "a"])).toEqual([
      "OK",
      2,
      1,
    ]);
  });
});
