/*
 * Zeros on disk: filling a file with them ahead of use, finding what is not zero, and putting them over what must never
 * come back.
 *
 * Zeros are written rather than allocated: a file system marks allocated blocks "unwritten" and has to change metadata,
 * hence commit its journal, at the first write to each; written blocks make a later synced write one write to the medium.
 */
import type { OpenFile } from "./file-port.ts";
import { readFully } from "./file-port.ts";

const CHUNK_BYTES = 1024 * 1024;
const ZEROS: Buffer = Buffer.alloc(CHUNK_BYTES);
/** A sync for every few chunks keeps the burst small that foreground syncs of the same disk may wait behind. */
const CHUNKS_PER_SYNC = 4;

/** Fills [from, to) and syncs; the size of the file is durable as well. */
export async function writeZeros(file: OpenFile, from: number, to: number): Promise<void> {
  let chunks = 0;
  for (let at = from; at < to; at += CHUNK_BYTES) {
    await file.write([ZEROS.subarray(0, Math.min(CHUNK_BYTES, to - at))], at);
    if (++chunks % CHUNKS_PER_SYNC === 0) await file.sync();
  }
  await file.sync();
}

/** Where the last byte in [from, to) that is not zero ends; `from` if all are zero. */
export async function endOfNonZero(file: OpenFile, from: number, to: number): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(0, to - from)));
  let end = from;
  for (let at = from; at < to; at += buffer.length) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, to - at));
    const bytes = wanted.subarray(0, await readFully(file, wanted, at));
    if (bytes.equals(ZEROS.subarray(0, bytes.length))) continue;
    let last = bytes.length;
    while (bytes[last - 1] === 0) last--;
    end = at + last;
  }
  return end;
}
