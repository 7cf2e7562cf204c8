/*
 * Redis's glob patterns, for KEYS and SCAN MATCH: `*`, `?`, `[abc]`, `[a-z]`, `[^...]`, and `\` before a byte that stands for
 * itself. By bytes, as keys are.
 *
 * A pattern is compiled once and matched against many keys. Every part but `*` stands for exactly one byte, so it is enough
 * to come back to the last `*` and let it take one byte more: at worst (bytes of the key) times (parts of the pattern)
 * steps, where matching by recursion takes exponentially many.
 *
 * Odd patterns mean what they mean to Redis: a class that is not closed ends with the pattern, a range may be written the
 * wrong way round, `\` at the very end is itself, `[]` matches nothing and `[^]` anything.
 */
import type { ByteString } from "../../shared/bytes.ts";

const star = -1;
const anyByte = -2;

const codeStar = 0x2a;
const codeQuestion = 0x3f;
const codeOpen = 0x5b;
const codeClose = 0x5d;
const codeBackslash = 0x5c;
const codeCaret = 0x5e;
const codeDash = 0x2d;

/** A byte, `star`, `anyByte`, or a class: which of the 256 bytes are in it. */
type Part = number | Uint8Array;

export class Glob {
  private readonly parts: readonly Part[];
  /** Matches every key. */
  readonly isAll: boolean;

  constructor(pattern: ByteString) {
    this.parts = compile(pattern);
    this.isAll = this.parts.length === 1 && this.parts[0] === star;
  }

  matches(key: ByteString): boolean {
    if (this.isAll) return true;
    const { parts } = this;
    let part = 0;
    let starPart = -1;
    let starKey = 0;
    let at = 0;
    while (at < key.length) {
      const candidate = parts[part];
      if (candidate === star) {
        starPart = part++;
        starKey = at;
      } else if (candidate !== undefined && fits(candidate, key.charCodeAt(at))) {
        part++;
        at++;
      } else if (starPart >= 0) {
        part = starPart + 1;
        at = ++starKey;
      } else {
        return false;
      }
    }
    while (parts[part] === star) part++;
    return part === parts.length;
  }
}

function fits(part: Part, byte: number): boolean {
  if (typeof part === "number") return part === anyByte || part === byte;
  return part[byte] === 1;
}

function compile(pattern: ByteString): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length;) {
    const code = pattern.charCodeAt(at);
    if (code === codeOpen) {
      const members = new Uint8Array(256);
      at = readClass(pattern, at + 1, members);
      parts.push(members);
      continue;
    }
    if (code === codeStar) {
      if (parts.at(-1) !== star) parts.push(star);
    } else if (code === codeQuestion) {
      parts.push(anyByte);
    } else if (code === codeBackslash && at + 1 < pattern.length) {
      parts.push(pattern.charCodeAt(++at));
    } else {
      parts.push(code);
    }
    at++;
  }
  return parts;
}

/** Reads a class from behind its bracket; answers where the pattern goes on. */
function readClass(pattern: ByteString, start: number, members: Uint8Array): number {
  const negated = pattern.charCodeAt(start) === codeCaret;
  let at = negated ? start + 1 : start;
  while (at < pattern.length && pattern.charCodeAt(at) !== codeClose) {
    const code = pattern.charCodeAt(at);
    if (code === codeBackslash && at + 1 < pattern.length) {
      members[pattern.charCodeAt(at + 1)] = 1;
      at += 2;
    } else if (pattern.charCodeAt(at + 1) === codeDash && at + 2 < pattern.length) {
      const other = pattern.charCodeAt(at + 2);
      members.fill(1, Math.min(code, other), Math.max(code, other) + 1);
      at += 3;
    } else {
      members[code] = 1;
      at++;
    }
  }
  if (negated) for (let byte = 0; byte < 256; byte++) members[byte] = 1 - (members[byte] as number);
  return at + 1;
}
