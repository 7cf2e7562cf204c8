/*
 * The `cops` command from end to end: a development cluster of real nodes, from its first start to its second.
 */
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readClusterFile } from "../src/cli/dev/cluster-file.ts";
import { freeBasePort } from "../src/cli/testing/free-ports.ts";
import type { CopsOutcome } from "../src/cli/testing/run-cops.ts";
import { runCops } from "../src/cli/testing/run-cops.ts";

const shape = { datacenters: 2, nodes: 1, partitions: 4 };
const shapeFlags = ["--datacenters", "2", "--nodes", "1", "--partitions", "4"];
const timeoutMs = 120_000;

let directory: string;
let basePort: number;

function cops(...args: string[]): Promise<CopsOutcome> {
  return runCops(args, { environment: { COPS_DATA: directory, HOME: directory } });
}

function up(...more: string[]): Promise<CopsOutcome> {
  return cops("up", ...shapeFlags, "--port", String(basePort), "--detach", ...more);
}

/** Runs the lines in a shell of that datacenter; what they printed. */
async function shell(datacenter: string, ...lines: string[]): Promise<string[]> {
  const options = { environment: { COPS_DATA: directory, HOME: directory }, input: `${lines.join("\n")}\n` };
  const { output } = await runCops(["shell", "--datacenter", datacenter], options);
  return output.trimEnd().split("\n");
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(100);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "cops-cluster-"));
  basePort = await freeBasePort(shape);
  const { code, errors } = await up();
  expect([code, errors]).toEqual([0, ""]);
}, timeoutMs);

afterAll(async () => {
  await cops("down");
  rmSync(directory, { recursive: true });
}, timeoutMs);

describe("a development cluster", { timeout: timeoutMs }, () => {
  it("says in cluster.json and in its status what runs where", async () => {
    const { datacenters } = readClusterFile(directory);
    const pids = datacenters.map(({ nodes }) => nodes[0]?.pid);
    const { code, output } = await cops("status", "--json");
    expect(code).toBe(0);
    const nodes = pids.map((pid, index) => ({ name: `dc${index}-n0`, up: true, pid, status: { pid, ready: true } }));
    expect(JSON.parse(output)).toMatchObject({ nodes });
  });

  it("shows a write in the other datacenter, and why", async () => {
    expect(await shell("dc0", "set greeting hello")).toEqual(['"OK"']);
    await until(async () => (await shell("dc1", "get greeting"))[0] === '"hello"');
    const { output } = await cops("why", "greeting", "--datacenter", "dc1");
    expect(output).toMatch(/^dc1: shows \d+\/\d+\/\d+, written in dc0 /m);
  });

  it("moves what a session has seen to the other datacenter by a token", async () => {
    const [, quoted = ""] = await shell("dc0", "set a 1", "cops.token");
    const token = quoted.slice(1, -1);
    const inspected = await cops("token", "inspect", token, "--json");
    expect(JSON.parse(inspected.output)).toMatchObject({ datacenter: 0, signature: "valid" });
    expect((await cops("token", "wait", token, "--datacenter", "dc1")).code).toBe(0);
    expect(await shell("dc1", "get a")).toEqual(['"1"']);
  });

  it("holds writes back where a link is cut, until it is healed", async () => {
    expect((await cops("fault", "cut", "dc0", "dc1")).code).toBe(0);
    await shell("dc0", "set cut yes");
    const status = await cops("status");
    expect(status.output).toContain("dc0-n0: no link to dc1-n0 (LINK_CUT");
    expect(await shell("dc1", "get cut")).toEqual(["(nil)"]);
    expect((await cops("fault", "heal")).output).toBe("no faults\n");
    await until(async () => (await shell("dc1", "get cut"))[0] === '"yes"');
  });

  it("is found from any of its nodes, without its directory", async () => {
    const there = ["--host", "127.0.0.1", "--port", String(basePort + 100)];
    const elsewhere = (...args: string[]): Promise<CopsOutcome> =>
      runCops([...args, ...there], { environment: { HOME: directory, COPS_DATA: join(directory, "none") } });
    const { code, output } = await elsewhere("status", "--json");
    expect(code).toBe(0);
    const nodes = (JSON.parse(output) as { nodes: { name: string }[] }).nodes.map(({ name }) => name);
    expect(nodes.toSorted()).toEqual(["dc0-n0", "dc1-n0"]);
    expect((await elsewhere("fault", "delay", "dc0", "dc1", "5")).output).toMatch(/^dc1-n0 +dc0 +- +5ms/m);
    expect((await elsewhere("fault", "heal")).output).toBe("no faults\n");
  });

  it("brings a killed node back with its data", async () => {
    await shell("dc1", "set kept yes");
    const before = readClusterFile(directory).datacenters[1]?.nodes[0]?.pid ?? 0;
    process.kill(before, "SIGKILL");
    await until(async () => {
      const pid = readClusterFile(directory).datacenters[1]?.nodes[0]?.pid;
      return typeof pid === "number" && pid !== before && (await cops("status")).code === 0;
    });
    expect(await shell("dc1", "get kept")).toEqual(['"yes"']);
  });

  it("stops, keeps its shape, and finds its data again", async () => {
    expect((await cops("down")).code).toBe(0);
    const other = await up("--partitions", "8");
    expect(other.code).toBe(4);
    expect(other.errors).toContain("are of 2 datacenters, 1 node each, 4 partitions");
    expect((await cops("status")).code).toBe(3);
    expect((await up()).code).toBe(0);
    expect(await shell("dc1", "get greeting")).toEqual(['"hello"']);
  });

  it("refuses to start without the data of a node, and says what to do", async () => {
    expect((await cops("down")).code).toBe(0);
    const [there, away] = [join(directory, "nodes", "dc1-n0"), join(directory, "away")];
    renameSync(there, away);
    const { code, errors } = await up();
    expect([code, errors]).toEqual([4, expect.stringContaining("dc1-n0 does not start (exit code 4)")]);
    expect(errors).toContain(`cops: DATA_DIRECTORY_EMPTIED the data directory ${there} is empty`);
    expect(errors).toContain("Put them back as the node left them, or mount the right disk");
    rmSync(there, { recursive: true });
    renameSync(away, there);
    expect((await up()).code).toBe(0);
    expect(await shell("dc1", "get greeting")).toEqual(['"hello"']);
  });
});
