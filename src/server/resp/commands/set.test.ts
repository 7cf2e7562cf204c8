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

  it("gives the value an expiry, counted from now or from 1970", async () => {
    const replies = await client.pipeline(
      ["SET", "x", "1", "EX", "100"],
      ["TTL", "x"],
      ["SET", "x", "2", "px", "200000"],
      ["TTL", "x"],
      ["SET", "x", "3", "EXAT", "4000000000"],
      ["EXPIRETIME", "x"],
      ["SET", "x", "4", "PXAT", "4000000000001"],
      ["PEXPIRETIME", "x"],
      ["SET", "x", "5", "KEEPTTL"],
      ["PEXPIRETIME", "x"],
      ["GET", "x"],
      ["SET", "x", "6"],
      ["TTL", "x"],
    );
    const told = ["OK", 100, "OK", 200, "OK", 4_000_000_000, "OK", 4_000_000_000_001, "OK", 4_000_000_000_001];
    expect(replies).toEqual([...told, "5", "OK", -1]);
  });

  it("takes conditions, GET and expiry in any order", async () => {
    const replies = await client.pipeline(
      ["SET", "o", "1", "EX", "100", "NX", "GET"],
      ["SET", "o", "2", "NX", "EX", "200"],
      ["TTL", "o"],
      ["SET", "o", "3", "GET", "XX", "KEEPTTL"],
      ["TTL", "o"],
      ["SET", "o", "4", "PXAT", "1"],
      ["GET", "o"],
      ["SET", "o", "5", "KEEPTTL", "GET"],
      ["TTL", "o"],
    );
    expect(replies).toEqual([null, null, 100, "1", 100, "OK", null, null, -1]);
  });

  it("refuses times that are none, and two expiries, in Redis's words", async () => {
    for (const time of ["0", "-1", "9223372036854775807"]) {
      expect(await client.error("SET", "k", "v", "EX", time)).toBe("ERR invalid expire time in 'set' command");
    }
    for (const time of ["x", "1.5", "", "9223372036854775808", "01", "+1"]) {
      expect(await client.error("SET", "k", "v", "PX", time)).toBe("ERR value is not an integer or out of range");
    }
    for (const options of [
      ["EX"],
      ["EX", "1", "PX", "1"],
      ["KEEPTTL", "EX", "1"],
      ["PXAT", "1", "KEEPTTL"],
      ["PERSIST"],
    ]) {
      expect(await client.error("SET", "k", "v", ...options)).toBe("ERR syntax error");
    }
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
