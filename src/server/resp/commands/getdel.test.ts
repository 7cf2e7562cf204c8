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

describe("GETDEL", () => {
  it("answers what it deleted, and nothing the next time", async () => {
    const replies = await client.pipeline(["SET", "k", "1"], ["GETDEL", "k"], ["GETDEL", "k"], ["EXISTS", "k"]);
    expect(replies).toEqual(["OK", "1", null, 0]);
  });

  it("writes nothing for a key that is not there", async () => {
    const before = node.driver.core.state.counters.writesLocal;
    expect(await client.call("GETDEL", "never")).toBeNull();
    expect(node.driver.core.state.counters.writesLocal).toBe(before);
  });
});
