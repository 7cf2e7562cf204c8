/*
 * Exclusive possession of a directory by one live process, without native code, surviving kill -9 of the holder.
 *
 * Two layers, because Node has no flock:
 *
 *   1. On Linux an abstract Unix socket named after the directory's device and inode: the kernel gives it to one process
 *      at a time and takes it back when that process ends, however it ends. It decides races.
 *   2. A lock file that says who holds: process id, when that process started, on which boot. It gives the error its
 *      facts, and it keeps out a process that does not share the holder's network namespace (where abstract sockets
 *      live) but does share its process ids. Left by a process that is gone, it is stale and replaced.
 *
 * Elsewhere the lock file stands alone. A third layer is LevelDB's file lock on the store, which holds across
 * containers that share a disk and nothing else.
 */
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import type { Server } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { DataDirectoryInUseError, errorCodeOf } from "./errors.ts";

export const LOCK_FILE_NAME = "lock.json";

/** Field 22 of /proc/<pid>/stat; counted from behind the command's name, which may hold spaces and brackets. */
const START_TIME_FIELD = 22 - 3;

export interface DirectoryLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** In clock ticks since boot, as the kernel prints it; null where it cannot be told. */
  readonly started: string | null;
  readonly boot: string | null;
}

/** Rejects with DataDirectoryInUseError while another live process holds the directory. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const lockFile = join(directory, LOCK_FILE_NAME);
  const socket = await claimSocket(directory, lockFile);
  try {
    const found = await readHolder(lockFile);
    if (typeof found === "object" && (await isAnotherAlive(found))) {
      throw new DataDirectoryInUseError(directory, found.pid);
    }
    await writeHolder(directory, lockFile, found !== "none");
  } catch (error) {
    await closeSocket(socket);
    throw error;
  }
  return {
    release: async () => {
      await rm(lockFile, { force: true });
      await closeSocket(socket);
    },
  };
}

async function claimSocket(directory: string, lockFile: string): Promise<Server | undefined> {
  if (process.platform !== "linux") return undefined;
  const { dev, ino } = await stat(directory);
  const server = createServer((connection) => connection.destroy());
  try {
    await listen(server, `\0cops-data-directory-${dev}-${ino}`);
  } catch (error) {
    if (errorCodeOf(error) !== "EADDRINUSE") throw error;
    throw new DataDirectoryInUseError(directory, await pidOfHolder(lockFile), error);
  }
  // The lock does not keep the process alive.
  server.unref();
  return server;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closeSocket(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
}

async function pidOfHolder(lockFile: string): Promise<number | undefined> {
  const found = await readHolder(lockFile);
  return typeof found === "object" ? found.pid : undefined;
}

/** A crash of the machine may leave the file half written: then its process is gone as well. */
async function readHolder(lockFile: string): Promise<Holder | "none" | "unreadable"> {
  const text = await readIfThere(lockFile);
  if (text === undefined) return "none";
  try {
    const parsed: unknown = JSON.parse(text);
    return isHolder(parsed) ? parsed : "unreadable";
  } catch (error) {
    if (error instanceof SyntaxError) return "unreadable";
    throw error;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  return "pid" in value && typeof value.pid === "number" && "started" in value && "boot" in value;
}

async function isAnotherAlive(holder: Holder): Promise<boolean> {
  const boot = await bootId();
  if (boot !== holder.boot) return false;
  // Process ids are used again, by this very process too; the time of the start tells.
  const isSame = (await startTimeOf(holder.pid)) === holder.started;
  if (process.platform === "linux") return isSame && holder.started !== null && !(await isSelf(holder));
  return holder.pid !== process.pid && isRunning(holder.pid);
}

/** On Linux the socket has settled already that this process does not hold the directory twice. */
async function isSelf(holder: Holder): Promise<boolean> {
  return holder.pid === process.pid && holder.started === (await startTimeOf(process.pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return errorCodeOf(error) === "EPERM";
  }
}

/** With "wx" two processes without a socket between them cannot both take a directory that nobody held. */
async function writeHolder(directory: string, lockFile: string, replacesStale: boolean): Promise<void> {
  const holder: Holder = {
    pid: process.pid,
    started: (await startTimeOf(process.pid)) ?? null,
    boot: await bootId(),
  };
  if (replacesStale) await rm(lockFile, { force: true });
  try {
    await writeFile(lockFile, `${JSON.stringify(holder)}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (errorCodeOf(error) !== "EEXIST") throw error;
    throw new DataDirectoryInUseError(directory, await pidOfHolder(lockFile), error);
  }
}

/** Undefined where there is no such process, or it is a zombie: that has ended, and holds nothing any more. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const line = await readIfThere(`/proc/${pid}/stat`);
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[START_TIME_FIELD];
}

async function bootId(): Promise<string | null> {
  return (await readIfThere("/proc/sys/kernel/random/boot_id"))?.trim() ?? null;
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: unknown) => {
    const code = errorCodeOf(error);
    if (code === "ENOENT" || code === "ESRCH" || code === "ENOTDIR") return undefined;
    throw error;
  });
}
