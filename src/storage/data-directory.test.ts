import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Random } from "../shared/random.ts";
import type { DataDirectory, DataDirectoryOptions } from "./data-directory.ts";
import { claimDataDirectory } from "./data-directory.ts";
import {
  DataDirectoryDamagedError,
  DataDirectoryEmptiedError,
  DataDirectoryInUseError,
  ForeignDataError,
  FormatTooNewError,
} from "./errors.ts";
import type { NodeIdentity } from "./identity-file.ts";
import { DATA_FORMAT_VERSION, readIdentity, writeIdentity } from "./identity-file.ts";
import { nodeFilePort } from "./node-file-port.ts";
import { RecordingFilePort } from "./testing/recording-file-port.ts";

const IDENTITY: NodeIdentity = {
  cluster: "c-1",
  datacenter: { name: "paris", index: 0 },
  node: { name: "paris-0", index: 0 },
  partitions: 16,
  nodesOf: [2, 2],
};

/** A process that claims the directory, says so on its output, and then waits to be killed. */
async function claimInAnotherProcess(path: string): Promise<ChildProcess> {
  const module = new URL("./data-directory.ts", import.meta.url).href;
  const options: DataDirectoryOptions = { path, identity: IDENTITY, expectExisting: false };
  const program =
    `const { claimDataDirectory } = await import(${JSON.stringify(module)});` +
    `await claimDataDirectory(${JSON.stringify(options)});` +
    `process.stdout.write("claimed"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`the holder ended with ${String(code)}`)));
  });
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  child.kill("SIGKILL");
  await ended;
}

describe("a data directory", () => {
  let path: string;
  let claimed: DataDirectory[];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "cops-data-"));
    claimed = [];
  });

  afterEach(async () => {
    for (const directory of claimed) await directory.release();
    await rm(path, { recursive: true });
  });

  async function claim(more: Partial<DataDirectoryOptions> = {}): Promise<DataDirectory> {
    const options = { path, identity: IDENTITY, expectExisting: false, ...more };
    const directory = await claimDataDirectory(options);
    claimed.push(directory);
    return directory;
  }

  async function claimAgain(more: Partial<DataDirectoryOptions> = {}): Promise<DataDirectory> {
    for (const directory of claimed.splice(0)) await directory.release();
    return claim(more);
  }

  it("is begun once and recognised afterwards", async () => {
    const now = (): Date => new Date("2026-11-22T10:00:00Z");
    const first = await claim({ now });
    expect(first).toMatchObject({ isNew: true, logPath: `${path}/log`, storePath: `${path}/store` });
    const second = await claimAgain({ expectExisting: true });
    expect(second.isNew).toBe(false);
    expect(second.identity).toEqual({
      ...IDENTITY,
      format: DATA_FORMAT_VERSION,
      created: "2026-11-22T10:00:00.000Z",
    });
  });

  it("is made where it is missing", async () => {
    const directory = await claim({ path: join(path, "deep", "er") });
    expect(directory.isNew).toBe(true);
    expect(await directory.freeBytes()).toBeGreaterThan(0);
  });

  it("is refused when it is empty and the cluster knows better", async () => {
    const claiming = claim({ expectExisting: true });
    await expect(claiming).rejects.toBeInstanceOf(DataDirectoryEmptiedError);
    await expect(claiming).rejects.toMatchObject({ code: "DATA_DIRECTORY_EMPTIED" });
    expect((await claim()).isNew).toBe(true);
  });

  it.each([
    ["cluster", { cluster: "c-2" }],
    ["datacenter", { datacenter: { name: "tokyo", index: 0 } }],
    ["datacenter", { datacenter: { name: "paris", index: 1 } }],
    ["node", { node: { name: "paris-1", index: 1 } }],
    ["a cluster with a number of partitions of", { partitions: 32 }],
    ["a cluster with nodes in each datacenter of", { nodesOf: [3, 2] }],
    ["a cluster with nodes in each datacenter of", { nodesOf: [2, 2, 2] }],
  ])("is refused when it belongs to another %s", async (what, change) => {
    await claim();
    const claiming = claimAgain({ identity: { ...IDENTITY, ...change } });
    await expect(claiming).rejects.toBeInstanceOf(ForeignDataError);
    await expect(claiming).rejects.toMatchObject({ what, file: join(path, "identity.json") });
  });

  it("is refused when a newer release wrote it", async () => {
    const created = new Date(0).toISOString();
    const format = DATA_FORMAT_VERSION + 1;
    await writeIdentity(nodeFilePort, path, { ...IDENTITY, format, created });
    await expect(claim()).rejects.toBeInstanceOf(FormatTooNewError);
  });

  it("is refused when its identity was edited or damaged", async () => {
    await claim();
    const file = join(path, "identity.json");
    const text = await readFile(file, "utf8");
    for (const damaged of [text.replace("16", "17"), text.slice(0, 40), "", "null", "{}"]) {
      await writeFile(file, damaged);
      await expect(claimAgain()).rejects.toBeInstanceOf(DataDirectoryDamagedError);
    }
  });

  it("is refused when it holds something and no identity", async () => {
    await writeFile(join(path, "thesis.doc"), "years of work");
    await expect(claim()).rejects.toMatchObject({
      code: "DATA_DIRECTORY_DAMAGED",
      reason: expect.stringContaining("thesis.doc") as string,
    });
  });

  it("is refused to a second claim, under another name too", async () => {
    await claim();
    await expect(claim()).rejects.toBeInstanceOf(DataDirectoryInUseError);
    await expect(claim()).rejects.toMatchObject({ pid: process.pid, retryable: true });
    const alias = join(path, "alias");
    await symlink(path, alias);
    await expect(claim({ path: alias })).rejects.toBeInstanceOf(DataDirectoryInUseError);
  });

  it("is given to one of many claims at once", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => claim()));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("is free again after kill -9 of the process that had it", async () => {
    const holder = await claimInAnotherProcess(path);
    try {
      await expect(claim()).rejects.toMatchObject({
        code: "DATA_DIRECTORY_IN_USE",
        pid: holder.pid,
      });
    } finally {
      await killed(holder);
    }
    expect((await claim({ expectExisting: true })).isNew).toBe(false);
  });

  it("is free where the lock names a process id that another process has by now", async () => {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => null);
    const stale = { pid: process.ppid, started: "1", boot: boot?.trim() ?? null };
    await writeFile(join(path, "lock.json"), JSON.stringify(stale));
    if (process.platform === "linux") expect((await claim()).isNew).toBe(true);
    else await expect(claim()).rejects.toBeInstanceOf(DataDirectoryInUseError);
  });

  it("is free where the lock file was cut short by a crash", async () => {
    await writeFile(join(path, "lock.json"), '{"pid":');
    expect((await claim()).isNew).toBe(true);
  });
});

describe("the identity file after a power cut at any moment", () => {
  it("is there whole or not at all, and there once it was written", async () => {
    const disk = new RecordingFilePort();
    const created = new Date(0).toISOString();
    const stored = { ...IDENTITY, format: DATA_FORMAT_VERSION, created };
    await writeIdentity(disk, "/data", stored);
    const random = new Random(7);
    for (let cutAt = 0; cutAt <= disk.journal.length; cutAt++) {
      for (let attempt = 0; attempt < 20; attempt++) {
        const image = disk.imageAfter(cutAt, () => random.next() / 2 ** 32);
        const after = new RecordingFilePort(image);
        const found = await readIdentity(after, "/data");
        if (found !== undefined || cutAt === disk.journal.length) expect(found).toEqual(stored);
        await writeIdentity(after, "/data", stored);
        expect(await readIdentity(after, "/data")).toEqual(stored);
      }
    }
  });
});
