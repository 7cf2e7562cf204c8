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

describe("SELECT", () => {
  it("knows database 0 and no other", async () => {
    expect(await client.call("SELECT", "0")).toBe("OK");
    expect(await client.error("SELECT", "1")).toBe("ERR DB index is out of range");
    expect(await client.error("SELECT", "x")).toBe("ERR invalid DB index");
  });
});
