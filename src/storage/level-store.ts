/*
 * The Store port over LevelDB (classic-level; design, section 4).
 *
 * - Every batch is one synced LevelDB write. The log, not the store, is what clients wait for, so batches are large and
 *   one is under way at a time.
 * - At most two reads are under way: LevelDB's jobs share Node's thread pool with the log's appends, which must always
 *   find a thread. More reads wait, up to a bound.
 * - A full disk: LevelDB that ran out of room refuses all writes until it is opened again. So room is looked for before
 *   a batch is handed over, and where LevelDB ran out all the same, it is opened again once there is room; reads go on
 *   with the old one until then. Any other failed write is for good.
 *
 *   open --(write finds no room)--> full --(room again: closed and opened)--> open
 *   open --(write fails)----------> failed       open --(close)--> closed
 *
 * LevelDB's own file lock keeps two processes out of one store, also where they cannot see each other's process ids.
 */
import { ClassicLevel } from "classic-level";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { byteStringOf, bytesOf } from "../shared/bytes.ts";
import { asBuffer, asBytes } from "./as-bytes.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { DataDirectoryInUseError, StorageClosedError, StoreFailedError, StoreFullError } from "./errors.ts";
import { isLevelLocked, isLevelOutOfSpace } from "./level-errors.ts";
import { nodeFilePort } from "./node-file-port.ts";
import type { Store, StoreBatch, StoreStats } from "./store.ts";

/** Two of the pool's four threads. */
const READS_RUNNING_MAX = 2;
const READS_WAITING_MAX = 1024;
const WRITES_WAITING_MAX = 16;
/** How often the size on disk is estimated anew, in batches. */
const BATCHES_PER_ESTIMATE = 16;
/** Uncompressed blocks that LevelDB keeps; hot records are cached above the store, so this is for misses alone. */
const CACHE_BYTES_DEFAULT = 32 * 1024 * 1024;
/** Two of these may be in memory; larger ones mean fewer and larger table files for large batches. */
const WRITE_BUFFER_BYTES_DEFAULT = 16 * 1024 * 1024;
/** Room that a write must leave for LevelDB's compaction; below the log's reserve, so that the log is full first. */
const RESERVE_BYTES_DEFAULT = 32 * 1024 * 1024;
const TABLE_FILE_BYTES = 8 * 1024 * 1024;
const OPEN_FILES_MAX = 500;
/** What one step of a range read may hold before it goes over to JavaScript. */
const RANGE_STEP_BYTES = 256 * 1024;
/** An upper end for estimates; keys above it are not counted. */
const ESTIMATE_END = Buffer.alloc(16, 0xff);

export interface LevelStoreOptions {
  /** A directory of its own; made where it is missing. */
  readonly directory: string;
  readonly cacheBytes?: number;
  readonly writeBufferBytes?: number;
  readonly reserveBytes?: number;
  readonly freeBytes?: (directory: string) => Promise<number>;
}

/** Rejects with DataDirectoryInUseError, StoreFullError or StoreFailedError. */
export async function openLevelStore(options: LevelStoreOptions): Promise<LevelStore> {
  const level = new ClassicLevel<Buffer, Buffer>(options.directory, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    cacheSize: options.cacheBytes ?? CACHE_BYTES_DEFAULT,
    writeBufferSize: options.writeBufferBytes ?? WRITE_BUFFER_BYTES_DEFAULT,
    maxFileSize: TABLE_FILE_BYTES,
    maxOpenFiles: OPEN_FILES_MAX,
  });
  await openLevel(level, options.directory);
  const store = new LevelStore(level, options);
  await store.estimateBytes();
  return store;
}

async function openLevel(level: ClassicLevel<Buffer, Buffer>, directory: string): Promise<void> {
  try {
    await level.open();
  } catch (error) {
    if (isLevelLocked(error)) throw new DataDirectoryInUseError(directory, undefined, error);
    if (isLevelOutOfSpace(error)) throw new StoreFullError(directory, error);
    throw new StoreFailedError(directory, error);
  }
}

export class LevelStore implements Store {
  readonly #level: ClassicLevel<Buffer, Buffer>;
  readonly #directory: string;
  readonly #reserveBytes: number;
  /** Opening writes what LevelDB's logs hold into tables: a full buffer and the one that was filling behind it. */
  readonly #reopenBytes: number;
  readonly #freeBytes: (directory: string) => Promise<number>;
  readonly #reads = new ConcurrencyLimit("reads of the store", READS_RUNNING_MAX, READS_WAITING_MAX);
  readonly #writes = new ConcurrencyLimit("writes of the store", 1, WRITES_WAITING_MAX);
  #mustReopen = false;
  #failed: StoreFailedError | undefined;
  #closed = false;
  #bytes = 0;
  #batchCount = 0;
  #readCount = 0;

  /** Use openLevelStore. */
  constructor(level: ClassicLevel<Buffer, Buffer>, options: LevelStoreOptions) {
    this.#level = level;
    this.#directory = options.directory;
    this.#reserveBytes = options.reserveBytes ?? RESERVE_BYTES_DEFAULT;
    this.#reopenBytes = 2 * (options.writeBufferBytes ?? WRITE_BUFFER_BYTES_DEFAULT);
    this.#freeBytes = options.freeBytes ?? ((directory) => nodeFilePort.freeBytes(directory));
  }

  async getMany(keys: readonly ByteString[]): Promise<(Bytes | undefined)[]> {
    const values = await this.#read(() => this.#level.getMany(keys.map((key) => asBuffer(bytesOf(key)))));
    this.#readCount += keys.length;
    return values.map((value) => (value === undefined ? undefined : asBytes(value)));
  }

  async range(from: ByteString, to: ByteString, limit: number): Promise<[ByteString, Bytes][]> {
    if (from >= to || limit <= 0) return [];
    const bounds = { gte: asBuffer(bytesOf(from)), lt: asBuffer(bytesOf(to)) };
    const entries = await this.#read(() =>
      this.#level.iterator({ ...bounds, limit, highWaterMarkBytes: RANGE_STEP_BYTES }).all(),
    );
    this.#readCount += entries.length;
    return entries.map(([key, value]) => [byteStringOf(asBytes(key)), asBytes(value)]);
  }

  async #read<T>(job: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StorageClosedError("store");
    return this.#reads.run(async () => {
      // Opening again found no room after all: the next write tries once more.
      if (this.#level.status !== "open") throw new StoreFullError(this.#directory);
      try {
        return await job();
      } catch (error) {
        throw new StoreFailedError(this.#directory, error);
      }
    });
  }

  async write(batch: StoreBatch): Promise<void> {
    if (this.#closed) throw new StorageClosedError("store");
    await this.#writes.run(() => this.#write(batch));
  }

  async #write(batch: StoreBatch): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    const bytes = bytesOfBatch(batch);
    await this.#requireRoom(this.#mustReopen ? bytes + this.#reopenBytes : bytes);
    if (this.#mustReopen) await this.#reopen();
    try {
      await this.#level.batch(operationsOf(batch), { sync: true });
    } catch (error) {
      throw this.#refusal(error);
    }
    if (++this.#batchCount % BATCHES_PER_ESTIMATE === 0) await this.estimateBytes();
  }

  #refusal(error: unknown): Error {
    if (isLevelOutOfSpace(error)) {
      this.#mustReopen = true;
      return new StoreFullError(this.#directory, error);
    }
    this.#failed ??= new StoreFailedError(this.#directory, error);
    return this.#failed;
  }

  async #requireRoom(bytes: number): Promise<void> {
    const free = await this.#freeBytes(this.#directory);
    if (free < bytes + this.#reserveBytes) throw new StoreFullError(this.#directory);
  }

  /** Alone, so that no read meets a LevelDB that is being closed. */
  async #reopen(): Promise<void> {
    await this.#reads.runAlone(async () => {
      await this.#level.close();
      await openLevel(this.#level, this.#directory);
    });
    this.#mustReopen = false;
  }

  stats(): StoreStats {
    return { bytes: this.#bytes, batches: this.#batchCount, reads: this.#readCount };
  }

  /** Tables only: what still is in LevelDB's own log is not counted. */
  async estimateBytes(): Promise<void> {
    this.#bytes = await this.#level.approximateSize(Buffer.alloc(0), ESTIMATE_END);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writes.runAlone(() => this.#reads.runAlone(() => this.#level.close()));
  }
}

function bytesOfBatch(batch: StoreBatch): number {
  let bytes = 0;
  for (const [key, value] of batch.puts) bytes += key.length + value.length;
  for (const key of batch.deletes) bytes += key.length;
  return bytes;
}

type Operation =
  | { readonly type: "put"; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: "del"; readonly key: Buffer };

function operationsOf(batch: StoreBatch): Operation[] {
  const operations: Operation[] = [];
  for (const [key, value] of batch.puts) {
    operations.push({ type: "put", key: asBuffer(bytesOf(key)), value: asBuffer(value) });
  }
  for (const key of batch.deletes) operations.push({ type: "del", key: asBuffer(bytesOf(key)) });
  return operations;
}
