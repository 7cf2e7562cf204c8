/*
 * Versions that superseded others, in the order in which they did, until what they superseded may go (older-versions.ts).
 *
 * When that was and how large the superseded version is stand here in numbers: by the time of asking, the versions have long
 * left the processor's caches, and at a hundred thousand writes a second each look at one costs more than the rest. In chunks,
 * because arrays that grow and are cut would be copied.
 */
import type { KeyRecord } from "./key-record.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { Version } from "../protocol/version.ts";

const chunkLength = 1_024;

class Chunk {
  readonly versions: (Version | undefined)[] = Array.from({ length: chunkLength });
  readonly records: (KeyRecord | undefined)[] = Array.from({ length: chunkLength });
  readonly times: Float64Array = new Float64Array(chunkLength);
  readonly sizes: Float64Array = new Float64Array(chunkLength);
  first = 0;
  end = 0;
}

export class SupersedingQueue {
  length = 0;
  /** Of what was superseded, also where something else has hidden it since. */
  bytes = 0;
  /** Oldest first; the last one is being filled. */
  private readonly chunks: Chunk[] = [];

  /** When the first one superseded another; infinity where there is none. */
  get oldest(): HybridTime {
    const chunk = this.chunks[0];
    return chunk === undefined ? Number.POSITIVE_INFINITY : (chunk.times[chunk.first] as number);
  }

  push(by: Version, record: KeyRecord, time: HybridTime, bytes: number): void {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || chunk.end === chunkLength) this.chunks.push((chunk = new Chunk()));
    const at = chunk.end++;
    chunk.versions[at] = by;
    chunk.records[at] = record;
    chunk.times[at] = time;
    chunk.sizes[at] = bytes;
    this.length++;
    this.bytes += bytes;
  }

  /** Takes the first one out. */
  shift(told: (record: KeyRecord, by: Version, time: HybridTime) => void): void {
    const chunk = this.chunks[0] as Chunk;
    const at = chunk.first++;
    const by = chunk.versions[at] as Version;
    const record = chunk.records[at] as KeyRecord;
    chunk.versions[at] = undefined;
    chunk.records[at] = undefined;
    this.length--;
    this.bytes -= chunk.sizes[at] as number;
    if (chunk.first === chunk.end) this.chunks.shift();
    told(record, by, chunk.times[at] as number);
  }
}
