/*
 * A small direct-mapped cache of command names, so that the name of nearly every command is a string that is there
 * already: no string is made, and a lookup of the name in a Map finds its hash computed. One cache serves all
 * connections of a server. Names are kept as sent ("GET" and "get" are two); a name that is new takes its slot's place,
 * so whatever clients send, the cache holds at most `SLOTS` strings of `NAME_BYTES_MAX` bytes.
 */
import type { Bytes, ByteString } from "../../shared/bytes.ts";

const SLOTS = 256;
const NAME_BYTES_MAX = 24;

export class CommandNames {
  readonly #slots: ByteString[] = Array.from({ length: SLOTS }, () => "");

  /** `bytes[start, stop)` as a byte string. */
  lookup(bytes: Bytes, start: number, stop: number): ByteString {
    const length = stop - start;
    if (length === 0 || length > NAME_BYTES_MAX) return bytes.latin1Slice(start, stop);
    const first = bytes[start] as number;
    const middle = bytes[start + (length >> 1)] as number;
    const last = bytes[stop - 1] as number;
    const slot = (first * 7 + middle * 13 + last * 29 + length) & (SLOTS - 1);
    const candidate = this.#slots[slot] as ByteString;
    if (candidate.length === length && equals(candidate, bytes, start)) return candidate;
    const name = bytes.latin1Slice(start, stop);
    this.#slots[slot] = name;
    return name;
  }
}

function equals(name: ByteString, bytes: Bytes, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
