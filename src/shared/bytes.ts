/*
 * The two shapes in which bytes travel through the house.
 *
 * - `Bytes`: a mutable run of bytes, a Node.js Buffer seen through the few methods that we need, so that `core` can be
 *   compiled without Node's types.
 * - `ByteString`: a one-byte ("latin1") JavaScript string whose char codes are the bytes. Keys and values are kept this
 *   way: half the memory of a Buffer object, immutable, usable as a Map key, and copied in and out at memcpy speed.
 *
 * Left out on purpose: any text encoding. Text is somebody else's reading of bytes.
 */

declare const brand: unique symbol;

/** Bytes held in a string: every char code is 0..255. */
export type ByteString = string & { readonly [brand]?: "ByteString" };

/** What we use of a Node.js Buffer. Offsets and lengths are in bytes. */
export interface Bytes extends Uint8Array {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
  utf8Write(text: string, offset?: number, length?: number): number;
  copy(target: Uint8Array, targetStart?: number, sourceStart?: number, sourceEnd?: number): number;
  subarray(start?: number, end?: number): Bytes;
}

declare const Buffer: {
  allocUnsafeSlow(length: number): Bytes;
  alloc(length: number): Bytes;
  from(text: string, encoding: "latin1" | "utf8" | "hex" | "base64url"): Bytes;
};

/** `length` bytes of whatever was in memory; the caller overwrites them all. */
export function allocBytes(length: number): Bytes {
  return Buffer.allocUnsafeSlow(length);
}

export function allocZeroedBytes(length: number): Bytes {
  return Buffer.alloc(length);
}

export function bytesOf(text: ByteString): Bytes {
  return Buffer.from(text, "latin1");
}

export function bytesOfUtf8(text: string): Bytes {
  return Buffer.from(text, "utf8");
}

export function byteStringOf(bytes: Bytes): ByteString {
  return bytes.latin1Slice(0, bytes.length);
}

/** The UTF-8 bytes of a text, as a byte string. */
export function byteStringOfUtf8(text: string): ByteString {
  return byteStringOf(bytesOfUtf8(text));
}
