/*
 * The commands that the library sends, and what their replies mean (docs/COMMANDS.md). Requests are made and replies
 * taken apart here and nowhere else.
 *
 *   COPS.GETVER key FLOOR t                                        -> value, write, clock, stable, tombstone
 *   COPS.PUTAFTER key value CONTEXT c FLOOR t REQUEST r [NX | XX]  -> written, write, clock
 *   COPS.DELAFTER key CONTEXT c FLOOR t REQUEST r [XX]             -> written, write, clock
 *   COPS.MAKETOKEN CONTEXT c FLOOR t                               -> token
 *   COPS.OPENTOKEN token timeoutMs                                 -> c, t
 *   COPS.TOPOLOGY JSON                                             -> topology.ts
 */
import { ProtocolError } from "./errors.ts";
import type { Written } from "./results.ts";
import type { Command } from "./transport.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { decodeDependencies, encodeDependencies } from "../protocol/dependencies.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { ReplyError, ReplyValue } from "../protocol/resp/reply-values.ts";
import type { RequestId } from "../protocol/write.ts";
import { bytesOf } from "../shared/bytes.ts";
import type { ByteString } from "../shared/bytes.ts";
import { datacentersMax, partitionsMax } from "../shared/limits.ts";

export type Condition = "NX" | "XX" | undefined;

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

export interface WriteOrder {
  readonly key: ByteString;
  /** Undefined for a delete. */
  readonly value: ByteString | undefined;
  readonly condition: Condition;
}

export function writeCommand(order: WriteOrder, carried: Carried, request: RequestId): Command {
  const { key, value, condition } = order;
  const command = value === undefined ? ["COPS.DELAFTER", key] : ["COPS.PUTAFTER", key, value];
  command.push("CONTEXT", carried.dependencies, "FLOOR", String(carried.floor));
  command.push("REQUEST", request.client, String(request.number), String(request.answeredBelow));
  if (condition !== undefined) command.push(condition);
  return command;
}

export function makeTokenCommand(carried: Carried): Command {
  return ["COPS.MAKETOKEN", "CONTEXT", carried.dependencies, "FLOOR", String(carried.floor)];
}

export function openTokenCommand(token: ByteString, timeoutMs: number): Command {
  return ["COPS.OPENTOKEN", token, String(Math.max(0, Math.floor(timeoutMs)))];
}

export function isReplyError(reply: ReplyValue): reply is ReplyError {
  return isObject(reply) && reply.kind === "error";
}

/** One of the replies that say what they are. */
function isObject(reply: ReplyValue): reply is Extract<ReplyValue, { readonly kind: string }> {
  return typeof reply === "object" && reply !== null && !Array.isArray(reply);
}

export interface ReadAnswer {
  readonly value: ByteString | null;
  readonly write: Written | null;
  readonly clock: HybridTime;
  readonly stable: boolean;
  readonly tombstone: boolean;
}

/** Throws ProtocolError, like all of the following. */
export function readAnswer(reply: ReplyValue): ReadAnswer {
  const fields = fieldsOf(reply, 8, "the answer to a read");
  const value = fields[0] as ReplyValue;
  if (value !== null && typeof value !== "string") throw new ProtocolError("the value of a read");
  const write = writtenAt(fields, 1);
  const tombstone = numberAt(fields, 7) !== 0;
  if ((value !== null) !== (write !== null && !tombstone)) throw new ProtocolError("a value without its write");
  return { value, write, clock: numberAt(fields, 5), stable: numberAt(fields, 6) !== 0, tombstone };
}

export interface WriteAnswer {
  readonly written: boolean;
  /** What was written, else what the condition was judged against. */
  readonly write: Written | null;
  readonly clock: HybridTime;
}

export function writeAnswer(reply: ReplyValue): WriteAnswer {
  const fields = fieldsOf(reply, 6, "the answer to a write");
  const written = numberAt(fields, 0) !== 0;
  const write = writtenAt(fields, 1);
  if (written && write === null) throw new ProtocolError("a write without its version");
  return { written, write, clock: numberAt(fields, 5) };
}

export function textAnswer(reply: ReplyValue, what: string): ByteString {
  if (typeof reply === "string") return reply;
  if (isObject(reply) && reply.kind === "verbatim") return reply.text;
  throw new ProtocolError(what);
}

export interface OpenedToken {
  readonly dependencies: Dependencies;
  readonly floor: HybridTime;
}

export function openTokenAnswer(reply: ReplyValue): OpenedToken {
  const fields = fieldsOf(reply, 2, "the answer to COPS.OPENTOKEN");
  const context = textAnswer(fields[0] as ReplyValue, "the context of a token");
  try {
    return { dependencies: decodeDependencies(new ByteReader(bytesOf(context))), floor: numberAt(fields, 1) };
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw new ProtocolError("the context of a token", error);
  }
}

/** Time, datacenter, partition, seq from `at` on; null when the time says that there was no write. */
function writtenAt(fields: readonly ReplyValue[], at: number): Written | null {
  const time = numberAt(fields, at);
  if (time === 0) return null;
  const datacenter = numberAt(fields, at + 1);
  const partition = numberAt(fields, at + 2);
  if (datacenter >= datacentersMax || partition >= partitionsMax) throw new ProtocolError("a dot of no such origin");
  return { version: { time, datacenter, partition }, dot: { datacenter, partition, seq: numberAt(fields, at + 3) } };
}

/** Later servers may append fields. */
function fieldsOf(reply: ReplyValue, lengthMin: number, what: string): readonly ReplyValue[] {
  if (!Array.isArray(reply) || reply.length < lengthMin) throw new ProtocolError(what);
  return reply;
}

const decimal = /^[0-9]{1,16}$/;

/** A whole number from 0; flags may come as booleans, times as text. */
function numberAt(fields: readonly ReplyValue[], at: number): number {
  const field = fields[at];
  const value = typeof field === "string" && decimal.test(field) ? Number(field) : field;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new ProtocolError(`field ${at}`);
  return value;
}
