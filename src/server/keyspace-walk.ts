/*
 * Walks the keys of this node's partitions in order of (partition, hash): one page after the other, each from a hash that the
 * page before named. No page depends on anything that the walker would have to remember.
 *
 *   page(partition, from, limit) ──▶ the visible keys with from <= hash < next, and next (2^32: the partition is through)
 *
 * A page is whole hashes: keys of one hash are never torn apart, or a cursor that says only a hash would lose some.
 *
 * The promise (Redis's for SCAN): a key that is visible from the start of a walk to its end is found. Where can such a key k
 * be when a page covers its hash? A page takes, first, the list of keys that the store may lack (dirty, or in a batch that
 * is not durable), and then reads the store.
 *
 *   - k is in the list: found.
 *   - k is not in the list, which was made before the store was read. When the list was made k was visible, so it had a
 *     record, and that was neither dirty nor being written: the store had it. A record that is in the store stays there (only
 *     collection of tombstones takes records out, and k was visible throughout): the store's range gives k.
 *
 * The second case only needs a list that was made after the walk began. So the list may be kept between pages: it is made
 * anew whenever a walk enters the partition at hash 0, and where it was dropped. Another walk that enters makes it newer,
 * which is as good. Keys that became dirty since are in the store (they were there before, or they were not visible
 * throughout). That is what makes a walk over a partition of n changed keys cost one sort and not one for each page.
 *
 * Whether a candidate is visible is asked last, of the record in memory if it is there and loaded, else of what the
 * store gave. A key of the list that was checkpointed and left memory between the two steps is in neither: it is read from
 * the store by name.
 */
import { DecodeError } from "../protocol/byte-reader.ts";
import type { NodeCore } from "../core/node-core.ts";
import { isPresent } from "../core/operations.ts";
import type { Partition } from "../core/partition.ts";
import { unixMsOfHybridTime } from "../protocol/hybrid-time.ts";
import { decodeRecord, recordKey, recordKeyPrefix, recordPrefixBytes } from "../protocol/record.ts";
import { invariant } from "../shared/assert.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import type { Store } from "../storage/store.ts";
import { MemoryKeys } from "./memory-keys.ts";

export const hashEnd = 0x1_0000_0000;

const memoryKeysKept = 32;
const storeEntriesMax = 1024;
const storeBytesAim = 1024 * 1024;
const pageKeyBytesMax = 256 * 1024;

export interface KeyPage {
  readonly keys: ByteString[];
  /** Where the next page begins; `hashEnd` when the partition is through. */
  readonly next: number;
}

interface Candidate {
  readonly hash: number;
  readonly key: ByteString;
  /** What the store holds; undefined where only memory named the key. */
  readonly stored: Bytes | undefined;
}

export class KeyspaceWalk {
  /** By partition; least recently used first. */
  private readonly memoryKeys = new Map<number, MemoryKeys>();
  /** How large the store's entries were lately, so that a page of large values does not fill memory. */
  private storeEntryBytes = 16 * 1024;
  private readonly core: NodeCore;
  private readonly store: Store;

  constructor(core: NodeCore, store: Store) {
    this.core = core;
    this.store = store;
  }

  /** About `limit` keys; fewer, even none, do not mean that the partition is through. */
  async page(id: number, from: number, limit: number): Promise<KeyPage> {
    const { partition, candidates, next } = await this.candidates(id, from, limit);
    const page = await this.visible(partition, candidates, next);
    if (page.next === hashEnd) this.memoryKeys.delete(id);
    return page;
  }

  /**
   * The same, with tombstones and expired values among the keys: for a snapshot at a time that is pinned. What was visible
   * then is still a record, since nothing is collected while anything is pinned.
   */
  async pageOfRecords(id: number, from: number, limit: number): Promise<KeyPage> {
    const { candidates, next } = await this.candidates(id, from, limit);
    if (next === hashEnd) this.memoryKeys.delete(id);
    return { keys: candidates.map(({ key }) => key), next };
  }

  private async candidates(
    id: number,
    from: number,
    limit: number,
  ): Promise<{ partition: Partition; candidates: Candidate[]; next: number }> {
    const partition = this.core.state.local(id);
    invariant(partition !== undefined, "a node walks the partitions that it owns");
    const memory = this.memoryKeysOf(partition, from);
    const stored = await this.storePage(id, from, limit);
    let next = stored.next;
    const first = memory.indexAt(from);
    let end = memory.indexAt(next);
    if (end - first > limit) {
      next = memory.hashAt(first + limit - 1) + 1;
      end = memory.indexAt(next);
    }
    return { partition, candidates: merge(stored.entries, memory, first, end, next), next };
  }

  /** For metrics. */
  get memoryKeyCount(): number {
    let count = 0;
    for (const keys of this.memoryKeys.values()) count += keys.size;
    return count;
  }

  /** The time at which values are judged expired or not, in Unix ms: as a session judges them that has seen nothing. */
  private get seenMs(): number {
    return unixMsOfHybridTime(this.core.clockTold);
  }

  private memoryKeysOf(partition: Partition, from: number): MemoryKeys {
    const kept = from === 0 ? undefined : this.memoryKeys.get(partition.id);
    const keys = kept ?? new MemoryKeys(partition);
    this.memoryKeys.delete(partition.id);
    this.memoryKeys.set(partition.id, keys);
    for (const id of this.memoryKeys.keys()) {
      if (this.memoryKeys.size <= memoryKeysKept) break;
      this.memoryKeys.delete(id);
    }
    return keys;
  }

  /** The store's entries with from <= hash < next: whole hashes. */
  private async storePage(id: number, from: number, limit: number): Promise<{ entries: Candidate[]; next: number }> {
    const room = Math.max(1, Math.min(limit, storeEntriesMax, Math.floor(storeBytesAim / this.storeEntryBytes)));
    const end = endOf(id);
    const entries = (await this.store.range(recordKeyPrefix(id, from), end, room)).map(candidateOf);
    this.noteSizes(entries);
    const last = entries.at(-1);
    if (last === undefined || entries.length < room) return { entries, next: hashEnd };
    const next = last.hash + 1;
    let after = last;
    for (const hashStop = next === hashEnd ? end : recordKeyPrefix(id, next); ;) {
      const more = await this.store.range(`${recordKey(id, after.hash, after.key)}\0`, hashStop, storeEntriesMax);
      for (const entry of more) entries.push(candidateOf(entry));
      if (more.length < storeEntriesMax) return { entries, next };
      after = entries.at(-1) as Candidate;
    }
  }

  private noteSizes(entries: readonly Candidate[]): void {
    if (entries.length === 0) return;
    let bytes = 0;
    for (const { key, stored } of entries) bytes += key.length + (stored === undefined ? 0 : stored.length);
    this.storeEntryBytes = Math.max(64, bytes / entries.length, this.storeEntryBytes / 2);
  }

  private async visible(partition: Partition, candidates: readonly Candidate[], next: number): Promise<KeyPage> {
    const { seenMs } = this;
    const keys: ByteString[] = [];
    const lost: Candidate[] = [];
    let bytes = 0;
    for (const [i, candidate] of candidates.entries()) {
      if (bytes >= pageKeyBytesMax && candidate.hash !== candidates[i - 1]?.hash) {
        return { keys: [...keys, ...(await this.visibleInStore(partition, lost))], next: candidate.hash };
      }
      const record = partition.records.get(candidate.key);
      if (record?.loaded === true) {
        if (isPresent(record.current, seenMs)) keys.push(candidate.key);
      } else if (candidate.stored === undefined) lost.push(candidate);
      else if (isPresent(decodeRecord(candidate.stored), seenMs)) keys.push(candidate.key);
      bytes += candidate.key.length;
    }
    return { keys: [...keys, ...(await this.visibleInStore(partition, lost))], next };
  }

  private async visibleInStore(partition: Partition, lost: readonly Candidate[]): Promise<ByteString[]> {
    if (lost.length === 0) return [];
    const stored = await this.store.getMany(lost.map(({ hash, key }) => recordKey(partition.id, hash, key)));
    const { seenMs } = this;
    const keys: ByteString[] = [];
    for (const [i, { key }] of lost.entries()) {
      const record = partition.records.get(key);
      const bytes = stored[i];
      const kept = bytes === undefined ? undefined : decodeRecord(bytes);
      if (isPresent(record?.loaded === true ? record.current : kept, seenMs)) keys.push(key);
    }
    return keys;
  }
}

function endOf(partition: number): ByteString {
  return recordKeyPrefix(partition + 1, 0);
}

function candidateOf([storeKey, stored]: readonly [ByteString, Bytes]): Candidate {
  if (storeKey.length < recordPrefixBytes) throw new DecodeError("a record's key is shorter than its prefix");
  const at = recordPrefixBytes - 4;
  const hash =
    ((storeKey.charCodeAt(at) << 24) |
      (storeKey.charCodeAt(at + 1) << 16) |
      (storeKey.charCodeAt(at + 2) << 8) |
      storeKey.charCodeAt(at + 3)) >>>
    0;
  return { hash, key: storeKey.slice(recordPrefixBytes), stored };
}

/** Both in order of hash, each key once; the store's entries before `next` only. */
function merge(
  entries: readonly Candidate[],
  memory: MemoryKeys,
  first: number,
  end: number,
  next: number,
): Candidate[] {
  const merged = new Map<ByteString, Candidate>();
  for (let i = first; i < end; i++) {
    const key = memory.keyAt(i);
    merged.set(key, { hash: memory.hashAt(i), key, stored: undefined });
  }
  for (const entry of entries) if (entry.hash < next) merged.set(entry.key, entry);
  return [...merged.values()].toSorted((a, b) => a.hash - b.hash);
}
