/*
 * A node's data directory: claimed by one process, known to be this node's, and where things lie in it.
 *
 *     identity.json   whose data these are        (identity-file.ts)
 *     lock.json       which process has it open   (directory-lock.ts)
 *     log/            the write-ahead log         (file-log.ts)
 *     store/          the checkpointed records    (level-store.ts)
 *
 * Start-up refuses what would corrupt or hide a loss (design, section 3.9): a directory in use, data of another cluster,
 * datacenter, node or number of partitions or nodes, a newer format, data without an identity, and an empty directory where
 * the cluster knows that there were data. The order matters: the lock is taken before anything is read or written.
 *
 * Left out on purpose: the log's and the store's own checks, among them that the log reaches to where the store's last
 * checkpoint does; the driver makes that one when both are open.
 */
import type { DirectoryLock } from "./directory-lock.ts";
import { LOCK_FILE_NAME, lockDirectory } from "./directory-lock.ts";
import { DataDirectoryDamagedError, DataDirectoryEmptiedError } from "./errors.ts";
import type { FilePort } from "./file-port.ts";
import type { NodeIdentity, StoredIdentity } from "./identity-file.ts";
import {
  DATA_FORMAT_VERSION,
  IDENTITY_FILE_NAME,
  IDENTITY_TEMPORARY_NAME,
  readIdentity,
  requireSameIdentity,
  writeIdentity,
} from "./identity-file.ts";
import { nodeFilePort } from "./node-file-port.ts";

/** What an unused directory may hold: traces of a start that got no further, and what some file systems put there. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set([LOCK_FILE_NAME, IDENTITY_TEMPORARY_NAME, "lost+found"]);

export interface DataDirectoryOptions {
  /** Made where it is missing. */
  readonly path: string;
  readonly identity: NodeIdentity;
  /** Whether the cluster knows that this node has had data: then an empty directory is a loss, not a beginning. */
  readonly expectExisting: boolean;
  readonly files?: FilePort;
  readonly lock?: (directory: string) => Promise<DirectoryLock>;
  readonly now?: () => Date;
}

export interface DataDirectory {
  readonly path: string;
  readonly logPath: string;
  readonly storePath: string;
  readonly identity: StoredIdentity;
  /** Whether this claim began the directory. */
  readonly isNew: boolean;
  /** Names cluster, datacenter and node, for the log's own check. */
  readonly logIdentity: string;
  freeBytes(): Promise<number>;
  /** Gives the directory to whoever claims it next; close log and store first. */
  release(): Promise<void>;
}

/**
 * Rejects with DataDirectoryInUseError, DataDirectoryEmptiedError, DataDirectoryDamagedError, ForeignDataError,
 * FormatTooNewError, or the operating system's error.
 */
export async function claimDataDirectory(options: DataDirectoryOptions): Promise<DataDirectory> {
  const { path } = options;
  const files = options.files ?? nodeFilePort;
  await files.makeDirectory(path);
  const lock = await (options.lock ?? lockDirectory)(path);
  try {
    const found = await readIdentity(files, path);
    if (found !== undefined) {
      requireSameIdentity(`${path}/${IDENTITY_FILE_NAME}`, options.identity, found);
      return directoryOf(files, path, found, false, lock);
    }
    const begun = await begin(files, options);
    return directoryOf(files, path, begun, true, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function begin(files: FilePort, options: DataDirectoryOptions): Promise<StoredIdentity> {
  const { path, identity, expectExisting } = options;
  const names = (await files.list(path)).filter((name) => !HARMLESS_NAMES.has(name));
  if (names.length > 0) {
    const some = names.toSorted().slice(0, 3).join(", ");
    throw new DataDirectoryDamagedError(path, `holds ${some} but no ${IDENTITY_FILE_NAME}`);
  }
  if (expectExisting) throw new DataDirectoryEmptiedError(path);
  const created = (options.now?.() ?? new Date()).toISOString();
  const { cluster, datacenter, node, partitions, nodesOf } = identity;
  const stored = { format: DATA_FORMAT_VERSION, cluster, datacenter, node, partitions, nodesOf, created };
  await writeIdentity(files, path, stored);
  return stored;
}

function directoryOf(
  files: FilePort,
  path: string,
  identity: StoredIdentity,
  isNew: boolean,
  lock: DirectoryLock,
): DataDirectory {
  const { cluster, datacenter, node } = identity;
  return {
    path,
    logPath: `${path}/log`,
    storePath: `${path}/store`,
    identity,
    isNew,
    logIdentity: JSON.stringify([cluster, datacenter.index, node.index]),
    freeBytes: () => files.freeBytes(path),
    release: () => lock.release(),
  };
}
