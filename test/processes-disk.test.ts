/*
 * A full disk (docs/OPERATIONS.md, "Disk"): two datacenters of one node each, one of them on a small file system. Writes are
 * refused there and only there; reads and acknowledgements go on; it recovers by itself; nothing acknowledged is lost.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "./support/cluster.ts";
import { portsFor, ServerProcess, writeConfig } from "./support/node.ts";
import type { NodePorts } from "./support/node.ts";
import { killAndWait, processesWith } from "./support/processes.ts";
import { SmallDisk } from "../src/lab/chaos/small-disk.ts";

const timeoutMs = 120_000;
const valueBytes = 64 * 1024;
const diskMebibytes = 384;
const reserveMebibytes = 128;

let directory: string;
let disk: SmallDisk;
let config: string;
let ports: NodePorts[];
let full: ServerProcess;
let roomy: ServerProcess;
const acknowledged = new Map<string, string>();

function startFull(): Promise<ServerProcess> {
  return ServerProcess.start(config, "full", ports[0] as NodePorts, "--data-directory", disk.path);
}

async function write(redis: Redis, key: string, value: string): Promise<string> {
  try {
    const answer = await redis.set(key, value);
    acknowledged.set(key, value);
    return answer;
  } catch (error) {
    return (error as Error).message;
  }
}

async function holdsAll(redis: Redis): Promise<boolean> {
  for (const [key, value] of acknowledged) if ((await redis.get(key)) !== value) return false;
  return true;
}

describe.skipIf(!SmallDisk.isPossible())("a node whose disk is full", { timeout: timeoutMs }, () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cops-disk-"));
    disk = SmallDisk.mount(diskMebibytes) as SmallDisk;
    ports = await portsFor(2);
    const datacenters = ["full", "roomy"].map((name, d) => ({ name: `dc${d}`, nodes: [{ name, ...ports[d] }] }));
    config = writeConfig(directory, "cluster.yaml", {
      cluster: { id: "disk", partitions: 4, datacenters },
      dataDirectory: "data",
      logSegmentBytes: "1MiB",
      minFreeBytes: `${reserveMebibytes}MiB`,
    });
    [full, roomy] = await Promise.all([startFull(), ServerProcess.start(config, "roomy", ports[1] as NodePorts)]);
  }, timeoutMs);

  afterAll(async () => {
    await killAndWait([...processesWith(directory), ...processesWith(disk.path)]);
    disk.unmount();
    rmSync(directory, { recursive: true });
  }, timeoutMs);

  it("refuses writes with a code, before there is no room at all", async () => {
    const redis = full.redis();
    disk.fill(reserveMebibytes + 8);
    const value = "v".repeat(valueBytes);
    let answer = "OK";
    for (let i = 0; answer === "OK"; i++) answer = await write(redis, `key ${i}`, `${i} ${value}`);
    expect(answer).toMatch(/^READONLY /);
    expect(acknowledged.size).toBeGreaterThan(0);
    expect((await full.status()).refusingWrites).toContain("the disk is full");
    expect(disk.freeBytes).toBeGreaterThan(0);
  });

  it("goes on with reads and acknowledgements, and the other datacenter with everything", async () => {
    const [redis, elsewhere] = [full.redis(), roomy.redis()];
    expect(await holdsAll(redis)).toBe(true);
    await until(() => holdsAll(elsewhere));
    // Its own writes were taken there and acknowledged here.
    await until(async () => (await full.status()).shipping.every(({ lagMs }) => lagMs === 0));
    expect(await write(elsewhere, "elsewhere", "yes")).toBe("OK");
    expect(await write(redis, "refused", "yes")).toMatch(/^READONLY /);
  });

  it("stays alive with no byte left", async () => {
    const redis = full.redis();
    disk.fill(0);
    expect(await write(redis, "refused", "yes")).toMatch(/^READONLY /);
    expect(await redis.get("key 0")).toBe(acknowledged.get("key 0"));
    expect(await write(roomy.redis(), "elsewhere too", "yes")).toBe("OK");
  });

  it("recovers by itself, and has lost nothing", async () => {
    disk.free();
    const redis = full.redis();
    await until(async () => (await write(redis, "afterwards", "yes")) === "OK");
    await until(() => holdsAll(redis));
    await until(() => holdsAll(roomy.redis()));
    await full.stop("SIGKILL");
    full = await startFull();
    const again = full.redis();
    await until(() => holdsAll(again));
    expect(await again.get("refused")).toBeNull();
    expect(await full.stop("SIGTERM")).toBe(0);
  });

  it("starts over a full disk and serves reads", async () => {
    disk.fill(48);
    full = await startFull();
    const redis = full.redis();
    expect(await holdsAll(redis)).toBe(true);
    await until(async () => (await write(redis, "refused again", "yes")).startsWith("READONLY "));
    disk.free();
    await until(async () => (await write(redis, "afterwards again", "yes")) === "OK");
    expect(await full.stop("SIGTERM")).toBe(0);
  });
});
