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

describe("MSET", () => {
  it("writes every pair, the last of one key winning", async () => {
    expect(await client.call("MSET", "a", "1", "b", "2", "a", "3")).toBe("OK");
    expect(await client.call("MGET", "a", "b")).toEqual(["3", "2"]);
  });

  it("refuses a key without a value and writes nothing", async () => {
    expect(await client.error("MSET", "odd", "1", "b")).toBe("ERR wrong number of arguments for 'mset' command");
    expect(await client.call("GET", "odd")).toBeNull();
  });

  it("refuses more keys or bytes than a transaction has, says the limit, and writes nothing", async () => {
    const pairs = Array.from({ length: 4097 }, (_, i) => [`many:${i}`, "v"]).flat();
    expect(await client.error("MSET", ...pairs)).toBe("ERR too many keys: a transaction has at most 4096");
    const large = "v".repeat(9 * 1024 * 1024);
    expect(await client.error("MSET", "l1", large, "l2", large)).toBe(
      "ERR transaction exceeds maximum allowed size (16777216 bytes of keys and values)",
    );
    expect(await client.call("EXISTS", "many:0", "l1", "l2")).toBe(0);
    expect(await client.pipeline(["MSET", "l1", large, "l1", large], ["STRLEN", "l1"])).toEqual(["OK", large.length]);
  });

  it("writes none of its pairs when one is too large", async () => {
    expect(await client.error("MSET", "first", "1", "k".repeat(65_537), "2")).toMatch(/^ERR key exceeds/);
    expect(await client.call("GET", "first")).toBeNull();
  });
});
