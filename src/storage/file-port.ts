/*
 * The file port: the few file operations that the log and the data directory are made of, so that tests can put a disk
 * beneath them that loses power.
 *
 * What callers rely on, and no more: a write is durable once a later `sync` of the same file resolved, or when the file
 * was opened "durable" once the write itself resolved; an entry of a directory (create, rename, unlink) is durable once
 * `syncDirectory` resolved; rename is atomic. Writes that are not durable may be lost, whole or in part, in any order.
 *
 * Operations reject with errors that carry the operating system's `code` (see errorCodeOf, isOutOfSpace).
 * Adapters: node-file-port.ts (node:fs), testing/recording-file-port.ts (memory, for tests). Left out on purpose: truncation
 * and sparse allocation; segments are filled with zeros instead, so that an append never changes a file's metadata.
 */

/** "read" and "write" open what is there, "create" what is not; "durable" is "write" with a sync inside every write. */
export type OpenMode = "read" | "write" | "create" | "durable";

export interface OpenFile {
  readonly path: string;
  size(): Promise<number>;
  /** Reads up to `into.length` bytes; answers how many, 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes the parts one behind the other, all of them or rejects; in "durable" mode one system call. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** Makes everything that was written before the call durable, the size included. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FilePort {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Creates the directory and its missing parents; durable once it resolves. */
  makeDirectory(path: string): Promise<void>;
  /** Names of the entries, in no order. */
  list(directory: string): Promise<string[]>;
  /** Replaces `to` where it is there. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  syncDirectory(directory: string): Promise<void>;
  /** Bytes that this process may still write on the file system of `directory`. */
  freeBytes(directory: string): Promise<number>;
}

/** Reads until `into` is full or the file ends; answers how many bytes. */
export async function readFully(file: OpenFile, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = await file.read(into.subarray(done), position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Opens, uses and closes again, whatever happens. */
export async function withFile<T>(
  files: FilePort,
  path: string,
  mode: OpenMode,
  use: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const file = await files.open(path, mode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
