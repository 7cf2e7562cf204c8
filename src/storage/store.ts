/*
 * The Store port: the ordered map that the log is checkpointed into (design, section 4). The log is the truth and the
 * store follows: losing the newest batches costs a longer replay, never data.
 *
 * Keys are ordered by their bytes. A batch is atomic and synced; the batch that carries checkpointed records carries the
 * log position that they cover too, so a crash leaves both or neither.
 */
import type { Bytes, ByteString } from "../shared/bytes.ts";

/** No key occurs twice in a batch. */
export interface StoreBatch {
  readonly puts: readonly (readonly [key: ByteString, value: Bytes])[];
  readonly deletes: readonly ByteString[];
}

export interface StoreStats {
  /** Estimated bytes on disk. */
  readonly bytes: number;
  /** Batches written and keys read since the store was opened. */
  readonly batches: number;
  readonly reads: number;
}

export interface Store {
  /** One answer per key, in order; undefined where the key is absent. Reads reject with StorageBusyError when too many wait. */
  getMany(keys: readonly ByteString[]): Promise<(Bytes | undefined)[]>;
  /** Applies the whole batch or nothing; resolves when it is durable. Rejects with StoreFullError or StoreFailedError. */
  write(batch: StoreBatch): Promise<void>;
  /** Up to `limit` entries with `from <= key < to`, in key order. */
  range(from: ByteString, to: ByteString, limit: number): Promise<[ByteString, Bytes][]>;
  stats(): StoreStats;
  close(): Promise<void>;
}
