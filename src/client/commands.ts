/*
 * The commands that the library sends (docs/COMMANDS.md). They are made here and nowhere else; answers.ts says what comes
 * back.
 *
 *   COPS.GETVER key FLOOR t
 *   COPS.GETTRANS FLOOR t key [key ...]
 *   COPS.PUTAFTER key value CONTEXT c FLOOR t REQUEST r [NX | XX] [PXAT unixMs] [VERSION text]
 *   COPS.DELAFTER key CONTEXT c FLOOR t REQUEST r [XX] [VERSION text]
 *   COPS.PUTTRANS CONTEXT c FLOOR t REQUEST r count op [op ...]
 *       op:  SET key value [NX | XX]   SETPX key value unixMs [NX | XX]   DEL key [XX]
 *   COPS.MAKETOKEN CONTEXT c FLOOR t
 *   COPS.OPENTOKEN token timeoutMs
 *   COPS.TOPOLOGY JSON
 */
import type { Command } from "./transport.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { encodeDependencies } from "../protocol/dependencies.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { RequestId } from "../protocol/write.ts";
import type { ByteString } from "../shared/bytes.ts";

/** A context as one request carries it. */
export interface Carried {
  readonly dependencies: ByteString;
  readonly floor: HybridTime;
}

const writer = new ByteWriter();

export function carry(dependencies: Dependencies, floor: HybridTime): Carried {
  writer.reset();
  encodeDependencies(writer, dependencies);
  return { dependencies: writer.bytes.latin1Slice(0, writer.length), floor };
}

export function helloCommand(name: ByteString, username: ByteString, password: ByteString | undefined): Command {
  const auth = password === undefined ? [] : ["AUTH", username, password];
  return ["HELLO", "3", ...auth, "SETNAME", name];
}

export const topologyCommand: Command = ["COPS.TOPOLOGY", "JSON"];

export function readCommand(key: ByteString, floor: HybridTime): Command {
  return ["COPS.GETVER", key, "FLOOR", String(floor)];
}

export function snapshotCommand(keys: readonly ByteString[], floor: HybridTime): Command {
  return ["COPS.GETTRANS", "FLOOR", String(floor), ...keys];
}

/** Whether the key must have no value, or one. */
export type Presence = "NX" | "XX" | undefined;

/** A write of one key. */
export interface KeyWrite {
  readonly key: ByteString;
  /** Undefined for a delete. */
  readonly value: ByteString | undefined;
  readonly presence: Presence;
  /** When the value expires; undefined for never. */
  readonly expiryUnixMs: number | undefined;
}

/** What a caller wants written. */
export type WriteOrder = SingleOrder | TransactionOrder;

export interface SingleOrder {
  readonly kind: "put" | "delete";
  readonly write: KeyWrite;
  /** The text of the version that the key must have. */
  readonly version: string | undefined;
}

export interface TransactionOrder {
  readonly kind: "transaction";
  /** At least one, of different keys. */
  readonly writes: readonly KeyWrite[];
}

export function writeCommand(order: WriteOrder, carried: Carried, request: RequestId): Command {
  return order.kind === "transaction"
    ? transactionCommand(order, carried, request)
    : singleCommand(order, carried, request);
}

function singleCommand(order: SingleOrder, carried: Carried, request: RequestId): Command {
  const { key, value, presence, expiryUnixMs } = order.write;
  const command = value === undefined ? ["COPS.DELAFTER", key] : ["COPS.PUTAFTER", key, value];
  pushContext(command, carried, request);
  if (presence !== undefined) command.push(presence);
  if (expiryUnixMs !== undefined) command.push("PXAT", String(expiryUnixMs));
  if (order.version !== undefined) command.push("VERSION", order.version);
  return command;
}

function transactionCommand(order: TransactionOrder, carried: Carried, request: RequestId): Command {
  const command = ["COPS.PUTTRANS"];
  pushContext(command, carried, request);
  command.push(String(order.writes.length));
  for (const { key, value, presence, expiryUnixMs } of order.writes) {
    if (value === undefined) command.push("DEL", key);
    else if (expiryUnixMs === undefined) command.push("SET", key, value);
    else command.push("SETPX", key, value, String(expiryUnixMs));
    if (presence !== undefined) command.push(presence);
  }
  return command;
}

function pushContext(command: ByteString[], carried: Carried, request: RequestId): void {
  command.push("CONTEXT", carried.dependencies, "FLOOR", String(carried.floor));
  command.push("REQUEST", request.client, String(request.number), String(request.answeredBelow));
}

export function makeTokenCommand(carried: Carried): Command {
  return ["COPS.MAKETOKEN", "CONTEXT", carried.dependencies, "FLOOR", String(carried.floor)];
}

export function openTokenCommand(token: ByteString, timeoutMs: number): Command {
  return ["COPS.OPENTOKEN", token, String(Math.max(0, Math.floor(timeoutMs)))];
}
