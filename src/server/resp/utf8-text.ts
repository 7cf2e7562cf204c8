/*
 * Bytes for people: as UTF-8, where they are; broken sequences show as replacement characters.
 */
import type { ByteString } from "../../shared/bytes.ts";

export function utf8TextOf(bytes: ByteString): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
