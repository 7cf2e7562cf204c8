/*
 * Power cuts, as far as processes know them: every process of a cluster killed at once in the middle of writes. What was
 * acknowledged is there afterwards, what was not yet shipped still goes out, and no dot is given out twice
 * (docs/INVARIANTS.md, 2 and 6).
 */
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster, until } from "./support/cluster.ts";
import { ByteWriter } from "../src/protocol/byte-writer.ts";
import { encodeDependencies, noDependencies } from "../src/protocol/dependencies.ts";

const timeoutMs = 120_000;
const writersPerNode = 3;
const depth = 8;
const acknowledgedBeforeCrash = 3_000;
const crashes = 2;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start({ datacenters: 2, nodes: 2, partitions: 8 });
}, timeoutMs);

afterAll(() => cluster.end(), timeoutMs);

/** What writers were told, by key: the value, and the dot where the command tells it. */
interface Acknowledged {
  readonly values: Map<string, string>;
  readonly dots: Map<string, string>;
}

const emptyContext = ((): Buffer => {
  const writer = new ByteWriter();
  encodeDependencies(writer, noDependencies);
  return Buffer.from(writer.copy());
})();

/** Writes keys of its own, several at once, until the connection is lost. */
async function write(redis: Redis, name: string, told: Acknowledged): Promise<void> {
  for (let i = 0; redis.status !== "end"; i += depth) {
    const keys = Array.from({ length: depth }, (_, j) => `${name}-${i + j}`);
    await Promise.all(keys.map((key, j) => (j % 2 === 0 ? set(redis, key, told) : putAfter(redis, key, told))));
  }
}

async function set(redis: Redis, key: string, { values }: Acknowledged): Promise<void> {
  const answer = await redis.set(key, `value of ${key}`).catch(() => "lost");
  if (answer === "OK") values.set(key, `value of ${key}`);
}

async function putAfter(redis: Redis, key: string, { values, dots }: Acknowledged): Promise<void> {
  const answer = await redis
    .call("COPS.PUTAFTER", key, `value of ${key}`, "CONTEXT", emptyContext, "FLOOR", "0")
    .catch(() => undefined);
  if (answer === undefined) return;
  const [written, , datacenter, partition, seq] = answer as number[];
  expect(written).toBe(1);
  values.set(key, `value of ${key}`);
  dots.set(key, `${datacenter}/${partition}/${seq}`);
}

async function valuesAt(datacenter: number, keys: readonly string[]): Promise<(string | null)[]> {
  const redis = cluster.redis(datacenter);
  const values: (string | null)[] = [];
  // As many as a read transaction takes.
  for (let i = 0; i < keys.length; i += 4096) values.push(...(await redis.mget(keys.slice(i, i + 4096))));
  redis.disconnect();
  return values;
}

async function dotOf(redis: Redis, key: string): Promise<string> {
  const [, , datacenter, partition, seq] = (await redis.call("COPS.GETVER", key)) as number[];
  return `${datacenter}/${partition}/${seq}`;
}

/** Writers on every node, each with the name of the round in its keys; resolves when all have lost their connections. */
function writeEverywhere(round: number, told: Acknowledged): Promise<unknown> {
  const { datacenters, nodes } = cluster.shape;
  const writers = Array.from({ length: datacenters * nodes * writersPerNode }, (_, i) => i);
  return Promise.all(
    writers.map((i) =>
      write(cluster.redis(i % datacenters, Math.floor(i / datacenters) % nodes), `r${round}-w${i}`, told),
    ),
  );
}

describe("kill -9 of every process at once, in the middle of writes", { timeout: timeoutMs }, () => {
  const told: Acknowledged = { values: new Map(), dots: new Map() };

  it("loses no acknowledged write, however often", async () => {
    for (let round = 0; round < crashes; round++) {
      const before = told.values.size;
      const writing = writeEverywhere(round, told);
      await until(() => told.values.size >= before + acknowledgedBeforeCrash);
      await cluster.crash();
      await writing;
      await cluster.up();
    }
    const keys = [...told.values.keys()];
    expect(keys.length).toBeGreaterThanOrEqual(crashes * acknowledgedBeforeCrash);
    // Every write is first of all where it was acknowledged; the first letter behind `w` modulo 2 is that datacenter.
    for (const datacenter of [0, 1]) {
      const own = keys.filter((key) => Number(/w(\d+)/.exec(key)?.[1]) % 2 === datacenter);
      expect(await valuesAt(datacenter, own)).toEqual(own.map((key) => told.values.get(key)));
    }
  });

  it("goes on shipping what had not been shipped", async () => {
    const keys = [...told.values.keys()];
    const values = [...told.values.values()];
    for (const datacenter of [0, 1]) {
      await until(async () => (await valuesAt(datacenter, keys)).every((value) => value !== null));
      expect(await valuesAt(datacenter, keys)).toEqual(values);
    }
  });

  it("gives out no dot twice", async () => {
    const redis = cluster.redis(0);
    const dots = await Promise.all([...told.values.keys()].map((key) => dotOf(redis, key)));
    expect(new Set(dots).size).toBe(dots.length);
    const named = [...told.dots.keys()];
    expect(await Promise.all(named.map((key) => dotOf(redis, key)))).toEqual([...told.dots.values()]);
  });

  it("ships what was written behind a cut, after a crash behind the cut", async () => {
    expect((await cluster.cops("fault", "cut", "dc0", "dc1")).code).toBe(0);
    const redis = cluster.redis(0);
    const keys = Array.from({ length: 500 }, (_, i) => `behind the cut ${i}`);
    await Promise.all(keys.map((key) => redis.set(key, key)));
    expect(await valuesAt(1, keys)).toEqual(keys.map(() => null));
    await cluster.crash();
    // Faults are not kept: the link is up again.
    await cluster.up();
    await until(async () => (await valuesAt(1, keys)).every((value) => value !== null));
    expect(await valuesAt(1, keys)).toEqual(keys);
  });
});
