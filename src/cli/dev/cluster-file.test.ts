import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Worker } from "node:worker_threads";
import { readClusterFile, withPid, writeClusterFile } from "./cluster-file.ts";
import { clusterFileOf, newDevConfig } from "./dev-config.ts";
import { CliError } from "../errors.ts";

const shape = { datacenters: 2, nodes: 1, partitions: 4 };
const cluster = clusterFileOf(newDevConfig(4), shape, 7000);

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-cluster-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe("cluster.json", () => {
  it("has the shape that tools rely on", () => {
    writeClusterFile(directory, withPid(cluster, "dc1-n0", 42));
    expect(JSON.parse(readFileSync(join(directory, "cluster.json"), "utf8"))).toEqual({
      cluster: cluster.cluster,
      datacenters: [
        {
          name: "dc0",
          index: 0,
          nodes: [
            { name: "dc0-n0", pid: null, resp: "127.0.0.1:7000", http: "127.0.0.1:7030", peer: "127.0.0.1:7060" },
          ],
        },
        {
          name: "dc1",
          index: 1,
          nodes: [{ name: "dc1-n0", pid: 42, resp: "127.0.0.1:7100", http: "127.0.0.1:7130", peer: "127.0.0.1:7160" }],
        },
      ],
    });
  });

  it("names a new cluster unlike any other", () => {
    expect(cluster.cluster).toMatch(/^dev-[0-9a-f]{8}$/);
    expect(newDevConfig(4).cluster.id).not.toBe(cluster.cluster);
  });

  it("is read as it was written, and leaves nothing else behind", () => {
    const changed = withPid(cluster, "dc0-n0", 7);
    writeClusterFile(directory, cluster);
    writeClusterFile(directory, changed);
    expect(readClusterFile(directory)).toEqual(changed);
    expect(readdirSync(directory)).toEqual(["cluster.json"]);
  });

  it("is whole at every moment while it is rewritten", async () => {
    writeClusterFile(directory, cluster);
    const path = join(directory, "cluster.json");
    const reader = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       const { readFileSync } = require("node:fs");
       let reads = 0;
       for (; reads < 500; reads++) JSON.parse(readFileSync(workerData, "utf8"));
       parentPort.postMessage(reads);`,
      { eval: true, workerData: path },
    );
    let reads: number | undefined;
    const done = new Promise<void>((resolve, reject) => {
      reader.on("message", (count: number) => {
        reads = count;
        resolve();
      });
      reader.on("error", reject);
    });
    for (let pid = 1; reads === undefined; pid++) {
      writeClusterFile(directory, withPid(cluster, "dc0-n0", pid));
      await new Promise(setImmediate);
    }
    await done;
    expect(reads).toBe(500);
  });

  it.each([
    ["is not there", undefined, "NO_CLUSTER"],
    ["is no JSON", "{", "BAD_CLUSTER_FILE"],
    ["is something else", '{"cluster":"x","datacenters":[{"name":"a","index":0,"nodes":[{}]}]}', "BAD_CLUSTER_FILE"],
  ])("that %s is told by name", (_what, text, code) => {
    if (text !== undefined) writeFileSync(join(directory, "cluster.json"), text);
    let thrown: unknown;
    try {
      readClusterFile(directory);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CliError);
    expect(thrown).toMatchObject({ code });
    expect((thrown as Error).message).toContain(directory);
  });
});
