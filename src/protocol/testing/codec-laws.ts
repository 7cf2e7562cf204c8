/*
 * What every decoder of the protocol owes: it gives back what was encoded and takes all of it, whatever stands before and
 * behind it in the buffer; cut short anywhere it throws DecodeError; and on bytes that nobody encoded it throws nothing
 * else (invariant 14).
 */
import fc from "fast-check";
import { expect } from "vitest";
import { ByteReader, DecodeError } from "../byte-reader.ts";
import { ByteWriter } from "../byte-writer.ts";
import { allocBytes } from "../../shared/bytes.ts";
import type { Bytes } from "../../shared/bytes.ts";

export interface Codec<T> {
  readonly values: fc.Arbitrary<T>;
  encode(writer: ByteWriter, value: T): void;
  decode(reader: ByteReader): T;
}

/** Bytes of a message come with its header, which is no part of the body. */
export function encoded<T>(codec: Pick<Codec<T>, "encode">, value: T, headerBytes = 0): Bytes {
  const writer = new ByteWriter(1);
  codec.encode(writer, value);
  return writer.copy().subarray(headerBytes);
}

export function givesBackWhatWasEncoded<T>(codec: Codec<T>, headerBytes = 0): void {
  fc.assert(
    fc.property(codec.values, fc.nat(9), fc.nat(9), (value, before, behind) => {
      const bytes = encoded(codec, value, headerBytes);
      const buffer = allocBytes(before + bytes.length + behind);
      bytes.copy(buffer, before);
      const reader = new ByteReader(buffer, before, before + bytes.length);
      expect(codec.decode(reader)).toEqual(value);
      expect(reader.remaining).toBe(0);
    }),
  );
}

export function refusesWhatIsCutShort<T>(codec: Codec<T>, headerBytes = 0): void {
  fc.assert(
    fc.property(codec.values, (value) => {
      const bytes = encoded(codec, value, headerBytes);
      for (let length = 0; length < bytes.length; length++) {
        expect(() => codec.decode(new ByteReader(bytes, 0, length))).toThrow(DecodeError);
      }
    }),
    { numRuns: 30 },
  );
}

/** Random bytes, and encoded values with some bytes changed: the second gets further into the decoder. */
export function throwsNothingElse<T>(codec: Codec<T>, headerBytes = 0): void {
  const mutated = fc
    .tuple(codec.values, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([value, changes]) => {
      const bytes = encoded(codec, value, headerBytes);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 60 }).map((array) => {
    const bytes = allocBytes(array.length);
    bytes.set(array);
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(mutated, random), (bytes) => {
      try {
        codec.decode(new ByteReader(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 300 },
  );
}

export function hexOf(bytes: Bytes): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
