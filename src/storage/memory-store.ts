/*
 * The Store port over memory, for simulation on virtual time: the same order and errors as LevelDB, and explicit control
 * over what a crash takes. A batch is applied, and visible, when the scheduler runs its completion; `crash` before that
 * loses it whole, or keeps it whole if the simulation wants that.
 */
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { invariant } from "../shared/assert.ts";
import { asBuffer, asBytes } from "./as-bytes.ts";
import { StorageBusyError, StorageClosedError, StoreFailedError, StoreFullError } from "./errors.ts";
import type { Store, StoreBatch, StoreStats } from "./store.ts";

const NAME = "memory";
const WRITES_WAITING_MAX = 16;

export interface MemoryStoreOptions {
  /** Runs the completion of a write or a read later, when the disk would be done. */
  readonly schedule: (complete: () => void) => void;
}

interface PendingWrite {
  readonly batch: StoreBatch;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class MemoryStore implements Store {
  readonly #options: MemoryStoreOptions;
  readonly #entries: Map<ByteString, Bytes>;
  /** The keys in order; undefined after a write that added or removed one, until a range needs it. */
  #sorted: ByteString[] | undefined;
  /** Applied in order, as they complete. */
  readonly #pending: PendingWrite[] = [];
  #full = false;
  #failed: StoreFailedError | undefined;
  #closed = false;
  #crashed = false;
  #bytes = 0;
  #batchCount = 0;
  #readCount = 0;

  constructor(options: MemoryStoreOptions, entries: ReadonlyMap<ByteString, Bytes> = new Map()) {
    this.#options = options;
    this.#entries = new Map(entries);
    for (const [key, value] of entries) this.#bytes += key.length + value.length;
  }

  getMany(keys: readonly ByteString[]): Promise<(Bytes | undefined)[]> {
    return this.#read(() => {
      this.#readCount += keys.length;
      return keys.map((key) => this.#entries.get(key));
    });
  }

  range(from: ByteString, to: ByteString, limit: number): Promise<[ByteString, Bytes][]> {
    return this.#read(() => {
      const found: [ByteString, Bytes][] = [];
      const sorted = this.#sortedKeys();
      for (let index = firstAtOrAbove(sorted, from); found.length < limit; index++) {
        const key = sorted[index];
        const value = key === undefined ? undefined : this.#entries.get(key);
        if (key === undefined || value === undefined || key >= to) break;
        found.push([key, value]);
      }
      this.#readCount += found.length;
      return found;
    });
  }

  /** Judged when the disk is done; a crash before that leaves the promise open, as its process is gone. */
  #read<T>(read: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new StorageClosedError("store"));
    return new Promise((resolve) => {
      this.#options.schedule(() => {
        if (!this.#crashed) resolve(read());
      });
    });
  }

  write(batch: StoreBatch): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const copy: StoreBatch = {
      puts: batch.puts.map(([key, value]) => [key, asBytes(Buffer.from(asBuffer(value)))]),
      deletes: [...batch.deletes],
    };
    return new Promise((resolve, reject) => {
      this.#pending.push({ batch: copy, resolve, reject });
      this.#options.schedule(() => this.#completeNext());
    });
  }

  /** Completes the oldest, whichever the scheduler meant: batches are applied in the order of their calls. */
  #completeNext(): void {
    if (this.#crashed) return;
    const next = this.#pending.shift();
    invariant(next !== undefined, "each scheduled completion has its batch");
    if (this.#failed !== undefined) {
      next.reject(this.#failed);
      return;
    }
    this.#apply(next.batch);
    next.resolve();
  }

  #apply(batch: StoreBatch): void {
    for (const [key, value] of batch.puts) {
      const before = this.#entries.get(key);
      if (before === undefined) this.#sorted = undefined;
      this.#bytes += value.length - (before === undefined ? -key.length : before.length);
      this.#entries.set(key, value);
    }
    for (const key of batch.deletes) {
      const before = this.#entries.get(key);
      if (before === undefined) continue;
      this.#sorted = undefined;
      this.#bytes -= key.length + before.length;
      this.#entries.delete(key);
    }
    this.#batchCount++;
  }

  stats(): StoreStats {
    return { bytes: this.#bytes, batches: this.#batchCount, reads: this.#readCount };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** While full, writes reject with StoreFullError; those under way go on. */
  setFull(full: boolean): void {
    this.#full = full;
  }

  /** A sync fails: writes under way and all later ones reject with StoreFailedError. */
  fail(cause: Error = new Error("injected failure of a sync")): void {
    this.#failed ??= new StoreFailedError(NAME, cause);
  }

  /** How many batches wait for their sync. */
  get unsyncedBatches(): number {
    return this.#pending.length;
  }

  /** Ends this store as a power cut would; answers what is found afterwards, with the oldest `keepBatches` unsynced. */
  crash(keepBatches: number = 0): MemoryStore {
    const survivor = new MemoryStore(this.#options, this.#entries);
    for (const { batch } of this.#pending.slice(0, keepBatches)) survivor.#apply(batch);
    survivor.#batchCount = 0;
    this.#crashed = true;
    this.#closed = true;
    return survivor;
  }

  #refusal(): Error | undefined {
    if (this.#closed) return new StorageClosedError("store");
    if (this.#failed !== undefined) return this.#failed;
    if (this.#full) return new StoreFullError(NAME);
    if (this.#pending.length <= WRITES_WAITING_MAX) return undefined;
    return new StorageBusyError("writes of the store", WRITES_WAITING_MAX);
  }

  #sortedKeys(): readonly ByteString[] {
    // One-byte strings compare by char code, hence by byte: LevelDB's order.
    this.#sorted ??= [...this.#entries.keys()].toSorted((left, right) => (left < right ? -1 : 1));
    return this.#sorted;
  }
}

function firstAtOrAbove(sorted: readonly ByteString[], from: ByteString): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? from) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
