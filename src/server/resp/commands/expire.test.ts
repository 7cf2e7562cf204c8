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

describe("EXPIRE and its relatives", () => {
  it("set when a key expires", async () => {
    await client.call("SET", "k", "v");
    const replies = await client.pipeline(
      ["EXPIRE", "k", "100"],
      ["TTL", "k"],
      ["PEXPIRE", "k", "200000"],
      ["TTL", "k"],
      ["EXPIREAT", "k", "4000000000"],
      ["EXPIRETIME", "k"],
      ["PEXPIREAT", "k", "4000000000001"],
      ["PEXPIRETIME", "k"],
      ["GET", "k"],
      ["EXPIRE", "never", "100"],
    );
    expect(replies).toEqual([1, 100, 1, 200, 1, 4_000_000_000, 1, 4_000_000_000_001, "v", 0]);
  });

  it("end with the next SET, and not with SET KEEPTTL", async () => {
    const replies = await client.pipeline(
      ["SET", "kept", "1", "EX", "100"],
      ["SET", "kept", "2", "KEEPTTL"],
      ["TTL", "kept"],
      ["SET", "kept", "3"],
      ["TTL", "kept"],
    );
    expect(replies).toEqual(["OK", "OK", 100, "OK", -1]);
  });

  it("judge NX, XX, GT and LT as Redis does", async () => {
    await client.call("SET", "c", "v");
    const replies = await client.pipeline(
      ["EXPIRE", "c", "100", "XX"],
      ["EXPIRE", "c", "100", "GT"],
      ["EXPIRE", "c", "100", "NX"],
      ["EXPIRE", "c", "200", "nx"],
      ["EXPIRE", "c", "200", "GT"],
      ["EXPIRE", "c", "150", "gt", "xx"],
      ["TTL", "c"],
      ["EXPIRE", "c", "300", "LT"],
      ["EXPIRE", "c", "50", "LT"],
      ["EXPIRE", "c", "60", "XX"],
      ["TTL", "c"],
      ["PERSIST", "c"],
      ["EXPIRE", "c", "70", "LT"],
      ["TTL", "c"],
    );
    expect(replies).toEqual([0, 0, 1, 0, 1, 0, 200, 0, 1, 1, 60, 1, 1, 70]);
  });

  it("delete the key for a time that is over, where their condition holds", async () => {
    await client.call("MSET", "o1", "v", "o2", "v", "o3", "v", "o4", "v", "o5", "v");
    const replies = await client.pipeline(
      ["EXPIRE", "o1", "-1"],
      ["EXPIREAT", "o2", "1", "NX"],
      ["PEXPIREAT", "o3", "0", "XX"],
      ["PEXPIREAT", "o4", "1", "GT"],
      ["PEXPIRE", "o5", "0", "LT"],
      ["EXPIRE", "never", "-1"],
      ["MGET", "o1", "o2", "o3", "o4", "o5"],
    );
    expect(replies).toEqual([1, 1, 0, 0, 1, 0, [null, null, "v", "v", null]]);
  });

  it("refuse in Redis's words", async () => {
    expect(await client.error("EXPIRE", "k", "x")).toBe("ERR value is not an integer or out of range");
    expect(await client.error("EXPIRE", "k", "9223372036854775")).toBe("ERR invalid expire time in 'expire' command");
    expect(await client.error("PEXPIRE", "k", "9223372036854775808")).toBe(
      "ERR value is not an integer or out of range",
    );
    expect(await client.error("EXPIRE", "k", "1", "what")).toBe("ERR Unsupported option what");
    const nx = "ERR NX and XX, GT or LT options at the same time are not compatible";
    expect(await client.error("EXPIRE", "k", "1", "NX", "XX")).toBe(nx);
    expect(await client.error("EXPIRE", "k", "1", "NX", "LT")).toBe(nx);
    expect(await client.error("EXPIRE", "k", "1", "GT", "LT")).toBe(
      "ERR GT and LT options at the same time are not compatible",
    );
    expect(await client.error("EXPIRE", "k", "1", "XX", "LT")).toBe(
      "ERR XX and LT options at the same time are not supported",
    );
  });

  it("leave the key out of everything once it is over", async () => {
    await client.pipeline(["FLUSHALL"], ["SET", "stays", "1"], ["SET", "goes", "1", "PXAT", "1"]);
    const replies = await client.pipeline(
      ["GET", "goes"],
      ["EXISTS", "goes"],
      ["TYPE", "goes"],
      ["STRLEN", "goes"],
      ["TTL", "goes"],
      ["KEYS", "*"],
      ["DBSIZE"],
      ["RANDOMKEY"],
      ["SCAN", "0", "COUNT", "1000"],
      ["DEL", "goes"],
      ["PERSIST", "goes"],
      ["SET", "goes", "2", "NX"],
    );
    expect(replies).toEqual([null, 0, "none", 0, -2, ["stays"], 1, "stays", ["0", ["stays"]], 0, 0, "OK"]);
  });

  it("hold after the value has left memory", async () => {
    await client.pipeline(["SET", "m1", "v", "EX", "100"], ["SET", "m2", "v", "PXAT", "1"], ["SET", "m3", "v"]);
    await client.call("EXPIRE", "m3", "200");
    await node.forgetMemory();
    expect(await client.pipeline(["TTL", "m1"], ["GET", "m2"], ["TTL", "m3"], ["GET", "m3"])).toEqual([
      100,
      null,
      200,
      "v",
    ]);
  });

  it("come true", async () => {
    await client.call("SET", "soon", "v", "PX", "20");
    while ((await client.call("GET", "soon")) !== null) await new Promise(setImmediate);
    expect(await client.pipeline(["PTTL", "soon"], ["MGET", "soon"])).toEqual([-2, [null]]);
  });
});
