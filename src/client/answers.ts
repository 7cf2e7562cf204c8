/*
 * What the replies to the library's commands mean (docs/COMMANDS.md). They are taken apart here and nowhere else; what
 * makes no sense is a ProtocolError.
 *
 *   COPS.GETVER              -> value, version, seq, clock, stable, tombstone, [dot's datacenter and partition, expiry]
 *   COPS.GETTRANS            -> time, clock, such an answer for each key
 *   COPS.PUTAFTER, DELAFTER  -> written, version, seq, clock, [dot's datacenter and partition]
 *   COPS.PUTTRANS            -> written, version, seq, clock, [what its conditions were judged against, as dependencies]
 *   COPS.MAKETOKEN           -> token
 *   COPS.OPENTOKEN           -> context, floor
 *
 * What stands in brackets older nodes leave out: there a dot is of its version's datacenter and partition. Later ones may
 * append fields.
 */
import { ProtocolError } from "./errors.ts";
import { Written } from "./results.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { decodeDependencies } from "../protocol/dependencies.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { ReplyError, ReplyValue } from "../protocol/resp/reply-values.ts";
import { bytesOf } from "../shared/bytes.ts";
import type { ByteString } from "../shared/bytes.ts";
import { datacentersMax, partitionsMax } from "../shared/limits.ts";

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
  /** 0 for never. */
  readonly expiryUnixMs: number;
}

/** Throws ProtocolError, like all of the following. */
export function readAnswer(reply: ReplyValue): ReadAnswer {
  const fields = fieldsOf(reply, 8, "the answer to a read");
  const isLong = fields.length >= 11;
  const value = fields[0] as ReplyValue;
  if (value !== null && typeof value !== "string") throw new ProtocolError("the value of a read");
  const write = writtenAt(fields, 1, isLong ? 8 : 2);
  const tombstone = numberAt(fields, 7) !== 0;
  if ((value !== null) !== (write !== null && !tombstone)) throw new ProtocolError("a value without its write");
  const expiryUnixMs = isLong ? numberAt(fields, 10) : 0;
  return { value, write, clock: numberAt(fields, 5), stable: numberAt(fields, 6) !== 0, tombstone, expiryUnixMs };
}

export interface SnapshotAnswer {
  readonly time: HybridTime;
  readonly clock: HybridTime;
  readonly entries: readonly ReadAnswer[];
}

/** The answer to a read transaction of `count` keys. */
export function snapshotAnswer(reply: ReplyValue, count: number): SnapshotAnswer {
  const fields = fieldsOf(reply, 3, "the answer to a read transaction");
  const entries = fieldsOf(fields[2] as ReplyValue, count, "the values of a read transaction");
  if (entries.length !== count) throw new ProtocolError(`${entries.length} values for ${count} keys`);
  return { time: numberAt(fields, 0), clock: numberAt(fields, 1), entries: entries.map((entry) => readAnswer(entry)) };
}

export interface WriteAnswer {
  readonly written: boolean;
  /** What was written, else what the condition was judged against. */
  readonly write: Written | null;
  readonly clock: HybridTime;
  /** Of a transaction of which a condition failed: all that the conditions were judged against. */
  readonly judged?: Dependencies;
}

export function transactionAnswer(reply: ReplyValue): WriteAnswer {
  const answer = writeAnswer(reply);
  const judged = Array.isArray(reply) && !answer.written ? reply[6] : undefined;
  if (typeof judged !== "string") return answer;
  return { ...answer, judged: dependenciesOf(judged, "what a transaction was judged against") };
}

export function writeAnswer(reply: ReplyValue): WriteAnswer {
  const fields = fieldsOf(reply, 6, "the answer to a write");
  const written = numberAt(fields, 0) !== 0;
  const write = writtenAt(fields, 1, fields.length >= 8 ? 6 : 2);
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
  const what = "the context of a token";
  return { dependencies: dependenciesOf(textAnswer(fields[0] as ReplyValue, what), what), floor: numberAt(fields, 1) };
}

function dependenciesOf(bytes: ByteString, what: string): Dependencies {
  try {
    return decodeDependencies(new ByteReader(bytesOf(bytes)));
  } catch (error) {
    throw new ProtocolError(what, error);
  }
}

/**
 * Time, datacenter, partition, seq from `at` on; the dot's datacenter and partition from `dotAt` on. Null when the time says
 * that there was no write.
 */
function writtenAt(fields: readonly ReplyValue[], at: number, dotAt: number): Written | null {
  const time = numberAt(fields, at);
  if (time === 0) return null;
  const version = { time, ...originAt(fields, at + 1) };
  return new Written(version, { ...originAt(fields, dotAt), seq: numberAt(fields, at + 3) });
}

function originAt(fields: readonly ReplyValue[], at: number): { datacenter: number; partition: number } {
  const datacenter = numberAt(fields, at);
  const partition = numberAt(fields, at + 1);
  if (datacenter >= datacentersMax || partition >= partitionsMax) throw new ProtocolError("a write of no such origin");
  return { datacenter, partition };
}

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
