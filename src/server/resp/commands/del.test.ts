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

describe("DEL and UNLINK", () => {
  it("count the keys that were there", async () => {
    await client.call("MSET", "a", "1", "b", "2", "c", "3");
    expect(await client.pipeline(["DEL", "a", "none", "b", "a"], ["UNLINK", "c", "c"])).toEqual([2, 1]);
    expect(await client.call("EXISTS", "a", "b", "c")).toBe(0);
  });

  it("delete several keys in their place among the commands, also where they must be read from the store", async () => {
    await client.call("MSET", "s1", "1", "s2", "2", "s3", "3");
    await node.forgetMemory();
    const replies = await client.pipeline(
      ["DEL", "s1", "s2"],
      ["SET", "s1", "again"],
      ["DEL", "s2", "s3"],
      ["MGET", "s1", "s2", "s3"],
    );
    expect(replies).toEqual([2, "OK", 1, ["again", null, null]]);
  });

  it("say why where writes are refused, and take up the next command", async () => {
    await client.call("MSET", "r1", "1", "r2", "2");
    node.driver.core.refuseWrites("full");
    expect(await client.error("DEL", "r1", "r2")).toMatch(/^READONLY/);
    node.driver.core.refuseWrites(undefined);
    expect(await client.pipeline(["DEL", "r1", "r2"], ["PING"])).toEqual([2, "PONG"]);
  });

  it("write nothing for a key that is not there", async () => {
    const before = node.driver.core.state.counters.writesLocal;
    expect(await client.pipeline(["DEL", "never"], ["DEL", "a"], ["DEL", "never", "a", "b"])).toEqual([0, 0, 0]);
    expect(node.driver.core.state.counters.writesLocal).toBe(before);
  });
});
