/*
 * Atomic writes of many keys, for clients that keep their own contexts (docs/COMMANDS.md):
 *
 *   COPS.PUTTRANS CONTEXT bytes FLOOR t [REQUEST client number answeredBelow] n op ...
 *   op = SET key value | SETPX key value unixMs | DEL key, each followed by NX or XX where it is conditional
 *   ──▶ [written, time, datacenter, partition, seq, clock]; where a condition failed, also the context that knows of it
 *
 * A condition that fails fails them all. A repeated request answers as it did the first time. The connection's session is
 * neither read nor changed.
 */
import { conditionAbsent, conditionNone, conditionPresent } from "../../../protocol/messages/forward.ts";
import type { Condition, WriteRequest } from "../../../protocol/messages/forward.ts";
import { effectAssign, effectDelete } from "../../../protocol/version.ts";
import { transactionKeysMax } from "../../../shared/limits.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { syntaxError } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { expiryOf } from "../expiry-arguments.ts";
import { sizeProblem, transactionProblem } from "../size-limits.ts";
import { versionedArguments, wholeNumber } from "../versioned-arguments.ts";
import type { ArgumentName } from "../versioned-arguments.ts";
import { VersionedWrites } from "../versioned-transactions.ts";

const allowed: ReadonlySet<ArgumentName> = new Set(["context", "floor", "request"]);
const argumentLengths: Readonly<Record<string, number | undefined>> = { context: 2, floor: 2, request: 4 };

interface Op {
  readonly write: WriteRequest;
  /** Where the next one begins. */
  readonly next: number;
}

/** Where the arguments with names end: at the number of ops. */
function countAt(args: readonly ByteString[]): number {
  let at = 1;
  for (;;) {
    const length = argumentLengths[(args[at] ?? "").toLowerCase()];
    if (length === undefined) return at;
    at += length;
  }
}

/** A text is the error to answer. */
function writesOf(args: readonly ByteString[], at: number): WriteRequest[] | ByteString {
  const count = wholeNumber(args[at] ?? "");
  if (count === undefined || count === 0) return "ERR the number of operations is not a whole number from 1";
  if (count > transactionKeysMax) return transactionProblem(count, 0) as ByteString;
  const writes: WriteRequest[] = [];
  const keys = new Set<ByteString>();
  let bytes = 0;
  let next = at + 1;
  for (let i = 0; i < count; i++) {
    const op = opAt(args, next);
    if (typeof op === "string") return op;
    const { key, value } = op.write;
    if (keys.has(key)) return "ERR two operations of one transaction are on one key";
    keys.add(key);
    bytes += key.length + value.length;
    writes.push(op.write);
    next = op.next;
  }
  if (next !== args.length) return syntaxError;
  return transactionProblem(count, bytes) ?? writes;
}

function opAt(args: readonly ByteString[], at: number): Op | ByteString {
  const name = (args[at] ?? "").toLowerCase();
  const length = name === "setpx" ? 4 : name === "set" ? 3 : name === "del" ? 2 : 0;
  if (length === 0 || at + length > args.length) return syntaxError;
  const key = args[at + 1] as ByteString;
  const value = name === "del" ? "" : (args[at + 2] as ByteString);
  const expiry = name === "setpx" ? expiryOf("pxat", args[at + 3] as ByteString, "cops.puttrans") : undefined;
  const problem = sizeProblem(key, value) ?? (typeof expiry === "string" ? expiry : undefined);
  if (problem !== undefined) return problem;
  const condition = conditionAt(args, at + length);
  const write: WriteRequest = {
    effect: name === "del" ? effectDelete : effectAssign,
    key,
    value,
    expiry: typeof expiry === "object" ? expiry.ms : 0,
    condition,
    wantOld: false,
    request: undefined,
  };
  return { write, next: at + length + (condition === conditionNone ? 0 : 1) };
}

function conditionAt(args: readonly ByteString[], at: number): Condition {
  const word = (args[at] ?? "").toLowerCase();
  if (word === "nx") return conditionAbsent;
  return word === "xx" ? conditionPresent : conditionNone;
}

export const copsPuttrans: OrderedCommand = {
  name: "cops.puttrans",
  arity: -8,
  flags: ["write", "denyoom"],
  group: "cops",
  since: "0.1.0",
  summary: "Writes many keys at once after the dependencies given, outside of the connection's session.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const at = countAt(args);
    const read = versionedArguments(args.slice(0, at), 1, allowed, client.services.issuer);
    const writes = writesOf(args, at);
    if (typeof read === "string" || typeof writes === "string") {
      client.replies.error(typeof read === "string" ? read : (writes as ByteString));
      return;
    }
    const { dependencies, floor, request } = read;
    if (dependencies === undefined || floor === undefined) client.replies.error(syntaxError);
    else new VersionedWrites(client).begin({ writes, dependencies, floor, request });
  },
};
