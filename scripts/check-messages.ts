/*
 * docs/PROTOCOL.md has a row `| type | \`name\` | ...` for every message of src/protocol/messages/message.ts: a message
 * without a row fails, and so does a row without a message or with another number.
 */
import { readProjectFile, report } from "./project-files.ts";

const source = "src/protocol/messages/message.ts";
const document = "docs/PROTOCOL.md";

/** What is wrong with the message table of `markdown`; nothing, when all is well. */
export function messageProblems(code: string, markdown: string): string[] {
  const messages = messagesOf(code);
  const rows = rowsOf(markdown);
  if (messages.size === 0) return [`${source}: no message found`];
  return [
    ...[...messages].flatMap(([name, type]) => (rows.get(name) === type ? [] : [`${name} (${type}): has no such row`])),
    ...[...rows.keys()].filter((name) => !messages.has(name)).map((name) => `${name}: has a row and is no message`),
  ];
}

function messagesOf(code: string): Map<string, number> {
  const constants = [...code.matchAll(/^export const message([A-Z]\w+) = (\d+);/gm)];
  const types = constants.filter(([, name = ""]) => !name.endsWith("Bytes"));
  return new Map(types.map(([, name = "", type = ""]) => [kebab(name), Number(type)]));
}

function rowsOf(markdown: string): Map<string, number> {
  const [, text = ""] = markdown.split(/^## Messages$/m);
  const [table = ""] = text.split(/^## /m);
  const rows = [...table.matchAll(/^\|\s*(\d+)\s*\|\s*`([a-z-]+)`/gm)];
  return new Map(rows.map(([, type = "", name = ""]) => [name, Number(type)]));
}

function kebab(name: string): string {
  return name.replaceAll(/(?<!^)[A-Z]/g, "-$&").toLowerCase();
}

if (import.meta.main) {
  report(`messages of ${document}`, messageProblems(readProjectFile(source), readProjectFile(document)));
}
