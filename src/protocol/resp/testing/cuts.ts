/*
 * The ways in which a stream of bytes is cut for a codec test: what a parser says must be the same for all of them.
 */
import { type Bytes, type ByteString, bytesOf } from "../../../shared/bytes.ts";
import type { Random } from "../../../shared/random.ts";

/** In one chunk. */
export function whole(stream: ByteString): Bytes[] {
  return [bytesOf(stream)];
}

/** Each byte by itself. */
function byteByByte(stream: ByteString): Bytes[] {
  return Array.from(stream, (byte) => bytesOf(byte));
}

/** Cut once, at each place in turn. */
function cutOnce(stream: ByteString): Bytes[][] {
  return Array.from({ length: stream.length + 1 }, (_, at) => [
    bytesOf(stream.slice(0, at)),
    bytesOf(stream.slice(at)),
  ]);
}

/** Into pieces of 0 to `pieceBytesMax` bytes. */
export function cutAtRandom(stream: ByteString, random: Random, pieceBytesMax: number): Bytes[] {
  const chunks: Bytes[] = [];
  for (let at = 0; at < stream.length;) {
    const end = at + random.below(pieceBytesMax + 1);
    chunks.push(bytesOf(stream.slice(at, end)));
    at = end;
  }
  return chunks;
}

/** All of the above. */
export function everyCut(stream: ByteString, random: Random): Bytes[][] {
  const once = stream.length <= 200 ? cutOnce(stream) : [];
  const randomly = [2, 3, 7, 20].map((pieceBytesMax) => cutAtRandom(stream, random, pieceBytesMax));
  return [whole(stream), byteByByte(stream), ...once, ...randomly];
}
