import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCK_FILE_NAME, lockDirectory } from "./directory-lock.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cops-lock-"));
});

afterEach(() => rm(directory, { recursive: true }));

/** State, and start in clock ticks: the fields of /proc/PID/stat behind the command's name. */
async function statOf(pid: number): Promise<{ state: string | undefined; started: string | undefined }> {
  const line = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], started: fields[19] };
}

describe.runIf(process.platform === "linux")("the lock of a directory", () => {
  it("is not held by a zombie", async () => {
    // A child of a process that never takes note of its end.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [output] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(output.toString());
      const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
      const { started } = await statOf(pid);
      await writeFile(join(directory, LOCK_FILE_NAME), JSON.stringify({ pid, started, boot }));
      await expect(lockDirectory(directory)).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE", pid });
      process.kill(pid, "SIGKILL");
      while ((await statOf(pid)).state !== "Z") await sleep(5);
      await (await lockDirectory(directory)).release();
    } finally {
      parent.kill("SIGKILL");
    }
  });
});
