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

describe("SETEX and PSETEX", () => {
  it("write a value that expires", async () => {
    expect(await client.call("SETEX", "s", "100", "v")).toBe("OK");
    expect(await client.call("PSETEX", "p", "100000", "w")).toBe("OK");
    expect(await client.call("MGET", "s", "p")).toEqual(["v", "w"]);
    expect(await client.pipeline(["TTL", "s"], ["TTL", "p"])).toEqual([100, 100]);
  });

  it("refuse times that are none, in Redis's words, and write nothing", async () => {
    expect(await client.error("SETEX", "no", "0", "v")).toBe("ERR invalid expire time in 'setex' command");
    expect(await client.error("SETEX", "no", "-5", "v")).toBe("ERR invalid expire time in 'setex' command");
    expect(await client.error("PSETEX", "no", "9223372036854775807", "v")).toBe(
      "ERR invalid expire time in 'psetex' command",
    );
    expect(await client.error("SETEX", "no", "1.5", "v")).toBe("ERR value is not an integer or out of range");
    expect(await client.error("SETEX", "k".repeat(65_537), "1", "v")).toMatch(/^ERR key exceeds/);
    expect(await client.call("EXISTS", "no")).toBe(0);
  });
});
