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
    await expect(redis.set("k", "v", "EX", 10)).rejects.toThrow("SET option EX is not supported");
    await expect(redis.incr("k")).rejects.toThrow("unknown command 'incr'");
    const found: string[] = [];
    for await (const keys of redis.scanStream({ match: "?" }) as AsyncIterable<string[]>) found.push(...keys);
    expect(found).toEqual(["k"]);
    expect(await redis.dbsize()).toBe(2);
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
