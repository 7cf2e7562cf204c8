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

describe("RANDOMKEY", () => {
  it("answers a key, or null when there is none", async () => {
    expect(await client.pipeline(["RANDOMKEY"], ["SET", "only", "1"], ["RANDOMKEY"])).toEqual([null, "OK", "only"]);
  });
});
