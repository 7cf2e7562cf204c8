/*
 * COMMAND: the commands that there are, as clients look them up (COUNT, LIST, INFO, DOCS, GETKEYS).
 */
import type { ByteString } from "../../../shared/bytes.ts";
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { arityFits } from "../command.ts";
import type { Command, OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { Glob } from "../glob.ts";
import { runSubcommand, subcommandsOf } from "../subcommands.ts";
import type { Subcommand } from "../subcommands.ts";

const count: Subcommand = {
  name: "count",
  arity: 2,
  usage: "COUNT",
  summary: "Return the total number of commands in this server.",
  run(client) {
    client.replies.begin().integer(client.services.table.entries.length);
    client.replies.end();
  },
};

const list: Subcommand = {
  name: "list",
  arity: -2,
  usage: "LIST [FILTERBY PATTERN <pattern>]",
  summary: "Return the names of the commands.",
  run(client, args) {
    const names = client.services.table.entries.map(({ command }) => command.name);
    const filtered = filter(names, args);
    if (filtered === undefined) {
      client.replies.error("ERR syntax error");
      return;
    }
    const reply = client.replies.begin();
    reply.arrayHeader(filtered.length);
    for (const name of filtered) reply.bulk(name);
    client.replies.end();
  },
};

const info: Subcommand = {
  name: "info",
  arity: -2,
  usage: "INFO [<command-name> ...]",
  summary: "Return details about multiple commands.",
  run(client, args) {
    writeInfos(client, args.length === 2 ? undefined : args.slice(2));
  },
};

const docs: Subcommand = {
  name: "docs",
  arity: -2,
  usage: "DOCS [<command-name> ...]",
  summary: "Return documentation details about multiple commands.",
  run(client, args) {
    const { entries } = client.services.table;
    const asked = args.slice(2).map((name) => client.services.table.find(name));
    const found = args.length === 2 ? entries : asked.filter((entry) => entry !== undefined);
    const reply = client.replies.begin();
    reply.mapHeader(found.length);
    for (const { command } of found) writeDocs(reply, command);
    client.replies.end();
  },
};

const getkeys: Subcommand = {
  name: "getkeys",
  arity: -3,
  usage: "GETKEYS <full-command>",
  summary: "Return the keys from a full command.",
  run(client, args) {
    const keys = keysOf(client, args.slice(2));
    if (typeof keys === "string") {
      client.replies.error(keys);
      return;
    }
    const reply = client.replies.begin();
    reply.arrayHeader(keys.length);
    for (const key of keys) reply.bulk(key);
    client.replies.end();
  },
};

const subcommands = subcommandsOf([count, list, info, docs, getkeys]);

export const commandCommand: OrderedCommand = {
  name: "command",
  arity: -1,
  flags: ["loading", "stale"],
  group: "server",
  since: "2.8.13",
  summary: "Returns detailed information about all commands.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    if (args.length === 1) writeInfos(client, undefined);
    else runSubcommand("command", subcommands, client, args);
  },
};

function filter(names: readonly ByteString[], args: readonly ByteString[]): readonly ByteString[] | undefined {
  if (args.length === 2) return names;
  const isFilter = args.length === 5 && (args[2] as ByteString).toLowerCase() === "filterby";
  if (!isFilter || (args[3] as ByteString).toLowerCase() !== "pattern") return undefined;
  const glob = new Glob((args[4] as ByteString).toLowerCase());
  return names.filter((name) => glob.matches(name));
}

function writeInfos(client: RespConnection, names: readonly ByteString[] | undefined): void {
  const { table } = client.services;
  const reply = client.replies.begin();
  const entries = names === undefined ? table.entries : names.map((name) => table.find(name));
  reply.arrayHeader(entries.length);
  for (const entry of entries) {
    if (entry === undefined) reply.nullArray();
    else writeInfo(reply, entry.command);
  }
  client.replies.end();
}

/** Name, arity, flags, first key, last key, step, categories, tips, key specifications, subcommands. */
function writeInfo(reply: ReplyWriter, command: Command): void {
  const { keys } = command;
  reply.arrayHeader(10);
  reply.bulk(command.name);
  reply.integer(command.arity);
  const flags = command.beforeAuth === true ? [...command.flags, "no_auth"] : command.flags;
  reply.setHeader(flags.length);
  for (const flag of flags) reply.simple(flag);
  reply.integer(keys?.first ?? 0);
  reply.integer(keys?.last ?? 0);
  reply.integer(keys?.step ?? 0);
  reply.setHeader(1);
  reply.simple(`@${command.group}`);
  for (let i = 0; i < 3; i++) reply.arrayHeader(0);
}

function writeDocs(reply: ReplyWriter, command: Command): void {
  reply.bulk(command.name);
  reply.mapHeader(3);
  reply.bulk("summary");
  reply.bulkUtf8(command.summary);
  reply.bulk("since");
  reply.bulk(command.since);
  reply.bulk("group");
  reply.bulk(command.group);
}

/** A text is the error to answer. */
function keysOf(client: RespConnection, args: readonly ByteString[]): ByteString[] | ByteString {
  const command = client.services.table.find(args[0] as ByteString)?.command;
  if (command === undefined) return "ERR Invalid command specified";
  if (!arityFits(command.arity, args.length)) return "ERR Invalid number of arguments specified for command";
  if (command.keys === undefined) return "ERR The command has no key arguments";
  const { first, last, step } = command.keys;
  const end = last < 0 ? args.length + last : last;
  const keys: ByteString[] = [];
  for (let i = first; i <= end; i += step) keys.push(args[i] as ByteString);
  return keys;
}
