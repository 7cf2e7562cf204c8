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

describe("GETEX", () => {
  it("without options is GET", async () => {
    expect(await client.pipeline(["SET", "g", "v", "EX", "100"], ["GETEX", "g"], ["TTL", "g"])).toEqual([
      "OK",
      "v",
      100,
    ]);
    expect(await client.call("GETEX", "never")).toBeNull();
  });

  it("sets and takes away the expiry, and answers the value", async () => {
    await client.call("SET", "e", "v");
    const replies = await client.pipeline(
      ["GETEX", "e", "EX", "100"],
      ["TTL", "e"],
      ["GETEX", "e", "PXAT", "4000000000000"],
      ["PEXPIRETIME", "e"],
      ["GETEX", "e", "persist"],
      ["GETEX", "e", "PERSIST"],
      ["TTL", "e"],
      ["GETEX", "never", "EX", "100"],
      ["EXISTS", "never"],
    );
    expect(replies).toEqual(["v", 100, "v", 4_000_000_000_000, "v", "v", -1, null, 0]);
  });

  it("deletes the key for a time that is over", async () => {
    expect(await client.pipeline(["SET", "o", "v"], ["GETEX", "o", "EXAT", "1"], ["GET", "o"])).toEqual([
      "OK",
      "v",
      null,
    ]);
  });

  it("refuses what Redis refuses", async () => {
    expect(await client.error("GETEX", "g", "EX", "0")).toBe("ERR invalid expire time in 'getex' command");
    expect(await client.error("GETEX", "g", "EX")).toBe("ERR syntax error");
    expect(await client.error("GETEX", "g", "KEEPTTL")).toBe("ERR syntax error");
    expect(await client.error("GETEX", "g", "EX", "1", "PERSIST")).toBe("ERR syntax error");
    expect(await client.error("GETEX", "g", "EX", "1", "PX", "1")).toBe("ERR syntax error");
  });
});
