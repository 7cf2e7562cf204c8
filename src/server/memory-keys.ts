/*
 * The keys of one partition that the store may lack, in order of hash: what a walk over the partition merges with the
 * store's range (keyspace-walk.ts, where the argument stands why one such list may serve a walk of many steps).
 */
import type { Partition } from "../core/partition.ts";
import type { ByteString } from "../shared/bytes.ts";

export class MemoryKeys {
  private readonly hashes: Uint32Array;
  private readonly keys: readonly ByteString[];

  constructor(partition: Partition) {
    const records = [];
    for (const record of partition.records.values()) if (record.dirty || record.writing) records.push(record);
    records.sort((a, b) => a.hash - b.hash);
    this.hashes = Uint32Array.from(records, (record) => record.hash);
    this.keys = records.map((record) => record.key);
  }

  get size(): number {
    return this.keys.length;
  }

  /** Index of the first key at or above `hash`. */
  indexAt(hash: number): number {
    let low = 0;
    let high = this.hashes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.hashes[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  hashAt(index: number): number {
    return this.hashes[index] as number;
  }

  keyAt(index: number): ByteString {
    return this.keys[index] as ByteString;
  }
}
