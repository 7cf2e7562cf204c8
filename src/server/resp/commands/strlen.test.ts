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

describe("STRLEN", () => {
  it("counts bytes, and 0 where there is nothing", async () => {
    expect(await client.pipeline(["SET", "k", "a\u00ff\u0000"], ["STRLEN", "k"], ["STRLEN", "none"])).toEqual([
      "OK",
      3,
      0,
    ]);
  });
});
