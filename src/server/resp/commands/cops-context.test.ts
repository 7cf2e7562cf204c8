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

describe("COPS.CONTEXT", () => {
  it("shows what the session has seen, at its place in the pipeline", async () => {
    const other = clientOf(node);
    await other.call("HELLO", "3");
    const replies = await other.pipeline(["COPS.CONTEXT"], ["SET", "k", "1"], ["COPS.CONTEXT"]);
    expect(replies[0]).toMatchObject({
      kind: "map",
      entries: expect.arrayContaining([
        ["dots", []],
        ["floor_time", "never"],
        ["datacenter", "d0"],
      ]),
    });
    const { partitionOfHash, hash } = node.driver.core.placement;
    const partition = partitionOfHash.call(node.driver.core.placement, hash("k"));
    expect(replies[2]).toMatchObject({ entries: expect.arrayContaining([["dots", [`0/${partition}/1`]]]) });
    other.close();
  });
});
