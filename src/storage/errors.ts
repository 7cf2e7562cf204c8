/*
 * Operating errors of the storage edge. Each has a stable `code` (the word that metrics, exit messages and RESP errors
 * are built on), says whether trying again can help, and carries its facts as fields: nobody parses a message.
 *
 * Three groups: the log, the store, the data directory. Damage and foreign data are never retryable and never repaired
 * silently: a node that cannot vouch for its disk refuses to start.
 */
import type { LogPosition } from "./log.ts";

abstract class StorageError extends Error {
  abstract readonly code: string;
  abstract readonly retryable: boolean;
}

/** The disk is full: the frame was not appended; a later append succeeds once there is room. */
export class LogFullError extends StorageError {
  override readonly name = "LogFullError";
  readonly code = "LOG_FULL";
  readonly retryable = true;
  readonly directory: string;

  constructor(directory: string, cause?: unknown) {
    super(`no room for the log in ${directory}`, { cause });
    this.directory = directory;
  }
}

/** A write or a sync failed: nobody knows what is on disk, so this log takes nothing more and the node stops. */
export class LogFailedError extends StorageError {
  override readonly name = "LogFailedError";
  readonly code = "LOG_FAILED";
  readonly retryable = false;
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(`the log failed at ${file} and takes nothing more until a restart`, { cause });
    this.file = file;
  }
}

/** What was asked for has been truncated away. */
export class LogTruncatedError extends StorageError {
  override readonly name = "LogTruncatedError";
  readonly code = "LOG_TRUNCATED";
  readonly retryable = false;
  readonly from: LogPosition;
  readonly start: LogPosition;

  constructor(from: LogPosition, start: LogPosition) {
    super(`log position ${from} was truncated away; the log starts at ${start}`);
    this.from = from;
    this.start = start;
  }
}

/** Damage that a torn last write cannot explain. `offset` is in bytes from the beginning of `file`. */
export class LogCorruptError extends StorageError {
  override readonly name = "LogCorruptError";
  readonly code = "LOG_CORRUPT";
  readonly retryable = false;
  readonly file: string;
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(`the log is damaged in ${file} at byte ${offset}: ${reason}`);
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

/** Written by a newer release than this one. */
export class FormatTooNewError extends StorageError {
  override readonly name = "FormatTooNewError";
  readonly code = "FORMAT_TOO_NEW";
  readonly retryable = false;
  readonly file: string;
  readonly found: number;
  readonly supported: number;

  constructor(file: string, found: number, supported: number) {
    super(`${file} has format version ${found}; this release reads versions up to ${supported}`);
    this.file = file;
    this.found = found;
    this.supported = supported;
  }
}

/** The data belong to another cluster, node or number of partitions; `what` names which. */
export class ForeignDataError extends StorageError {
  override readonly name = "ForeignDataError";
  readonly code = "FOREIGN_DATA";
  readonly retryable = false;
  readonly file: string;
  readonly what: string;
  readonly expected: string;
  readonly found: string;

  constructor(file: string, what: string, expected: string, found: string) {
    super(`${file} belongs to ${what} ${found}, not to ${what} ${expected}`);
    this.file = file;
    this.what = what;
    this.expected = expected;
    this.found = found;
  }
}

/** The disk is full: the batch is not durable; writing it again is harmless and succeeds once there is room. */
export class StoreFullError extends StorageError {
  override readonly name = "StoreFullError";
  readonly code = "STORE_FULL";
  readonly retryable = true;
  readonly directory: string;

  constructor(directory: string, cause?: unknown) {
    super(`no room for the store in ${directory}`, { cause });
    this.directory = directory;
  }
}

/** A write or a read of the store failed. After a failed write it takes no more until the node restarts. */
export class StoreFailedError extends StorageError {
  override readonly name = "StoreFailedError";
  readonly code = "STORE_FAILED";
  readonly retryable = false;
  readonly directory: string;

  constructor(directory: string, cause: unknown) {
    super(`the store in ${directory} failed`, { cause });
    this.directory = directory;
  }
}

/** More reads or writes wait than the limit allows; nothing was done. */
export class StorageBusyError extends StorageError {
  override readonly name = "StorageBusyError";
  readonly code = "STORAGE_BUSY";
  readonly retryable = true;
  readonly what: string;
  readonly waitingMax: number;

  constructor(what: string, waitingMax: number) {
    super(`${waitingMax} ${what} wait already`);
    this.what = what;
    this.waitingMax = waitingMax;
  }
}

/** Asked for something after `close`. */
export class StorageClosedError extends StorageError {
  override readonly name = "StorageClosedError";
  readonly code = "STORAGE_CLOSED";
  readonly retryable = false;
  readonly what: string;

  constructor(what: string) {
    super(`the ${what} is closed`);
    this.what = what;
  }
}

/** Another live process has the data directory. `pid` is undefined when it cannot be told from here. */
export class DataDirectoryInUseError extends StorageError {
  override readonly name = "DataDirectoryInUseError";
  readonly code = "DATA_DIRECTORY_IN_USE";
  readonly retryable = true;
  readonly directory: string;
  readonly pid: number | undefined;

  constructor(directory: string, pid: number | undefined, cause?: unknown) {
    const holder = pid === undefined ? "another process" : `process ${pid}`;
    super(`the data directory ${directory} is in use by ${holder}`, { cause });
    this.directory = directory;
    this.pid = pid;
  }
}

/** The cluster knows this node as initialised, but its data directory holds nothing: the data are lost. */
export class DataDirectoryEmptiedError extends StorageError {
  override readonly name = "DataDirectoryEmptiedError";
  readonly code = "DATA_DIRECTORY_EMPTIED";
  readonly retryable = false;
  readonly directory: string;

  constructor(directory: string) {
    super(
      `the data directory ${directory} is empty, and the cluster has been initialised (expectExistingData): ` +
        `this node's data are lost, or somewhere else. Put them back as the node left them, or mount the right disk. ` +
        `An older copy does not do, nor does an empty directory: the node would give names to writes that others know ` +
        `under them already. Where the data are gone, another datacenter has them, from which a new cluster can be loaded`,
    );
    this.directory = directory;
  }
}

/** The identity file cannot be read as one, or data lie there without one; `reason` says which. */
export class DataDirectoryDamagedError extends StorageError {
  override readonly name = "DataDirectoryDamagedError";
  readonly code = "DATA_DIRECTORY_DAMAGED";
  readonly retryable = false;
  readonly file: string;
  readonly reason: string;

  constructor(file: string, reason: string, cause?: unknown) {
    super(`${file}: ${reason}`, { cause });
    this.file = file;
    this.reason = reason;
  }
}

/** The operating system's code of an error (`ENOENT`, ...), or LevelDB's (`LEVEL_LOCKED`, ...). */
export function errorCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether the operating system refused for lack of room: of the disk, or of the owner's quota. */
export function isOutOfSpace(error: unknown): boolean {
  const code = errorCodeOf(error);
  return code === "ENOSPC" || code === "EDQUOT";
}
