/*
 * The clients that people have, against real nodes: Redis's own tools, ioredis and node-redis, with the commands of
 * docs/COMMANDS.md. Two nodes of one datacenter, so that about half of the keys are forwarded.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createClient } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster } from "./support/cluster.ts";
import { splitAddress } from "../src/cli/dev/busy-ports.ts";

const run = promisify(execFile);
const timeoutMs = 60_000;
const withoutTools = process.env["COPS_SKIP_REDIS_TOOLS"] === "1";
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

let cluster: Cluster;
let port: number;

beforeAll(async () => {
  cluster = await Cluster.start({ datacenters: 1, nodes: 2, partitions: 8 });
  port = splitAddress(cluster.node(0).resp).port;
}, timeoutMs);

beforeEach(async () => {
  await cluster.redis(0).flushall();
});

afterAll(() => cluster.end(), timeoutMs);

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe("ioredis", { timeout: timeoutMs }, () => {
  it("runs every command on strings and keys", async () => {
    const redis = cluster.redis(0);
    expect(await redis.set("a", "1")).toBe("OK");
    expect(await redis.set("a", "2", "NX")).toBeNull();
    expect(await redis.set("b", "2", "XX")).toBeNull();
    expect(await redis.set("a", "2", "XX", "GET")).toBe("1");
    expect(await redis.setnx("a", "3")).toBe(0);
    expect(await redis.getset("a", "4")).toBe("2");
    expect(await redis.strlen("a")).toBe(1);
    expect(await redis.mset("b", "5", "c", "6")).toBe("OK");
    expect(await redis.mget("a", "b", "c", "d")).toEqual(["4", "5", "6", null]);
    expect(await redis.exists("a", "b", "d", "a")).toBe(3);
    expect(await redis.type("a")).toBe("string");
    expect((await redis.keys("*")).toSorted()).toEqual(["a", "b", "c"]);
    expect(await redis.dbsize()).toBe(3);
    expect(["a", "b", "c"]).toContain(await redis.randomkey());
    expect(await redis.getdel("a")).toBe("4");
    expect(await redis.del("b", "d")).toBe(1);
    expect(await redis.unlink("c")).toBe(1);
    expect(await redis.dbsize()).toBe(0);
    expect(await redis.echo("x")).toBe("x");
    await expect(redis.call("NOSUCH", "x")).rejects.toThrow("unknown command 'NOSUCH'");
    await expect(redis.call("GET")).rejects.toThrow("wrong number of arguments");
  });

  it("keeps the order of a deep pipeline, in which a read sees the write before it", async () => {
    const pipeline = cluster.redis(0).pipeline();
    for (const i of range(5_000)) pipeline.set(`k${i % 100}`, String(i)).get(`k${i % 100}`);
    const answers = await pipeline.exec();
    expect(answers).toEqual(range(5_000).flatMap((i) => [[null, "OK"], [null, String(i)]])); // prettier-ignore
  });

  it("pipelines by itself", async () => {
    const redis = cluster.redis(0, 1, true);
    await Promise.all(range(2_000).map((i) => redis.set(`auto ${i}`, String(i))));
    expect(await Promise.all(range(2_000).map((i) => redis.get(`auto ${i}`)))).toEqual(range(2_000).map(String));
  });

  it("takes keys and values of all bytes, empty ones, and a value of 32 MiB but no more", async () => {
    const redis = cluster.redis(0);
    await redis.set(allBytes, allBytes);
    expect(await redis.getBuffer(allBytes)).toEqual(allBytes);
    expect(await redis.keysBuffer("*")).toEqual([allBytes]);
    await redis.set("", "");
    expect(await redis.get("")).toBe("");
    const large = Buffer.alloc(32 * 1024 * 1024, allBytes);
    for (const key of ["large", "large too"]) {
      await redis.set(key, large);
      expect((await redis.getBuffer(key))?.equals(large)).toBe(true);
    }
    await expect(redis.set("larger", Buffer.concat([large, Buffer.from("x")]))).rejects.toThrow(/^ERR /);
    expect(await redis.get("larger")).toBeNull();
    await expect(redis.set("k".repeat(64 * 1024 + 1), "v")).rejects.toThrow(/^ERR /);
  });

  it("scans everything once, by way of any node", async () => {
    const redis = cluster.redis(0);
    await Promise.all(range(1_000).map((i) => redis.set(`scanned ${i}`, "")));
    const found = new Set<string>();
    let cursor = "0";
    do {
      const [next, keys] = await redis.scan(cursor, "MATCH", "scanned *", "COUNT", 50);
      for (const key of keys) found.add(key);
      cursor = next;
    } while (cursor !== "0");
    expect(found.size).toBe(1_000);
    expect(await cluster.redis(0, 1).dbsize()).toBe(1_000);
  });
});

describe("node-redis in RESP3", { timeout: timeoutMs }, () => {
  it("runs every command on strings and keys", async () => {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 3, socket: { reconnectStrategy: false } });
    await client.connect();
    try {
      expect(await client.set("a", "1")).toBe("OK");
      expect(await client.set("a", "2", { condition: "NX" })).toBeNull();
      expect(await client.set("a", "2", { condition: "XX", GET: true })).toBe("1");
      await client.mSet({ b: "5", c: "6" });
      expect(await client.mGet(["a", "b", "c", "d"])).toEqual(["2", "5", "6", null]);
      expect(await Promise.all(range(1_000).map((i) => client.set(`k${i}`, String(i))))).toHaveLength(1_000);
      expect(await Promise.all(range(1_000).map((i) => client.get(`k${i}`)))).toEqual(range(1_000).map(String));
      const found: string[] = [];
      for await (const keys of client.scanIterator({ COUNT: 100 })) found.push(...keys);
      expect(new Set(found).size).toBe(1_003);
      expect(await client.getDel("a")).toBe("2");
      expect(await client.exists(["a", "b"])).toBe(1);
      expect(await client.type("b")).toBe("string");
      expect(await client.strLen("b")).toBe(1);
      expect(await client.configGet("maxmemory*")).toBeTypeOf("object");
      expect(await client.info("server")).toContain("redis_version:");
      expect(await client.dbSize()).toBe(1_002);
      await client.flushAll();
      expect(await client.dbSize()).toBe(0);
    } finally {
      client.destroy();
    }
  });
});

describe("connections", { timeout: timeoutMs }, () => {
  it("come and go by the thousand", async () => {
    for (const wave of range(4)) {
      const clients = range(250).map(() => cluster.redis(0));
      const answers = await Promise.all(clients.map((client, i) => client.set(`wave ${wave}`, String(i))));
      expect(new Set(answers)).toEqual(new Set(["OK"]));
      for (const client of clients) client.disconnect();
    }
    expect(await cluster.redis(0).ping()).toBe("PONG");
  });
});

describe.skipIf(withoutTools)("Redis's own tools", { timeout: timeoutMs }, () => {
  async function cli(...args: string[]): Promise<string> {
    const { stdout } = await run("redis-cli", ["-p", String(port), ...args]);
    return stdout;
  }

  it("redis-cli, in both protocols", async () => {
    for (const protocol of ["-2", "-3"]) {
      expect(await cli(protocol, "SET", "k", "v")).toBe("OK\n");
      expect(await cli(protocol, "GET", "k")).toBe("v\n");
      expect(await cli(protocol, "MSET", "a", "1", "b", "2")).toBe("OK\n");
      expect((await cli(protocol, "--scan")).split("\n").toSorted()).toEqual(["", "a", "b", "k"]);
      expect(await cli(protocol, "DEL", "a", "b", "none")).toBe("2\n");
      expect(await cli(protocol, "-n", "0", "DBSIZE")).toBe("1\n");
      expect(await cli(protocol, "INFO", "server")).toContain("redis_version:");
      expect(await cli(protocol, "FLUSHALL")).toBe("OK\n");
    }
  });

  it.each([
    ["one at a time", []],
    ["in pipelines of 16", ["-P", "16"]],
    ["in RESP3, with random keys", ["-3", "-r", "1000", "-d", "100"]],
  ])("redis-benchmark, %s, finds no error and its configuration", async (_, options) => {
    const args = ["-p", String(port), "-t", "get,set", "-n", "5000", "--csv", ...options];
    const { stdout, stderr } = await run("redis-benchmark", args);
    expect(stderr).toBe("");
    const [heading, ...results] = stdout.trim().split("\n");
    expect(heading).toMatch(/^"test","rps"/);
    expect(results.map((line) => line.split(",")[0])).toEqual(['"SET"', '"GET"']);
    expect(await cli("CONFIG", "GET", "save")).toMatch(/^save\n/);
    expect(await cli("CONFIG", "GET", "appendonly")).toBe("appendonly\nyes\n");
  });
});
