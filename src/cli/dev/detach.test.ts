/*
 * A detached cluster from its start to `cops down`, with fake nodes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClusterFile } from "./cluster-file.ts";
import { detach } from "./detach.ts";
import { isAlive, liveHolderOf, startTimeOf } from "./process-identity.ts";
import { freeBasePort } from "../testing/free-ports.ts";

const fakeUp = fileURLToPath(new URL("../testing/fake-up.ts", import.meta.url));
const cops = fileURLToPath(new URL("../main.ts", import.meta.url));

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-detach-"));
});

afterEach(async () => {
  const holder = liveHolderOf(directory);
  if (holder !== undefined) {
    process.kill(holder.pid, "SIGTERM");
    await until(() => !isAlive(holder));
  }
  rmSync(directory, { recursive: true });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

async function detachFake(...behaviour: string[]): Promise<number> {
  const basePort = await freeBasePort({ datacenters: 1, nodes: 2, partitions: 4 });
  return detach(directory, [fakeUp, directory, String(basePort), ...behaviour]);
}

function pids(): (number | null)[] {
  return readClusterFile(directory).datacenters.flatMap(({ nodes }) => nodes.map(({ pid }) => pid));
}

function isRunning(pid: number | null | undefined): boolean {
  return typeof pid === "number" && startTimeOf(pid) !== undefined;
}

async function down(): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [cops, "down", "--data", directory], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

describe.runIf(process.platform === "linux")("a detached cluster", () => {
  it("runs once detach returns, restarts what dies, and ends with `cops down`", async () => {
    const supervisor = await detachFake("ready");
    const before = pids();
    expect(before.map((pid) => isRunning(pid))).toEqual([true, true]);
    await expect(detachFake("ready")).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
    process.kill(before[0] ?? 0, "SIGKILL");
    await until(() => isRunning(pids()[0]) && pids()[0] !== before[0]);
    const { code, output } = await down();
    expect([code, output]).toEqual([0, expect.stringContaining("stopped; the data stay in")]);
    expect(startTimeOf(supervisor)).toBeUndefined();
    expect(pids()).toEqual([null, null]);
    expect((await down()).output).toContain("does not run");
  });

  it("says why it did not come to be, and leaves nothing behind", async () => {
    await expect(detachFake("fail", "2")).rejects.toMatchObject({ code: "NODE_REFUSED", exitCode: 4 });
    await until(() => liveHolderOf(directory) === undefined);
    await expect(detachFake("fail", "2")).rejects.toThrow("it cannot go on like this");
    await until(() => liveHolderOf(directory) === undefined);
    expect(pids()).toEqual([null, null]);
  });

  it("takes its nodes along when its supervisor is killed, and starts again after that", async () => {
    const supervisor = await detachFake("ready");
    const nodes = pids();
    process.kill(supervisor, "SIGKILL");
    await until(() => nodes.every((pid) => !isRunning(pid)));
    expect((await down()).output).toContain("does not run");
    expect(pids()).toEqual([null, null]);
    await detachFake("ready");
    expect(pids().map((pid) => isRunning(pid))).toEqual([true, true]);
  });

  it("writes what happens to a log of its own", async () => {
    await detachFake("ready");
    expect(readFileSync(join(directory, "logs", "supervisor.log"), "utf8")).toContain("dc0-n1 ready (pid ");
  });
});
