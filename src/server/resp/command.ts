/*
 * What a command is: its name, its arity, what it says about itself to COMMAND, and what it does.
 *
 * `run` has answered, or has opened a slot among the connection's replies, when it returns: so replies keep the order of
 * commands whatever they wait for. `args` is the parser's, overwritten by the next command: what is needed later is copied.
 *
 * An exclusive command changes or needs more than one place of its session's order (how replies are written, which session
 * it is, all keys at once): it runs when all earlier replies are out, and the connection's next command waits until it is
 * done. Such a `run` may return a promise; everything else is synchronous.
 */
import type { ByteString } from "../../shared/bytes.ts";
import type { RespConnection } from "./connection.ts";
import type { QueueRule } from "./queued-command.ts";

/** Where the keys are among the arguments; the name has position 0. `last` counts from the end where negative. */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export type CommandGroup = "connection" | "server" | "generic" | "string" | "transactions" | "cops";

interface CommandFacts {
  /** In small letters. */
  readonly name: ByteString;
  /** As Redis counts: the name included; negative for "at least". */
  readonly arity: number;
  readonly flags: readonly string[];
  readonly keys?: KeyPositions;
  readonly group: CommandGroup;
  /** The version of Redis that it follows; of this product for extensions. */
  readonly since: string;
  readonly summary: string;
  /** May be used before AUTH. */
  readonly beforeAuth?: boolean;
  /** Behind MULTI: how it is queued, or that it is carried out at once. Without it, it is refused there. */
  readonly inMulti?: QueueRule | "atOnce";
}

export interface OrderedCommand extends CommandFacts {
  readonly exclusive?: false;
  run(client: RespConnection, args: readonly ByteString[]): void;
}

export interface ExclusiveCommand extends CommandFacts {
  readonly exclusive: true;
  run(client: RespConnection, args: readonly ByteString[]): Promise<void> | void;
}

export type Command = OrderedCommand | ExclusiveCommand;

export const oneKey: KeyPositions = { first: 1, last: 1, step: 1 };
export const allKeys: KeyPositions = { first: 1, last: -1, step: 1 };

export function arityFits(arity: number, count: number): boolean {
  return arity < 0 ? count >= -arity : count === arity;
}

/** In Redis's words; `name` is the full one, as "client|setname". */
export function wrongArity(name: ByteString): ByteString {
  return `ERR wrong number of arguments for '${name}' command`;
}

export const syntaxError = "ERR syntax error";
export const notAnInteger = "ERR value is not an integer or out of range";

const quotedBytesMax = 128;

/** In Redis's words, with at most 128 bytes of the name and of the arguments. */
export function unknownCommand(args: readonly ByteString[]): ByteString {
  let shown = "";
  for (let i = 1; i < args.length && shown.length < quotedBytesMax; i++) {
    shown += `'${(args[i] as ByteString).slice(0, quotedBytesMax - shown.length)}' `;
  }
  return `ERR unknown command '${(args[0] as ByteString).slice(0, quotedBytesMax)}', with args beginning with: ${shown}`;
}

/** Why a command is not carried out for this client, as far as that shows before it runs; undefined when it is. */
export function refusalOf(
  command: { readonly name: ByteString; readonly arity: number; readonly beforeAuth?: boolean },
  argumentCount: number,
  authenticated: boolean,
): ByteString | undefined {
  if (!arityFits(command.arity, argumentCount)) return wrongArity(command.name);
  return authenticated || command.beforeAuth === true ? undefined : "NOAUTH Authentication required.";
}
