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

describe("MSETNX", () => {
  it("writes all where none of the keys is there, else nothing", async () => {
    const replies = await client.pipeline(
      ["MSETNX", "a", "1", "b", "2"],
      ["MSETNX", "c", "3", "b", "4"],
      ["MGET", "a", "b", "c"],
      ["MSETNX", "c", "5"],
      ["MSETNX", "c", "6"],
      ["DEL", "a"],
      ["MSETNX", "a", "7", "d", "8", "a", "9"],
      ["MGET", "a", "b", "c", "d"],
    );
    expect(replies).toEqual([1, 0, ["1", "2", null], 1, 0, 1, 1, ["9", "2", "5", "8"]]);
  });

  it("takes an expired value for nothing", async () => {
    await client.call("SET", "old", "1", "PXAT", "1");
    expect(await client.pipeline(["MSETNX", "old", "2", "new", "2"], ["GET", "old"])).toEqual([1, "2"]);
  });

  it("refuses a key without a value", async () => {
    expect(await client.error("MSETNX", "odd", "1", "b")).toBe("ERR wrong number of arguments for 'msetnx' command");
  });
});
