import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bootId, isAlive, liveHolderOf, startTimeOf } from "./process-identity.ts";
import { lockDirectory } from "../../storage/directory-lock.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-identity-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

const self = { pid: process.pid, started: startTimeOf(process.pid) ?? null, boot: bootId() };

describe.runIf(process.platform === "linux")("the identity of a process", () => {
  it("is its pid with when it started, on which boot", () => {
    expect(isAlive(self)).toBe(true);
    expect(isAlive({ ...self, started: "1" })).toBe(false);
    expect(isAlive({ ...self, boot: "another" })).toBe(false);
    expect(isAlive({ ...self, started: null })).toBe(false);
  });

  it("ends with the process", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
    await once(child, "spawn");
    const holder = { ...self, pid: child.pid ?? 0, started: startTimeOf(child.pid ?? 0) ?? null };
    expect(isAlive(holder)).toBe(true);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    expect(isAlive(holder)).toBe(false);
  });
});

describe("the holder of a directory", () => {
  it("is whoever has it locked", async () => {
    expect(liveHolderOf(directory)).toBeUndefined();
    const lock = await lockDirectory(directory);
    expect(liveHolderOf(directory)?.pid).toBe(process.pid);
    await lock.release();
    expect(liveHolderOf(directory)).toBeUndefined();
  });

  it.runIf(process.platform === "linux")("is nobody when its pid belongs to another process now", () => {
    writeFileSync(join(directory, "lock.json"), JSON.stringify({ ...self, started: "1" }));
    expect(liveHolderOf(directory)).toBeUndefined();
  });

  it("is nobody when its file was cut short by a crash", () => {
    writeFileSync(join(directory, "lock.json"), '{"pid":');
    expect(liveHolderOf(directory)).toBeUndefined();
  });
});
