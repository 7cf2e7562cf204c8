/*
 * What `cops server` and `cops up` refuse at the start, as a user sees it: exit code, code and words (docs/OPERATIONS.md,
 * "Refusals"). One node makes the data; each test starts one on a copy of them that is not as it should be.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster, until } from "./support/cluster.ts";
import { portsFor, runServer, ServerProcess, writeConfig } from "./support/node.ts";
import type { NodePorts } from "./support/node.ts";
import { killAndWait, processesWith } from "./support/processes.ts";

const timeoutMs = 60_000;
const secondFrameOffset = 2_000;

let directory: string;
let template: string;
let ports: NodePorts[];
let config: string;

function settings(change: { readonly id?: string; readonly partitions?: number } = {}): Record<string, unknown> {
  const datacenters = ports.map((node, d) => ({ name: `dc${d}`, nodes: [{ name: `n${d}`, ...node }] }));
  return {
    cluster: { id: "shop", partitions: 4, ...change, datacenters },
    dataDirectory: "data",
    logSegmentBytes: "1MiB",
    minFreeBytes: 0,
  };
}

function start(index: number): Promise<ServerProcess> {
  return ServerProcess.start(config, `n${index}`, ports[index] as NodePorts);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "cops-refusals-"));
  template = join(directory, "template");
  ports = await portsFor(2);
  config = writeConfig(directory, "cluster.yaml", settings());
  const node = await start(0);
  const redis = node.redis();
  // One after another: each is a frame of the log, so that there is a middle.
  for (let i = 0; i < 100; i++) await redis.set(`key ${i}`, "some value");
  expect(await node.stop("SIGKILL")).toBeNull();
  cpSync(join(directory, "data"), template, { recursive: true });
}, timeoutMs);

beforeEach(() => {
  rmSync(join(directory, "data"), { recursive: true, force: true });
  cpSync(template, join(directory, "data"), { recursive: true });
});

afterAll(async () => {
  await killAndWait(processesWith(directory));
  rmSync(directory, { recursive: true, force: true });
}, timeoutMs);

describe("a node refuses", { timeout: timeoutMs }, () => {
  it("data of another cluster, and of another number of partitions", async () => {
    const path = join(directory, "data/n0/identity.json");
    const other = await runServer(writeConfig(directory, "other.yaml", settings({ id: "bank" })), "n0");
    expect(other.code).toBe(4);
    expect(other.errors).toContain(`FOREIGN_DATA ${path} belongs to cluster shop`);
    const more = await runServer(writeConfig(directory, "more.yaml", settings({ partitions: 8 })), "n0");
    expect(more.code).toBe(4);
    expect(more.errors).toMatch(/^cops: FOREIGN_DATA .*partitions of 4, not .* 8$/m);
  });

  it("data of another node", async () => {
    cpSync(join(directory, "data/n0"), join(directory, "data/n1"), { recursive: true });
    const { code, errors } = await runServer(config, "n1");
    expect(code).toBe(4);
    expect(errors).toMatch(/^cops: FOREIGN_DATA .*data\/n1\/identity\.json belongs to /m);
  });

  it("data of a newer release", async () => {
    const path = join(directory, "data/n0/identity.json");
    const text = readFileSync(path, "utf8");
    const newer = text.replace('"format": 1', '"format": 7');
    expect(newer).not.toBe(text);
    writeFileSync(path, newer);
    const { code, errors } = await runServer(config, "n0");
    expect([code, errors]).toEqual([
      4,
      `cops: FORMAT_TOO_NEW ${path} has format version 7; this release reads versions up to 1\n`,
    ]);
  });

  it("a log that is damaged in the middle, and leaves it as it is", async () => {
    const path = join(directory, "data/n0/log/0000000001.segment");
    const file = openSync(path, "r+");
    writeSync(file, "damage", secondFrameOffset);
    closeSync(file);
    const before = readFileSync(path);
    const { code, errors } = await runServer(config, "n0");
    expect(code).toBe(4);
    expect(errors).toMatch(/^cops: LOG_CORRUPT the log is damaged in .*0000000001\.segment at byte \d+: /m);
    expect(readFileSync(path)).toEqual(before);
  });

  it("data without an identity", async () => {
    rmSync(join(directory, "data/n0/identity.json"));
    const { code, errors } = await runServer(config, "n0");
    expect([code, errors]).toEqual([
      4,
      `cops: DATA_DIRECTORY_DAMAGED ${join(directory, "data/n0")}: holds log, store but no identity.json\n`,
    ]);
  });

  it("a data directory and ports that are in use", async () => {
    const node = await start(0);
    const same = await runServer(config, "n0");
    expect(same.code).toBe(1);
    expect(same.errors).toMatch(/^cops: DATA_DIRECTORY_IN_USE .* is in use by process \d+$/m);
    const elsewhere = await runServer(config, "n0", "--data-directory", join(directory, "elsewhere"));
    expect(elsewhere.code).toBe(4);
    expect(elsewhere.errors).toMatch(/^cops: LISTEN_FAILED 127\.0\.0\.1:\d+: .*EADDRINUSE/m);
    expect(await node.redis().get("key 99")).toBe("some value");
    expect(await node.stop("SIGTERM")).toBe(0);
  });

  it("an empty directory where the others have data of it", async () => {
    const [first, second] = [await start(0), await start(1)];
    const redis = second.redis();
    await until(async () => (await redis.get("key 99")) !== null);
    await first.stop("SIGKILL");
    rmSync(join(directory, "data/n0"), { recursive: true });
    // The first start has left a directory that is not empty any more.
    for (let attempt = 0; attempt < 3; attempt++) {
      const { code, output } = await runServer(config, "n0");
      expect(code).toBe(4);
      expect(output).toContain("LOSTDATA");
      expect(output).not.toContain('"msg":"serving"');
    }
    await second.stop("SIGTERM");
  });
});

describe("a configuration that is wrong is told by file, line and key", () => {
  it("all mistakes at once", async () => {
    const path = writeConfig(directory, "wrong.yaml", { ...settings(), maxClients: "many", pasword: "x" });
    const { code, errors } = await runServer(path, "n0");
    expect([code, errors.split("\n")]).toEqual([
      2,
      [
        `${path}:5:13: maxClients is "many"; it must be a whole number from 1 to 1000000`,
        `${path}:6:1: pasword is not a setting; did you mean password?`,
        "",
      ],
    ]);
  });

  it("a port beyond loopback without what protects it", async () => {
    const path = writeConfig(directory, "open.yaml", {
      ...settings(),
      listen: { respHost: "0.0.0.0", peerHost: "0.0.0.0" },
    });
    const { code, errors } = await runServer(path, "n0");
    expect(code).toBe(2);
    expect(errors).toContain(`${path}:5:21: listen.respHost is 0.0.0.0, which others can reach; set password`);
    expect(errors).toMatch(/listen\.peerHost is 0\.0\.0\.0.*cluster\.secret/);
  });

  it("a node that the cluster does not have, and a file that is not there", async () => {
    expect((await runServer(config, "n7")).errors).toMatch(/^--node: node is n7, which the cluster does not have/);
    const missing = await runServer(join(directory, "none.yaml"), "n0");
    expect(missing.code).toBe(2);
    expect(missing.errors).toContain("none.yaml:1:1: cannot be read: there is no such file");
  });
});

describe("cops up refuses", { timeout: timeoutMs }, () => {
  it("a directory whose cluster runs, and ports that are taken, and of two at once one", async () => {
    const cluster = await Cluster.plan({ datacenters: 1, nodes: 1, partitions: 2 });
    try {
      const both = await Promise.all([1, 2].map(() => cluster.cops(...cluster.upArguments, "--detach")));
      expect(both.map(({ code }) => String(code)).toSorted()).toEqual(["0", "4"]);
      const again = await cluster.cops(...cluster.upArguments);
      expect(again.code).toBe(4);
      expect(again.errors).toContain(`a development cluster runs on ${cluster.data} already (process `);
      const elsewhere = join(cluster.directory, "elsewhere");
      mkdirSync(elsewhere);
      const samePorts = await cluster.cops(...cluster.upArguments, "--data", elsewhere, "--detach");
      expect(samePorts.code).toBe(4);
      expect(samePorts.errors).toContain(`cannot listen on ${cluster.node(0).resp} (dc0-n0, EADDRINUSE)`);
      expect((await cluster.cops("down")).code).toBe(0);
      expect(cluster.pids()).toEqual([]);
    } finally {
      await cluster.end();
    }
  });
});
