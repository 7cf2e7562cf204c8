import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClusterFile } from "./cluster-file.ts";
import { DevCluster } from "./dev-cluster.ts";
import type { ClusterShape } from "./shape.ts";
import { freeBasePort } from "../testing/free-ports.ts";
import { loadConfig } from "../../server/config/load-config.ts";

const shape: ClusterShape = { datacenters: 2, nodes: 1, partitions: 4 };

let directory: string;
let basePort: number;
const opened: DevCluster[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "cops-dev-"));
  basePort = await freeBasePort(shape);
});

afterEach(async () => {
  for (const cluster of opened.splice(0)) await cluster.close();
  rmSync(directory, { recursive: true });
});

async function open(change: Partial<ClusterShape> = {}, port = basePort, wanDelayMs = 0): Promise<DevCluster> {
  const cluster = await DevCluster.open({ directory, shape: { ...shape, ...change }, basePort: port, wanDelayMs });
  opened.push(cluster);
  return cluster;
}

async function reopen(...args: Parameters<typeof open>): Promise<DevCluster> {
  for (const cluster of opened.splice(0)) await cluster.close();
  return open(...args);
}

describe("a development cluster's directory", () => {
  it("has a configuration that its nodes can be started with", async () => {
    const cluster = await open({}, basePort, 50);
    const file = join(directory, "config.json");
    const { config } = await loadConfig({ file, environment: {}, flags: new Map([["node", "dc1-n0"]]) });
    expect(config).toMatchObject({
      self: 256,
      cluster: { id: cluster.file.cluster, partitions: 4 },
      node: { respPort: basePort + 100, httpPort: basePort + 130, peerPort: basePort + 160 },
      nodeDirectory: join(directory, "nodes", "dc1-n0"),
      allowFaults: true,
      wanDelayMs: 50,
    });
    expect(config.cluster.secret).toMatch(/^[0-9a-f]{32}$/);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it("says in cluster.json which processes its nodes are", async () => {
    const cluster = await open();
    cluster.recordPid("dc1-n0", 4711);
    expect(readClusterFile(directory).datacenters[1]?.nodes[0]?.pid).toBe(4711);
    cluster.recordPid("dc1-n0", null);
    expect(readClusterFile(directory)).toEqual(cluster.file);
  });

  it("keeps its id, its secret and what was added by hand from start to start, and takes new ports", async () => {
    const first = await open();
    const file = join(directory, "config.json");
    const before = JSON.parse(readFileSync(file, "utf8")) as { cluster: { secret: string } };
    writeFileSync(file, JSON.stringify({ ...before, logLevel: "debug" }));
    const port = await freeBasePort(shape);
    const again = await reopen({}, port);
    expect(again.file.cluster).toBe(first.file.cluster);
    expect(again.file.datacenters[0]?.nodes[0]?.resp).toBe(`127.0.0.1:${port}`);
    const after: unknown = JSON.parse(readFileSync(file, "utf8"));
    expect(after).toMatchObject({ logLevel: "debug", cluster: { secret: before.cluster.secret } });
  });

  it("is told once that its nodes have data, unless somebody said otherwise", async () => {
    const file = join(directory, "config.json");
    const read = (): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const cluster = await open();
    expect(read()["expectExistingData"]).toBeUndefined();
    cluster.expectData();
    expect(read()["expectExistingData"]).toBe(true);
    writeFileSync(file, JSON.stringify({ ...read(), expectExistingData: false }));
    (await reopen()).expectData();
    expect(read()["expectExistingData"]).toBe(false);
  });

  it.each([
    [{ datacenters: 3 }, "--datacenters 2 --nodes 1 --partitions 4"],
    [{ nodes: 2 }, "are of 2 datacenters, 1 node each, 4 partitions"],
    [{ partitions: 8 }, "asked for were 2 datacenters, 1 node each, 8 partitions"],
  ])("refuses another shape and says what the data are: %j", async (change, words) => {
    const { file } = await open();
    await expect(reopen(change)).rejects.toMatchObject({ code: "OTHER_SHAPE" });
    await expect(reopen(change)).rejects.toThrow(words);
    expect(readClusterFile(directory)).toEqual(file);
    await reopen();
  });

  it("refuses data that nobody knows the owner of", async () => {
    mkdirSync(join(directory, "nodes", "dc0-n0"), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: "OTHER_SHAPE" });
  });

  it("refuses a configuration that it cannot read, and leaves it as it is", async () => {
    writeFileSync(join(directory, "config.json"), "{}");
    await expect(open()).rejects.toMatchObject({ code: "BAD_CLUSTER_FILE" });
    expect(readFileSync(join(directory, "config.json"), "utf8")).toBe("{}");
  });

  it("is run once at a time", async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
    await expect(open()).rejects.toThrow(`process ${process.pid}`);
  });

  it("names the ports that are taken, before it changes anything", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(basePort + 130, "127.0.0.1", resolve);
    });
    try {
      const refused = open();
      await expect(refused).rejects.toMatchObject({ code: "PORTS_BUSY" });
      await expect(refused).rejects.toThrow(`cannot listen on 127.0.0.1:${basePort + 130} (dc1-n0, EADDRINUSE)`);
      expect(() => readClusterFile(directory)).toThrow("there is no development cluster");
    } finally {
      server.close();
    }
    await open();
  });
});
