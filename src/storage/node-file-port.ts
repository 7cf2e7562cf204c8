/*
 * The file port over node:fs, by raw descriptors and callbacks: one job on the thread pool per operation and one promise.
 *
 * Durable mode: on Linux the file is opened with O_DSYNC, so that a write and its sync are one system call. Elsewhere
 * O_DSYNC does not reach the medium (macOS) or does not exist (Windows); there a write is followed by fdatasync, which
 * Node carries out as strictly as the platform allows.
 */
import { close, constants, fdatasync, fstat, open, read, writev } from "node:fs";
import { mkdir, open as openHandle, readdir, rename, statfs, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { FilePort, OpenFile, OpenMode } from "./file-port.ts";

const WRITES_ARE_DURABLE = process.platform === "linux" ? constants.O_DSYNC : 0;

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  durable: constants.O_RDWR | WRITES_ARE_DURABLE,
};

/** Data files are nobody else's business. */
const FILE_PERMISSIONS = 0o600;
const DIRECTORY_PERMISSIONS = 0o700;

class NodeFile implements OpenFile {
  readonly path: string;
  readonly #fd: number;
  readonly #syncEveryWrite: boolean;

  constructor(path: string, fd: number, mode: OpenMode) {
    this.path = path;
    this.#fd = fd;
    this.#syncEveryWrite = mode === "durable" && WRITES_ARE_DURABLE === 0;
  }

  size(): Promise<number> {
    return new Promise((done, failed) => {
      fstat(this.#fd, (error, stat) => (error === null ? done(stat.size) : failed(error)));
    });
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return new Promise((done, failed) => {
      read(this.#fd, into, 0, into.length, position, (error, count) => (error === null ? done(count) : failed(error)));
    });
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const written = await this.#writeOnce(parts, position);
    const total = bytesOfParts(parts);
    if (written < total) await this.#writeRest(parts, position, written, total);
    if (this.#syncEveryWrite) await this.sync();
  }

  #writeOnce(parts: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((done, failed) => {
      writev(this.#fd, parts, position, (error, count) => (error === null ? done(count) : failed(error)));
    });
  }

  /** The kernel may write less than asked, before it runs out of room for instance; the next call says why. */
  async #writeRest(parts: readonly Uint8Array[], position: number, writtenSoFar: number, total: number): Promise<void> {
    const whole = Buffer.concat(parts, total);
    let written = writtenSoFar;
    while (written < total) {
      const count = await this.#writeOnce([whole.subarray(written)], position + written);
      if (count === 0) throw new Error(`the system wrote nothing to ${this.path}`);
      written += count;
    }
  }

  sync(): Promise<void> {
    return new Promise((done, failed) => {
      fdatasync(this.#fd, (error) => (error === null ? done() : failed(error)));
    });
  }

  close(): Promise<void> {
    return new Promise((done, failed) => {
      close(this.#fd, (error) => (error === null || error === undefined ? done() : failed(error)));
    });
  }
}

function bytesOfParts(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await openHandle(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A new directory survives once its parent is synced, so every parent from the first new one upwards is. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: DIRECTORY_PERMISSIONS });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  let parent = dirname(resolve(path));
  for (;;) {
    await syncDirectory(parent);
    if (parent === top) return;
    parent = dirname(parent);
  }
}

/** Opens by descriptor, because durable mode and one-call writes need the flags and the raw calls. */
function openFile(path: string, mode: OpenMode): Promise<OpenFile> {
  return new Promise((done, failed) => {
    open(path, FLAGS[mode], FILE_PERMISSIONS, (error, fd) =>
      error === null ? done(new NodeFile(path, fd, mode)) : failed(error),
    );
  });
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

export const nodeFilePort: FilePort = {
  open: openFile,
  makeDirectory,
  list: (directory) => readdir(directory),
  rename,
  unlink,
  syncDirectory,
  freeBytes,
};
