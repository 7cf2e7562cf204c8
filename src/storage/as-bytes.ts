/*
 * The border between Node's Buffer, which this edge works with, and Bytes, which the house sees. They are the same
 * object; only Node's type declarations leave out the latin1 methods that every Buffer has.
 */
import type { Bytes } from "../shared/bytes.ts";

export function asBytes(buffer: Buffer): Bytes {
  return buffer as unknown as Bytes;
}

export function asBuffer(bytes: Bytes): Buffer {
  return bytes as unknown as Buffer;
}
