/*
 * Operations forwarded inside a datacenter: any node serves any key, the owner does the work (design, 3.4).
 *
 * read-request    u64 id, u64 session, u64 floor, text key
 * read-reply      u64 id, u64 clock, u8 flags (1: there is a version, 2: it is stable, 4: it cannot be told), [version]
 * write-request   u64 id, u64 floor, dependencies, requested write (encodeRequestedWrite)
 * write-reply     u64 id, u64 clock, u8 outcome (1: failure, 2: version written, 4: version before, 8: repeated request),
 *                 [text failure], [version written], [version before]
 * version         u8 effect, u8 flags (1: touched, 2: expired for whoever is told of it), u16 datacenter, u16 partition, u64 time, u64 seq, u64 visible, u64 expiry,
 *                 [u64 time, u16 datacenter, u16 partition, u64 seq of what set the expiry], text value
 */
import type { ByteReader } from "../byte-reader.ts";
import { DecodeError } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import { decodeDependencies, encodeDependencies } from "../dependencies.ts";
import type { Dependencies } from "../dependencies.ts";
import type { HybridTime } from "../hybrid-time.ts";
import { ExpiredVersion, Version } from "../version.ts";
import type { EffectKind, VersionName } from "../version.ts";
import { decodeEffect, decodeRequestId, decodeVersionName, encodeRequestId, encodeVersionName } from "../write.ts";
import type { RequestId } from "../write.ts";
import {
  beginMessage,
  endMessage,
  messageReadReply,
  messageReadRequest,
  messageWriteReply,
  messageWriteRequest,
} from "./message.ts";
import { keyBytesMax, valueBytesMax } from "../../shared/limits.ts";
import type { ByteString } from "../../shared/bytes.ts";

/** On what a write is conditional, judged at the head in log order. */
export const conditionNone = 0;
export const conditionAbsent = 1;
export const conditionPresent = 2;
/** The key shows exactly the version named by `expected`; named with time 0, nothing. */
export const conditionVersion = 3;
/** There is a value, and it has no expiry; has one; has one that is smaller; has a greater one or none. */
export const conditionLasting = 4;
export const conditionExpiring = 5;
export const conditionExpiresSooner = 6;
export const conditionExpiresLater = 7;
export type Condition =
  | typeof conditionNone
  | typeof conditionAbsent
  | typeof conditionPresent
  | typeof conditionVersion
  | typeof conditionLasting
  | typeof conditionExpiring
  | typeof conditionExpiresSooner
  | typeof conditionExpiresLater;
const conditionMax = conditionExpiresLater;

/** In the place of an expiry: the one that the key has. */
export const expiryKept = -1;

export interface WriteRequest {
  readonly effect: EffectKind;
  readonly key: ByteString;
  readonly value: ByteString;
  /** When the value expires, in Unix ms; 0 for never; `expiryKept`. */
  readonly expiry: number;
  readonly condition: Condition;
  /** Of `conditionVersion`. */
  readonly expected?: VersionName | undefined;
  /** Whether the answer carries the version that was there before. */
  readonly wantOld: boolean;
  readonly request: RequestId | undefined;
}

/** Whether what a write does depends on what is there. */
export function isJudged(write: WriteRequest): boolean {
  return write.condition !== conditionNone || write.wantOld || write.expiry === expiryKept;
}

/** `session` names the thread of execution at the sender: the owner answers its reads in their order. */
export interface ForwardedRead {
  readonly id: number;
  readonly session: number;
  readonly floor: HybridTime;
  readonly key: ByteString;
}

export function encodeReadRequest(writer: ByteWriter, read: ForwardedRead): void {
  const at = beginMessage(writer, messageReadRequest);
  writer.u64(read.id);
  writer.u64(read.session);
  writer.u64(read.floor);
  writer.text(read.key);
  endMessage(writer, at);
}

export function decodeReadRequest(reader: ByteReader): ForwardedRead {
  return { id: reader.u64(), session: reader.u64(), floor: reader.u64(), key: reader.text(keyBytesMax) };
}

export interface ReadReply {
  readonly id: number;
  readonly clock: HybridTime;
  readonly stable: boolean;
  readonly version: Version | undefined;
  /** What is prepared on the key was not settled in time. */
  readonly failed?: boolean;
}

export function encodeReadReply(writer: ByteWriter, reply: ReadReply): void {
  const at = beginMessage(writer, messageReadReply);
  writer.u64(reply.id);
  writer.u64(reply.clock);
  writer.u8((reply.version === undefined ? 0 : 1) | (reply.stable ? 2 : 0) | (reply.failed === true ? 4 : 0));
  if (reply.version !== undefined) encodeVersion(writer, reply.version);
  endMessage(writer, at);
}

export function decodeReadReply(reader: ByteReader): ReadReply {
  const id = reader.u64();
  const clock = reader.u64();
  const flags = reader.u8();
  const version = (flags & 1) === 0 ? undefined : decodeVersion(reader);
  return { id, clock, stable: (flags & 2) !== 0, version, failed: (flags & 4) !== 0 };
}

export function encodeWriteRequest(
  writer: ByteWriter,
  id: number,
  floor: HybridTime,
  dependencies: Dependencies,
  write: WriteRequest,
): void {
  const at = beginMessage(writer, messageWriteRequest);
  writer.u64(id);
  writer.u64(floor);
  encodeDependencies(writer, dependencies);
  encodeRequestedWrite(writer, write);
  endMessage(writer, at);
}

/**
 * u8 effect, u8 flags (0 to 7: condition, 8: wants the old version, 16: request id, 32: expected version,
 * 64: keeps the expiry), u64 expiry, [request id], [version name], text key, text value
 */
export function encodeRequestedWrite(writer: ByteWriter, write: WriteRequest): void {
  writer.u8(write.effect);
  writer.u8(
    write.condition |
      (write.wantOld ? 8 : 0) |
      (write.request === undefined ? 0 : 16) |
      (write.expected === undefined ? 0 : 32) |
      (write.expiry === expiryKept ? 64 : 0),
  );
  writer.u64(write.expiry === expiryKept ? 0 : write.expiry);
  if (write.request !== undefined) encodeRequestId(writer, write.request);
  if (write.expected !== undefined) encodeVersionName(writer, write.expected);
  writer.text(write.key);
  writer.text(write.value);
}

export function decodeRequestedWrite(reader: ByteReader): WriteRequest {
  const effect = decodeEffect(reader.u8());
  const flags = reader.u8();
  const condition = decodeCondition(flags & 7);
  const expiry = reader.u64();
  const request = (flags & 16) === 0 ? undefined : decodeRequestId(reader);
  const expected = (flags & 32) === 0 ? undefined : decodeVersionName(reader);
  if (condition === conditionVersion && expected === undefined) {
    throw new DecodeError("a version is expected, not named");
  }
  const key = reader.text(keyBytesMax);
  const value = reader.text(valueBytesMax);
  return {
    effect,
    key,
    value,
    expiry: (flags & 64) === 0 ? expiry : expiryKept,
    condition,
    expected,
    wantOld: (flags & 8) !== 0,
    request,
  };
}

export interface ForwardedWrite {
  readonly id: number;
  readonly floor: HybridTime;
  readonly dependencies: Dependencies;
  readonly write: WriteRequest;
}

export function decodeWriteRequest(reader: ByteReader): ForwardedWrite {
  const id = reader.u64();
  const floor = reader.u64();
  const dependencies = decodeDependencies(reader);
  return { id, floor, dependencies, write: decodeRequestedWrite(reader) };
}

function decodeCondition(value: number): Condition {
  if (value > conditionMax) throw new DecodeError(`unknown condition ${value}`);
  return value as Condition;
}

/** `failure` is a stable code; absent when the request was judged. `version` is absent when its condition failed. */
export interface WriteReply {
  readonly id: number;
  readonly clock: HybridTime;
  readonly failure: string | undefined;
  readonly version: Version | undefined;
  readonly old: Version | undefined;
  /** A request that was asked before: `version` is what it wrote then. */
  readonly repeated: boolean;
}

export function encodeWriteReply(writer: ByteWriter, reply: WriteReply): void {
  const at = beginMessage(writer, messageWriteReply);
  writer.u64(reply.id);
  writer.u64(reply.clock);
  writer.u8(
    (reply.failure === undefined ? 0 : 1) |
      (reply.version === undefined ? 0 : 2) |
      (reply.old === undefined ? 0 : 4) |
      (reply.repeated ? 8 : 0),
  );
  if (reply.failure !== undefined) writer.text(reply.failure);
  if (reply.version !== undefined) encodeVersion(writer, reply.version);
  if (reply.old !== undefined) encodeVersion(writer, reply.old);
  endMessage(writer, at);
}

export function decodeWriteReply(reader: ByteReader): WriteReply {
  const id = reader.u64();
  const clock = reader.u64();
  const flags = reader.u8();
  const failure = (flags & 1) === 0 ? undefined : reader.text(256);
  const version = (flags & 2) === 0 ? undefined : decodeVersion(reader);
  const old = (flags & 4) === 0 ? undefined : decodeVersion(reader);
  return { id, clock, failure, version, old, repeated: (flags & 8) !== 0 };
}

export function encodeVersion(writer: ByteWriter, version: Version): void {
  const { touch } = version;
  writer.u8(version.effect);
  writer.u8((touch === undefined ? 0 : 1) | (version instanceof ExpiredVersion ? 2 : 0));
  writer.u16(version.datacenter);
  writer.u16(version.partition);
  writer.u64(version.time);
  writer.u64(version.seq);
  writer.u64(version.visible);
  writer.u64(version.expiry);
  if (touch !== undefined) {
    encodeVersionName(writer, touch);
    writer.u64(touch.seq);
  }
  writer.text(version.value);
}

export function decodeVersion(reader: ByteReader): Version {
  const effect = decodeEffect(reader.u8());
  const flags = reader.u8();
  if (flags > 3) throw new DecodeError(`unknown flags of a version: ${flags}`);
  const datacenter = reader.u16();
  const partition = reader.u16();
  const time = reader.u64();
  const seq = reader.u64();
  const visible = reader.u64();
  const expiry = reader.u64();
  const touch = (flags & 1) === 0 ? undefined : { ...decodeVersionName(reader), seq: reader.u64() };
  const value = reader.text(valueBytesMax);
  const Kind = (flags & 2) === 0 ? Version : ExpiredVersion;
  return new Kind(effect, value, time, datacenter, partition, seq, visible, 0, expiry, touch);
}
