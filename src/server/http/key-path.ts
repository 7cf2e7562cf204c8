/*
 * The key in the path of a REST request: every byte as it stands or as %XX, a slash included. Read from the path as it came
 * over the wire, because URL parsers take `.` and `..` out of it, also where they are written as %2E. And the keys in a query,
 * where a plus stands for a blank as in every form.
 */
import type { ByteString } from "../../shared/bytes.ts";

/** Undefined where a percent sign is not followed by two hexadecimal digits. */
export function keyOfPath(path: string): ByteString | undefined {
  if (/%(?![0-9a-f]{2})/i.test(path)) return undefined;
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The keys of `key=...&key=...`, in order; undefined where there is anything else, or a percent sign stands for nothing. */
export function keysOfQuery(query: string): ByteString[] | undefined {
  const keys: ByteString[] = [];
  for (const pair of query.split("&")) {
    const key = pair.startsWith("key=") ? keyOfPath(pair.slice(4).replaceAll("+", " ")) : undefined;
    if (key === undefined) return undefined;
    keys.push(key);
  }
  return keys;
}
