/*
 * What one server says to another: lines, the same ones on a connection inside the datacenter and as the MESSAGE that the
 * master delivers between datacenters.
 *
 *   hello SRC           SRC has something for you: the link between us is up
 *   frame SRC BASE64    a frame of the core's messages (protocol/messages/message.ts)
 *
 * Base64 and not its variant for URLs: `-` has a meaning in the master's framing.
 */
import { wholeNumber } from "./names.ts";
import type { ServerId } from "./names.ts";
import { wordsOf } from "./line-socket.ts";
import { asBuffer, asBytes } from "../../storage/as-bytes.ts";
import type { Bytes } from "../../shared/bytes.ts";

export type ServerLine =
  | { readonly kind: "hello"; readonly from: ServerId }
  | { readonly kind: "frame"; readonly from: ServerId; readonly frame: Bytes };

export function helloLine(from: ServerId): string {
  return `hello ${from}`;
}

export function frameLine(from: ServerId, frame: Bytes, length: number): string {
  return `frame ${from} ${asBuffer(frame).toString("base64", 0, length)}`;
}

/** Undefined for what no server says. */
export function parseServerLine(line: string): ServerLine | undefined {
  const [word, source, text, ...more] = wordsOf(line);
  const from = wholeNumber(source);
  if (from === undefined || more.length > 0) return undefined;
  if (word === "hello" && text === undefined) return { kind: "hello", from };
  if (word !== "frame" || text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return { kind: "frame", from, frame: asBytes(Buffer.from(text, "base64")) };
}
