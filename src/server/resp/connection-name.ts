/*
 * Names of connections, sessions and libraries: printable and without blanks, since CLIENT LIST prints them between blanks.
 */
import type { ByteString } from "../../shared/bytes.ts";
import { nameBytesMax } from "./resp-limits.ts";

const printable = /^[!-~]*$/;

export const invalidConnectionName = "ERR Client names cannot contain spaces, newlines or special characters.";

export function isConnectionName(name: ByteString): boolean {
  return name.length <= nameBytesMax && printable.test(name);
}
