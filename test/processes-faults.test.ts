/*
 * What a cluster of real processes goes through in its life, apart from crashes: Ctrl-C, a datacenter that is cut off while
 * both sides write, a node that stands still for longer than its peers wait.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster, until } from "./support/cluster.ts";
import { ForegroundCluster } from "./support/foreground.ts";
import { signal } from "./support/processes.ts";

const timeoutMs = 120_000;
/** Longer than a peer waits for a node that is silent. */
const standstillMs = 8_000;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.plan({ datacenters: 2, nodes: 2, partitions: 8 });
});

afterAll(() => cluster.end(), timeoutMs);

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix} ${i}`);
}

async function setAll(redis: Redis, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => redis.set(key, `value of ${key}`)));
}

async function holdsAll(redis: Redis, keys: readonly string[]): Promise<boolean> {
  const values = await redis.mget([...keys]);
  return values.every((value, i) => value === `value of ${keys[i]}`);
}

describe("a cluster in the foreground", { timeout: timeoutMs }, () => {
  it("stops at Ctrl-C, leaves no process behind, and finds its data again", async () => {
    const keys = names("before Ctrl-C", 200);
    const foreground = await ForegroundCluster.start(cluster);
    await setAll(cluster.redis(0), keys);
    const code = await foreground.pressCtrlC();
    expect({ code, said: code === 0 ? "" : foreground.output }).toEqual({ code: 0, said: "" });
    expect(foreground.output).toContain(`stopped; the data stay in ${cluster.data}`);
    expect(cluster.pids()).toEqual([]);
    expect(cluster.nodes().map(({ pid }) => pid)).toEqual([null, null, null, null]);
    await cluster.up();
    for (const datacenter of [0, 1]) {
      const redis = cluster.redis(datacenter);
      await until(() => holdsAll(redis, keys));
    }
  });
});

describe("a datacenter that is cut off", { timeout: timeoutMs }, () => {
  it("goes on, shows what waits, says why, and catches up", async () => {
    const [here, there] = [cluster.redis(0), cluster.redis(1)];
    expect((await cluster.cops("fault", "cut", "dc0", "dc1")).code).toBe(0);
    const [ours, theirs] = [names("ours", 300), names("theirs", 300)];
    await Promise.all([setAll(here, ours), setAll(there, theirs), here.set("both", "dc0"), there.set("both", "dc1")]);
    expect(await there.mget(ours)).toEqual(ours.map(() => null));
    expect(await here.mget(theirs)).toEqual(theirs.map(() => null));

    await until(async () => (await cluster.status(0)).shipping.every(({ open }) => !open));
    const { shipping } = await cluster.status(0);
    expect(shipping.map(({ behindBytes, lagMs }) => behindBytes > 0 && lagMs > 0)).toContain(true);
    const { code, output } = await cluster.cops("status");
    expect(code).toBe(0);
    expect(output).toMatch(/^dc0-n0: no link to dc1-n0 \(LINK_CUT/m);

    const why = (await here.call("COPS.WHY", "ours 0", "JSON")) as string;
    expect(JSON.parse(why)).toMatchObject({ datacenters: [{ datacenter: "dc0" }, { datacenter: "dc1" }] });
    const told = await cluster.cops("why", "ours 0", "--datacenter", "dc0");
    expect(told.code).toBe(0);
    expect(told.output).toMatch(/^dc1: cannot be reached since .*LINK_CUT/m);

    expect((await cluster.cops("fault", "heal")).code).toBe(0);
    await until(async () => (await holdsAll(there, ours)) && (await holdsAll(here, theirs)));
    await until(async () => (await here.get("both")) === (await there.get("both")));
    await until(async () => (await cluster.status(0)).shipping.every(({ lagMs }) => lagMs === 0));
  });
});

describe("a node that stands still (SIGSTOP)", { timeout: timeoutMs }, () => {
  it("costs only its own keys meanwhile, and is back at once with SIGCONT", async () => {
    const [redis, other] = [cluster.redis(0, 0), cluster.redis(1)];
    const keys = names("standstill", 64);
    await setAll(redis, keys);
    const { pid } = cluster.node(0, 1);
    if (pid === null) throw new Error("the node does not run");
    signal(pid, "SIGSTOP");
    const acknowledged: string[] = [];
    try {
      const writes = keys.map((key) =>
        redis.set(`${key} meanwhile`, `value of ${key} meanwhile`).then(
          () => acknowledged.push(`${key} meanwhile`),
          (error: unknown) => expect((error as Error).message).toMatch(/^(UNAVAILABLE|UNKNOWNOUTCOME) /),
        ),
      );
      await sleep(standstillMs);
      await Promise.all(writes);
      expect(acknowledged.length).toBeGreaterThan(0);
      expect(acknowledged.length).toBeLessThan(keys.length);
      // The other datacenter does not mind.
      expect(await holdsAll(other, keys)).toBe(true);
      await other.set("elsewhere", "value of elsewhere");
    } finally {
      signal(pid, "SIGCONT");
    }
    await until(async () => (await cluster.cops("status")).code === 0);
    expect(cluster.node(0, 1).pid).toBe(pid);
    expect(await holdsAll(redis, [...keys, ...acknowledged])).toBe(true);
    await until(() => holdsAll(redis, ["elsewhere"]));
    await until(() => holdsAll(other, acknowledged));
    await setAll(cluster.redis(0, 1), names("afterwards", 64));
  });
});
