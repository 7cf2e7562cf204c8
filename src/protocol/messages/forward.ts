/*
 * Operations forwarded inside a datacenter: any node serves any key, the owner does the work (design, 3.4).
 *
 * read-request    u64 id, u64 session, u64 floor, text key
 * read-reply      u64 id, u64 clock, u8 flags (1: there is a version, 2: it is stable), [version]
 * write-request   u64 id, u64 floor, u8 effect, u8 flags, u64 expiry, [request id], dependencies, text key, text value
 * write-reply     u64 id, u64 clock, u8 outcome (1: failure, 2: version written, 4: version before, 8: repeated request),
 *                 [text failure], [version written], [version before]
 * version         u8 effect, u16 datacenter, u16 partition, u64 time, u64 seq, u64 visible, u64 expiry, text value
 */
import type { ByteReader } from "../byte-reader.ts";
import { DecodeError } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import { decodeDependencies, encodeDependencies } from "../dependencies.ts";
import type { Dependencies } from "../dependencies.ts";
import type { HybridTime } from "../hybrid-time.ts";
import { Version } from "../version.ts";
import type { EffectKind } from "../version.ts";
import { decodeEffect, decodeRequestId, encodeRequestId } from "../write.ts";
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
export type Condition = typeof conditionNone | typeof conditionAbsent | typeof conditionPresent;

export interface WriteRequest {
  readonly effect: EffectKind;
  readonly key: ByteString;
  readonly value: ByteString;
  readonly expiry: number;
  readonly condition: Condition;
  /** Whether the answer carries the version that was there before. */
  readonly wantOld: boolean;
  readonly request: RequestId | undefined;
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
}

export function encodeReadReply(writer: ByteWriter, reply: ReadReply): void {
  const at = beginMessage(writer, messageReadReply);
  writer.u64(reply.id);
  writer.u64(reply.clock);
  writer.u8((reply.version === undefined ? 0 : 1) | (reply.stable ? 2 : 0));
  if (reply.version !== undefined) encodeVersion(writer, reply.version);
  endMessage(writer, at);
}

export function decodeReadReply(reader: ByteReader): ReadReply {
  const id = reader.u64();
  const clock = reader.u64();
  const flags = reader.u8();
  const version = (flags & 1) === 0 ? undefined : decodeVersion(reader);
  return { id, clock, stable: (flags & 2) !== 0, version };
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
  writer.u8(write.effect);
  writer.u8(write.condition | (write.wantOld ? 4 : 0) | (write.request === undefined ? 0 : 8));
  writer.u64(write.expiry);
  if (write.request !== undefined) encodeRequestId(writer, write.request);
  encodeDependencies(writer, dependencies);
  writer.text(write.key);
  writer.text(write.value);
  endMessage(writer, at);
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
  const effect = decodeEffect(reader.u8());
  const flags = reader.u8();
  const condition = decodeCondition(flags & 3);
  const expiry = reader.u64();
  const request = (flags & 8) === 0 ? undefined : decodeRequestId(reader);
  const dependencies = decodeDependencies(reader);
  const key = reader.text(keyBytesMax);
  const value = reader.text(valueBytesMax);
  const wantOld = (flags & 4) !== 0;
  return { id, floor, dependencies, write: { effect, key, value, expiry, condition, wantOld, request } };
}

function decodeCondition(value: number): Condition {
  if (value !== conditionNone && value !== conditionAbsent && value !== conditionPresent) {
    throw new DecodeError(`unknown condition ${value}`);
  }
  return value;
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

function encodeVersion(writer: ByteWriter, version: Version): void {
  writer.u8(version.effect);
  writer.u16(version.datacenter);
  writer.u16(version.partition);
  writer.u64(version.time);
  writer.u64(version.seq);
  writer.u64(version.visible);
  writer.u64(version.expiry);
  writer.text(version.value);
}

function decodeVersion(reader: ByteReader): Version {
  const effect = decodeEffect(reader.u8());
  const datacenter = reader.u16();
  const partition = reader.u16();
  const time = reader.u64();
  const seq = reader.u64();
  const visible = reader.u64();
  const expiry = reader.u64();
  const value = reader.text(valueBytesMax);
  return new Version(effect, value, time, datacenter, partition, seq, visible, 0, expiry);
}
