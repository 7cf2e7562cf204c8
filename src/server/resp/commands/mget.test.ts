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

describe("MGET", () => {
  it("answers each key in its place, repeated ones too", async () => {
    await client.call("MSET", "a", "1", "b", "2");
    expect(await client.call("MGET", "b", "none", "a", "b")).toEqual(["2", null, "1", "2"]);
  });

  it("reads many keys, before what follows it in the pipeline", async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `many:${i}`);
    const replies = await client.pipeline(
      ["MSET", ...names.flatMap((name, i) => [name, String(i)])],
      ["MGET", ...names],
      ["SET", "many:1999", "changed"],
      ["GET", "many:1999"],
    );
    expect(replies).toEqual(["OK", names.map((_, i) => String(i)), "OK", "changed"]);
  });

  it("reads in order also where every record must come from the store", async () => {
    const names = Array.from({ length: 1500 }, (_, i) => `stored:${i}`);
    await client.call("MSET", ...names.flatMap((name, i) => [name, String(i)]));
    await node.forgetMemory();
    const replies = await client.pipeline(
      ["MGET", ...names],
      ["SET", "stored:7", "x"],
      ["MGET", "stored:7", "stored:8"],
    );
    expect(replies).toEqual([names.map((_, i) => String(i)), "OK", ["x", "8"]]);
  });

  it("leaves out what has expired", async () => {
    await client.pipeline(["SET", "over", "1", "PXAT", "1"], ["SET", "lasts", "1", "EX", "100"]);
    expect(await client.call("MGET", "over", "lasts")).toEqual([null, "1"]);
  });

  it("refuses more keys than a transaction has, and says how many that are", async () => {
    const names = Array.from({ length: 4097 }, () => "a");
    expect(await client.error("MGET", ...names)).toBe("ERR too many keys: a transaction has at most 4096");
    expect(await client.call("MGET", ...names.slice(1))).toHaveLength(4096);
  });

  it("refuses a key that is too large", async () => {
    expect(await client.error("MGET", "a", "k".repeat(65_537))).toMatch(/^ERR key exceeds/);
  });
});
