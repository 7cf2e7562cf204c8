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

describe("KEYS", () => {
  it("lists what matches, behind the writes before it", async () => {
    client.send(["MSET", "one", "1", "two", "2", "three", "3"], ["KEYS", "t*"], ["KEYS", "*"], ["KEYS", "x"]);
    expect(await client.next()).toBe("OK");
    expect(((await client.next()) as string[]).toSorted()).toEqual(["three", "two"]);
    expect(((await client.next()) as string[]).toSorted()).toEqual(["one", "three", "two"]);
    expect(await client.next()).toEqual([]);
  });

  it("refuses a reply that would grow too large", async () => {
    node.server.services.limits.keysReplyBytesMax = 40;
    expect(await client.error("KEYS", "*")).toMatch(/^ERR too many keys match/);
    expect(await client.call("KEYS", "one")).toEqual(["one"]);
  });
});
