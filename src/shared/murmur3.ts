/*
 * MurmurHash3, the x86 32-bit variant (Austin Appleby's MurmurHash3_x86_32, public domain, from SMHasher).
 *
 * It places keys: partition = murmur3(key, 0) mod P (design, section 2). So its results are part of the data format: a
 * change here would move every key of every cluster. The published vectors in the test hold it still.
 *
 * It hashes the bytes of a one-byte string where they are. Not for untrusted tables: it is no keyed hash.
 */
import type { ByteString } from "./bytes.ts";

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** The 32-bit hash of the key's bytes, unsigned. `seed` is taken modulo 2^32. */
export function murmur3(key: ByteString, seed: number): number {
  const length = key.length;
  const blocksEnd = length & ~3;
  let hash = seed | 0;
  for (let i = 0; i < blocksEnd; i += 4) {
    const block =
      key.charCodeAt(i) | (key.charCodeAt(i + 1) << 8) | (key.charCodeAt(i + 2) << 16) | (key.charCodeAt(i + 3) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (blocksEnd < length) hash ^= scramble(tailBlock(key, blocksEnd));
  return finalize(hash ^ length);
}

/** The one to three bytes after the last whole block, little-endian. */
function tailBlock(key: ByteString, start: number): number {
  let block = 0;
  for (let i = key.length - 1; i >= start; i--) block = (block << 8) | key.charCodeAt(i);
  return block;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
}

/** Murmur's closing mix (fmix32), by which every input bit reaches every output bit; a good integer hash by itself. */
export function finalize(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
