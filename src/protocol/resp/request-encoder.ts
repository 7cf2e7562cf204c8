/*
 * Encodes what a client sends: each command an array of bulk strings (the only form that carries any byte). Used by the
 * client library and the benchmarks; the request parser reads it.
 */
import type { ByteString } from "../../shared/bytes.ts";
import type { OutputBuffer } from "./output-buffer.ts";
import { TYPE_ARRAY } from "./wire-bytes.ts";

/** Appends the command `args` (its name first; at least the name) to `output`. */
export function encodeRequest(output: OutputBuffer, args: readonly ByteString[]): void {
  output.header(TYPE_ARRAY, args.length);
  for (let i = 0; i < args.length; i++) output.bulk(args[i] as ByteString);
}
