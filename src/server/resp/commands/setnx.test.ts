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

describe("SETNX", () => {
  it("answers 1 when it wrote and 0 when the key was there", async () => {
    const replies = await client.pipeline(["SETNX", "k", "1"], ["SETNX", "k", "2"], ["GET", "k"]);
    expect(replies).toEqual([1, 0, "1"]);
  });

  it("judges a key that has left memory by what the store holds", async () => {
    await client.call("SET", "stored", "1");
    await node.forgetMemory();
    expect(await client.pipeline(["SETNX", "stored", "2"], ["GET", "stored"])).toEqual([0, "1"]);
  });
});
