/*
 * Bytes as text that stands anywhere without quoting (RFC 4648, section 5, without padding): tokens travel through URLs,
 * headers and command lines. Decoding is strict: each text stands for one run of bytes, so a token that was changed in any
 * place is a different token.
 */
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const none = 255;
const valueOfCode: Uint8Array = new Uint8Array(128).fill(none);
for (let i = 0; i < alphabet.length; i++) valueOfCode[alphabet.charCodeAt(i)] = i;

export function encodeBase64url(bytes: Bytes, length: number = bytes.length): string {
  const parts: string[] = [];
  for (let i = 0; i < length; i += 3) {
    const left = length - i;
    const group =
      ((bytes[i] as number) << 16) |
      (left > 1 ? (bytes[i + 1] as number) << 8 : 0) |
      (left > 2 ? (bytes[i + 2] as number) : 0);
    parts.push(alphabet.charAt(group >>> 18), alphabet.charAt((group >>> 12) & 63));
    if (left > 1) parts.push(alphabet.charAt((group >>> 6) & 63));
    if (left > 2) parts.push(alphabet.charAt(group & 63));
  }
  return parts.join("");
}

/** Undefined when the text is not exactly what `encodeBase64url` writes. */
export function decodeBase64url(text: string): Bytes | undefined {
  const rest = text.length % 4;
  if (rest === 1) return undefined;
  const bytes = allocBytes(Math.floor((text.length * 3) / 4));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const value = valueOfCode[text.charCodeAt(i)] ?? none;
    if (value === none) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >>> bits;
  }
  const padding = held & ((1 << bits) - 1);
  return padding === 0 ? bytes : undefined;
}
