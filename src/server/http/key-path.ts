/*
 * The key in the path of a REST request: every byte as it stands or as %XX, a slash included. Read from the path as it came
 * over the wire, because URL parsers take `.` and `..` out of it, also where they are written as %2E.
 */
import type { ByteString } from "../../shared/bytes.ts";

/** Undefined where a percent sign is not followed by two hexadecimal digits. */
export function keyOfPath(path: string): ByteString | undefined {
  if (/%(?![0-9a-f]{2})/i.test(path)) return undefined;
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
