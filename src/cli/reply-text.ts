/*
 * Replies for people, in the manner of redis-cli, and as plain JSON values for programs.
 */
import { textOf } from "./resp-connection.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";

/** What C calls printable, and everything beyond ASCII: anything else is escaped. */
const unprintable = /[\x00-\x1f\x7f"\\]/g;
const escapes: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quoted(bytes: string): string {
  const text = textOf(bytes);
  // Not UTF-8: show the bytes.
  const shown = Buffer.from(text, "utf8").toString("latin1") === bytes ? text : undefined;
  const escaped = (shown ?? bytes).replace(unprintable, (c) => escapes[c] ?? hex(c));
  return `"${shown === undefined ? escaped.replace(/[\x80-\xff]/g, hex) : escaped}"`;
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** `indent` is put before every line but the first. */
export function replyText(value: ReplyValue, indent = ""): string {
  if (value === null) return "(nil)";
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object") return `(${typeof value === "boolean" ? "boolean" : "integer"}) ${value}`;
  if (Array.isArray(value)) return listText(value, indent, "(empty list)");
  switch (value.kind) {
    case "error":
      return `(error) ${textOf(value.message)}`;
    case "verbatim":
      return textOf(value.text);
    case "set":
      return listText(value.members, indent, "(empty set)");
    case "map":
      return mapText(value.entries, indent);
  }
}

function listText(items: readonly ReplyValue[], indent: string, empty: string): string {
  if (items.length === 0) return empty;
  const width = String(items.length).length;
  return items
    .map((item, i) => {
      const label = `${String(i + 1).padStart(width)}) `;
      return `${i === 0 ? "" : indent}${label}${replyText(item, indent + " ".repeat(label.length))}`;
    })
    .join("\n");
}

function mapText(entries: readonly (readonly [ReplyValue, ReplyValue])[], indent: string): string {
  if (entries.length === 0) return "(empty map)";
  return entries
    .map(([key, value], i) => `${i === 0 ? "" : indent}${replyText(key)} => ${replyText(value, `${indent}    `)}`)
    .join("\n");
}

/** A map becomes an object, a set an array, an error an object with `error`. */
export function replyJson(value: ReplyValue): unknown {
  if (typeof value === "string") return textOf(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replyJson(item));
  switch (value.kind) {
    case "error":
      return { error: textOf(value.message) };
    case "verbatim":
      return textOf(value.text);
    case "set":
      return value.members.map((item) => replyJson(item));
    case "map":
      return Object.fromEntries(value.entries.map(([key, item]) => [String(replyJson(key)), replyJson(item)]));
  }
}
