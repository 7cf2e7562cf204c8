import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMemoryNode } from "./testing/memory-node.ts";
import type { MemoryNode } from "./testing/memory-node.ts";

const run = promisify(execFile);
const withoutTools = process.env["COPS_SKIP_REDIS_TOOLS"] === "1";

let node: MemoryNode;
let guarded: MemoryNode;
beforeAll(async () => {
  node = await startMemoryNode();
  guarded = await startMemoryNode({ server: { password: "s3cret" } });
});
afterAll(async () => {
  await node.close();
  await guarded.close();
});

describe("ioredis", () => {
  it("connects, authenticates, names itself, pipelines and scans", async () => {
    const redis = new Redis({
      port: guarded.server.port,
      password: "s3cret",
      connectionName: "tester",
      maxRetriesPerRequest: 0,
    });
    expect(await redis.set("k", "v")).toBe("OK");
    expect(await redis.client("GETNAME")).toBe("tester");
    const bytes = Buffer.from([0, 255, 13, 10]);
    expect(await redis.set(bytes, bytes)).toBe("OK");
    expect(await redis.getBuffer(bytes)).toEqual(bytes);
    expect(await redis.pipeline().set("a", "1").get("a").mget("a", "none").del("a").exec()).toEqual([
      [null, "OK"],
      [null, "1"],
      [null, ["1", null]],
      [null, 1],
    ]);
    expect(await redis.set("k", "w", "GET")).toBe("v");
    expect(await redis.set("k", "x", "NX")).toBeNull();
    expect(await redis.set("k", "v", "EX", 100)).toBe("OK");
    expect([await redis.ttl("k"), await redis.persist("k"), await redis.ttl("k")]).toEqual([100, 1, -1]);
    await expect(redis.incr("k")).rejects.toThrow("unknown command 'incr'");
    const found: string[] = [];
    for await (const keys of redis.scanStream({ match: "?" }) as AsyncIterable<string[]>) found.push(...keys);
    expect(found).toEqual(["k"]);
    expect(await redis.dbsize()).toBe(2);
    expect(await redis.quit()).toBe("OK");
  });

  it("carries out transactions", async () => {
    const redis = new Redis({ port: guarded.server.port, password: "s3cret", maxRetriesPerRequest: 0 });
    await redis.mset({ a: "1", b: "2" });
    expect(await redis.mget("a", "none", "b")).toEqual(["1", null, "2"]);
    expect(await redis.multi().set("a", "3").getset("b", "4").del("c").setex("d", 100, "5").exec()).toEqual([
      [null, "OK"],
      [null, "2"],
      [null, 0],
      [null, "OK"],
    ]);
    expect(await redis.multi().get("a").mget("b", "c").ttl("d").exec()).toEqual([
      [null, "3"],
      [null, ["4", null]],
      [null, 100],
    ]);
    await expect(redis.multi().set("a", "6").get("a").exec()).rejects.toThrow("EXECABORT");
    await expect(redis.multi().set("a", "6").incr("a").exec()).rejects.toThrow("EXECABORT");
    await expect(redis.watch("a")).rejects.toThrow("WATCH is not supported");
    expect(await redis.getex("a", "EX", 100)).toBe("3");
    expect(await redis.msetnx("a", "1", "e", "1")).toBe(0);
    expect(await redis.quit()).toBe("OK");
  });
});

describe("node-redis", () => {
  it.each([2, 3] as const)("connects, authenticates, pipelines and scans in RESP%d", async (RESP) => {
    const client = createClient({
      url: `redis://default:s3cret@127.0.0.1:${guarded.server.port}`,
      name: "tester",
      RESP,
      socket: { reconnectStrategy: false },
    });
    await client.connect();
    await client.flushAll();
    expect(await client.set("k", "v")).toBe("OK");
    expect(await client.clientGetName()).toBe("tester");
    expect(await client.set("k", "w", { condition: "NX" })).toBeNull();
    expect(await Promise.all([client.get("k"), client.mGet(["k", "none"]), client.exists("k")])).toEqual([
      "v",
      ["v", null],
      1,
    ]);
    expect(await client.getDel("k")).toBe("v");
    expect(await client.get("k")).toBeNull();
    await client.mSet({ a: "1", b: "2" });
    const found: string[] = [];
    for await (const keys of client.scanIterator()) found.push(...keys);
    expect(found.toSorted()).toEqual(["a", "b"]);
    expect(await client.configGet("save")).toMatchObject({ save: "" });
    expect(await client.sendCommand(["COPS.TOKEN"])).toMatch(/^[A-Za-z0-9_-]+$/);
    await client.close();
  });

  it.each([2, 3] as const)("carries out transactions and expiry in RESP%d", async (RESP) => {
    const client = createClient({
      url: `redis://default:s3cret@127.0.0.1:${guarded.server.port}`,
      RESP,
      socket: { reconnectStrategy: false },
    });
    await client.connect();
    await client.flushAll();
    expect(await client.mSetNX({ a: "1", b: "2" })).toBe(1);
    expect(
      await client
        .multi()
        .set("a", "3")
        .getDel("b")
        .set("c", "4", { expiration: { type: "EX", value: 100 } })
        .exec(),
    ).toEqual(["OK", "2", "OK"]);
    expect(await client.multi().mGet(["a", "b"]).ttl("c").exec()).toEqual([["3", null], 100]);
    await expect(client.multi().set("a", "5").get("a").exec()).rejects.toThrow("EXECABORT");
    expect(await client.set("e", "1", { expiration: { type: "PXAT", value: 4_000_000_000_000 } })).toBe("OK");
    expect(await client.pExpireTime("e")).toBe(4_000_000_000_000);
    expect(await client.getEx("e", { type: "PERSIST" })).toBe("1");
    expect(await client.ttl("e")).toBe(-1);
    expect(await client.expire("e", 100, "NX")).toBe(1);
    expect(await client.del(["a", "c", "e"])).toBe(3);
    await client.close();
  });
});

describe.skipIf(withoutTools)("the tools of Redis", () => {
  it("redis-cli sets, gets, scans and reads COMMAND DOCS, in both protocols", async () => {
    for (const protocol of ["-2", "-3"]) {
      const cli = async (...args: string[]): Promise<string> => {
        const { stdout } = await run("redis-cli", [protocol, "-p", String(node.server.port), ...args]);
        return stdout;
      };
      expect(await cli("SET", "k", "v")).toBe("OK\n");
      expect(await cli("GET", "k")).toBe("v\n");
      expect(await cli("--scan")).toBe("k\n");
      expect(await cli("NONSENSE", "a")).toBe("ERR unknown command 'NONSENSE', with args beginning with: 'a' \n\n");
      expect(await cli("COMMAND", "DOCS", "get")).toContain("Returns the string value of a key.");
      expect(await cli("INFO", "server")).toContain("redis_mode:standalone");
    }
  });

  it("redis-cli carries out MULTI, MGET and expiry", async () => {
    const file = "MSET a 1 b 2\nMULTI\nSET a 3 EX 100\nGETDEL b\nEXEC\nMGET a b\nTTL a\nSETEX c 0 x\n";
    const running = run("redis-cli", ["-p", String(node.server.port)]);
    running.child.stdin?.end(file);
    const { stdout } = await running;
    expect(stdout.trimEnd().split("\n")).toEqual([
      "OK",
      "OK",
      "QUEUED",
      "QUEUED",
      "OK",
      "2",
      "3",
      "",
      "100",
      "ERR invalid expire time in 'setex' command",
    ]);
  });

  it("redis-benchmark runs to its end", async () => {
    const args = [
      "-p",
      String(node.server.port),
      "-t",
      "ping,set,get,mset",
      "-n",
      "2000",
      "-c",
      "20",
      "-P",
      "4",
      "--csv",
    ];
    const { stdout, stderr } = await run("redis-benchmark", args);
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toHaveLength(6);
  });
});
