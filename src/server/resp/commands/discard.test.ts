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

describe("DISCARD", () => {
  it("forgets what was queued, also after an error", async () => {
    const replies = await client.pipeline(
      ["MULTI"],
      ["SET", "k", "1"],
      ["NONSENSE"],
      ["DISCARD"],
      ["GET", "k"],
      ["EXEC"],
    );
    expect(replies).toMatchObject(["OK", "QUEUED", {}, "OK", null, { message: "ERR EXEC without MULTI" }]);
    expect(await client.error("DISCARD")).toBe("ERR DISCARD without MULTI");
  });
});
