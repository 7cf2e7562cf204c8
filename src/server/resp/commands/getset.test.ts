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

describe("GETSET", () => {
  it("answers what it replaced", async () => {
    const replies = await client.pipeline(["GETSET", "k", "1"], ["GETSET", "k", "2"], ["GET", "k"]);
    expect(replies).toEqual([null, "1", "2"]);
  });
});
