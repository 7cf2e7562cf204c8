/*
 * Commands with subcommands (CLIENT, CONFIG, COMMAND): found, checked for arity and helped with in one way.
 */
import type { ByteString } from "../../shared/bytes.ts";
import { arityFits, wrongArity } from "./command.ts";
import type { RespConnection } from "./connection.ts";

export interface Subcommand {
  /** In small letters. */
  readonly name: ByteString;
  /** As Redis counts: both names included; negative for "at least". */
  readonly arity: number;
  /** For HELP: the arguments, and what it does. */
  readonly usage: string;
  readonly summary: string;
  run(client: RespConnection, args: readonly ByteString[]): void;
}

export type Subcommands = ReadonlyMap<ByteString, Subcommand>;

export function subcommandsOf(subcommands: readonly Subcommand[]): Subcommands {
  return new Map(subcommands.map((subcommand) => [subcommand.name, subcommand]));
}

/** `command` in small letters. */
export function runSubcommand(
  command: ByteString,
  subcommands: Subcommands,
  client: RespConnection,
  args: readonly ByteString[],
): void {
  const asked = args[1] as ByteString;
  const name = asked.toLowerCase();
  const subcommand = subcommands.get(name);
  if (subcommand === undefined) {
    if (name === "help" && args.length === 2) help(command, subcommands, client);
    else client.replies.error(`ERR unknown subcommand '${asked.slice(0, 128)}'. Try ${command.toUpperCase()} HELP.`);
  } else if (!arityFits(subcommand.arity, args.length)) {
    client.replies.error(wrongArity(`${command}|${name}`));
  } else {
    client.lastCommand = `${command}|${name}`;
    subcommand.run(client, args);
  }
}

function help(command: ByteString, subcommands: Subcommands, client: RespConnection): void {
  const lines = [`${command.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  for (const { usage, summary } of subcommands.values()) lines.push(usage, `    ${summary}`);
  lines.push("HELP", "    Prints this help.");
  const reply = client.replies.begin();
  reply.arrayHeader(lines.length);
  for (const line of lines) reply.simple(line);
  client.replies.end();
}
