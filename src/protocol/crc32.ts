/*
 * CRC-32 as in zip, PNG and Ethernet (polynomial 0x04c11db7, reflected), by table. For short texts such as tokens; the log
 * has a quicker one with Node.js underneath.
 */
import type { Bytes } from "../shared/bytes.ts";

const table: Uint32Array = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let remainder = i;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  }
  table[i] = remainder;
}

export function crc32(bytes: Bytes): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] as number)) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
