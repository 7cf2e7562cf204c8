/*
 * put_after of the paper (section 4.1), for clients that keep their own contexts (docs/COMMANDS.md):
 *
 *   COPS.PUTAFTER key value CONTEXT bytes FLOOR t [REQUEST client number answeredBelow] [NX | XX | VERSION text] [PXAT unixMs]
 *   COPS.DELAFTER key CONTEXT bytes FLOOR t [REQUEST client number answeredBelow] [XX | VERSION text]
 *   ──▶ [written, time, datacenter, partition, seq, clock, dotDatacenter, dotPartition]
 *
 * Where the condition failed, written is 0 and the version is the one that was judged. A repeated request answers as it did
 * the first time. The connection's session is neither read nor changed.
 */
import type { WriteRequest } from "../../../protocol/messages/forward.ts";
import { effectAssign, effectDelete } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey, syntaxError } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { sizeProblem } from "../size-limits.ts";
import { versionedArguments } from "../versioned-arguments.ts";
import type { ArgumentName } from "../versioned-arguments.ts";

const allowedWithPut: ReadonlySet<ArgumentName> = new Set([
  "context",
  "floor",
  "request",
  "nx",
  "xx",
  "version",
  "pxat",
]);
const allowedWithDelete: ReadonlySet<ArgumentName> = new Set(["context", "floor", "request", "xx", "version"]);

/** `value` is undefined for a delete; the options begin at `start`. */
function run(client: RespConnection, args: readonly ByteString[], value: ByteString | undefined, start: number): void {
  const key = args[1] as ByteString;
  const allowed = value === undefined ? allowedWithDelete : allowedWithPut;
  const read = sizeProblem(key, value ?? "") ?? versionedArguments(args, start, allowed, client.services.issuer);
  if (typeof read === "string") {
    client.replies.error(read);
    return;
  }
  const { dependencies, floor, condition, expected, expiry, request } = read;
  if (dependencies === undefined || floor === undefined) {
    client.replies.error(syntaxError);
    return;
  }
  const effect = value === undefined ? effectDelete : effectAssign;
  const write: WriteRequest = {
    effect,
    key,
    value: value ?? "",
    expiry,
    condition,
    expected,
    wantOld: false,
    request,
  };
  client.versioned.write({ write, dependencies, floor });
}

export const copsPutafter: OrderedCommand = {
  name: "cops.putafter",
  arity: -7,
  flags: ["write", "denyoom"],
  keys: oneKey,
  group: "cops",
  since: "0.1.0",
  summary: "Writes a value after the dependencies given, outside of the connection's session.",
  run: (client, args) => run(client, args, args[2], 3),
};

export const copsDelafter: OrderedCommand = {
  name: "cops.delafter",
  arity: -6,
  flags: ["write"],
  keys: oneKey,
  group: "cops",
  since: "0.1.0",
  summary: "Deletes a key after the dependencies given, outside of the connection's session.",
  run: (client, args) => run(client, args, undefined, 2),
};
