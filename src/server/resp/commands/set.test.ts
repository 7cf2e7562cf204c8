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

describe("SET", () => {
  it("takes empty keys and values", async () => {
    expect(await client.pipeline(["SET", "", ""], ["GET", ""], ["STRLEN", ""])).toEqual(["OK", "", 0]);
  });

  it("NX writes only where nothing is, a deleted key included", async () => {
    const replies = await client.pipeline(
      ["SET", "nx", "1", "NX"],
      ["SET", "nx", "2", "nx"],
      ["GET", "nx"],
      ["DEL", "nx"],
      ["SET", "nx", "3", "NX"],
      ["GET", "nx"],
    );
    expect(replies).toEqual(["OK", null, "1", 1, "OK", "3"]);
  });

  it("XX writes only where something is", async () => {
    const replies = await client.pipeline(
      ["SET", "xx", "1", "XX"],
      ["GET", "xx"],
      ["SET", "xx", "2"],
      ["SET", "xx", "3", "XX"],
      ["GET", "xx"],
    );
    expect(replies).toEqual([null, null, "OK", "OK", "3"]);
  });

  it("GET answers what was there before, whether or not it wrote", async () => {
    const replies = await client.pipeline(
      ["SET", "g", "1", "GET"],
      ["SET", "g", "2", "GET"],
      ["SET", "g", "3", "NX", "GET"],
      ["GET", "g"],
      ["SET", "g", "4", "XX", "GET"],
      ["DEL", "g"],
      ["SET", "g", "5", "GET", "NX"],
      ["GET", "g"],
    );
    expect(replies).toEqual([null, "1", "2", "2", "2", 1, null, "5"]);
  });

  it.each(["EX", "px", "EXAT", "PXAT", "KEEPTTL"])("refuses %s by name and writes nothing", async (option) => {
    const error = await client.error("SET", "expiring", "1", option, "10");
    expect(error).toBe(`ERR SET option ${option.toUpperCase()} is not supported: this version has no expiry`);
    expect(await client.call("GET", "expiring")).toBeNull();
  });

  it("refuses what is no option, and NX together with XX", async () => {
    expect(await client.error("SET", "k", "v", "WHAT")).toBe("ERR syntax error");
    expect(await client.error("SET", "k", "v", "NX", "XX")).toBe("ERR syntax error");
    expect(await client.error("SET", "k", "v", "XX", "NX")).toBe("ERR syntax error");
  });

  it("refuses a value that is too large, and the connection lives on", async () => {
    const error = await client.error("SET", "large", "v".repeat(32 * 1024 * 1024 + 1));
    expect(error).toBe("ERR string exceeds maximum allowed size (33554432 bytes)");
    expect(await client.call("GET", "large")).toBeNull();
  });

  it("says why when the node refuses writes", async () => {
    node.driver.core.refuseWrites("full");
    expect(await client.error("SET", "k", "v")).toMatch(/^READONLY /);
    node.driver.core.refuseWrites(undefined);
    expect(await client.call("SET", "k", "v")).toBe("OK");
  });
});
