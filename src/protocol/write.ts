/*
 * A write as it is logged, shipped and logged again elsewhere: the same bytes all the way (design, 3.11).
 *
 *   u8 effect   u8 flags   u16 datacenter   u16 partition   u64 time   u64 seq
 *   dependencies (two counted lists of u16 datacenter, u16 partition, u64 seq)
 *   [u64 expiry, Unix ms]          flag 1
 *   [request id (encodeRequestId)] flag 2: the request that caused it (design, 3.9), meaningful at its origin only
 *   [part (transaction-part.ts)]   flag 4: one write of a transaction (design, 3.6)
 *   [version: u64 time, u16 datacenter, u16 partition]  flag 8: the one whose expiry it sets
 *   text key   text value
 */
import { DecodeError } from "./byte-reader.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { decodeDependencies, encodeDependencies } from "./dependencies.ts";
import type { Dependencies } from "./dependencies.ts";
import type { HybridTime } from "./hybrid-time.ts";
import { decodePart, encodePart } from "./transaction-part.ts";
import type { TransactionPart } from "./transaction-part.ts";
import { effectAssign, effectDelete, effectExpire } from "./version.ts";
import type { EffectKind, VersionName } from "./version.ts";
import { datacentersMax, keyBytesMax, partitionsMax, valueBytesMax } from "../shared/limits.ts";
import type { ByteString } from "../shared/bytes.ts";

const flagExpiry = 1;
const flagRequest = 2;
const flagPart = 4;
const flagTarget = 8;
const flagsKnown = flagExpiry | flagRequest | flagPart | flagTarget;
const clientIdBytesMax = 64;

/** Names a client's request for as long as it may be repeated. */
export interface RequestId {
  readonly client: ByteString;
  readonly number: number;
  /** The client has its answers to all smaller numbers, so they may be forgotten. */
  readonly answeredBelow: number;
}

export interface Write {
  readonly effect: EffectKind;
  readonly datacenter: number;
  readonly partition: number;
  readonly time: HybridTime;
  readonly seq: number;
  readonly dependencies: Dependencies;
  readonly expiry: number;
  readonly request: RequestId | undefined;
  /** Its place in its transaction; `time` is then the transaction's, `seq` its own partition's. */
  readonly part?: TransactionPart | undefined;
  /** Of an effect on the expiry: the version that it is for. */
  readonly target?: VersionName | undefined;
  readonly key: ByteString;
  readonly value: ByteString;
}

export function encodeWrite(writer: ByteWriter, write: Write): void {
  writer.reserve(64 + write.key.length + write.value.length);
  writer.u8(write.effect);
  writer.u8(
    (write.expiry > 0 ? flagExpiry : 0) |
      (write.request === undefined ? 0 : flagRequest) |
      (write.part === undefined ? 0 : flagPart) |
      (write.target === undefined ? 0 : flagTarget),
  );
  writer.u16(write.datacenter);
  writer.u16(write.partition);
  writer.u64(write.time);
  writer.u64(write.seq);
  encodeDependencies(writer, write.dependencies);
  if (write.expiry > 0) writer.u64(write.expiry);
  if (write.request !== undefined) encodeRequestId(writer, write.request);
  if (write.part !== undefined) encodePart(writer, write.part);
  if (write.target !== undefined) encodeVersionName(writer, write.target);
  writer.text(write.key);
  writer.text(write.value);
}

export function decodeWrite(reader: ByteReader): Write {
  const effect = decodeEffect(reader.u8());
  const flags = reader.u8();
  if ((flags & ~flagsKnown) !== 0) throw new DecodeError(`unknown flags of a write: ${flags}`);
  const datacenter = reader.u16();
  const partition = reader.u16();
  if (datacenter >= datacentersMax || partition >= partitionsMax) {
    throw new DecodeError(`no such origin: datacenter ${datacenter}, partition ${partition}`);
  }
  const time = reader.u64();
  const seq = reader.u64();
  const dependencies = decodeDependencies(reader);
  const expiry = (flags & flagExpiry) === 0 ? 0 : reader.u64();
  const request = (flags & flagRequest) === 0 ? undefined : decodeRequestId(reader);
  const part = (flags & flagPart) === 0 ? undefined : decodePart(reader);
  const target = (flags & flagTarget) === 0 ? undefined : decodeVersionName(reader);
  if ((target !== undefined) !== (effect === effectExpire)) throw new DecodeError("an expiry is set for one version");
  const key = reader.text(keyBytesMax);
  const value = reader.text(valueBytesMax);
  return { effect, datacenter, partition, time, seq, dependencies, expiry, request, part, target, key, value };
}

/** u64 time, u16 datacenter, u16 partition */
export function encodeVersionName(writer: ByteWriter, { time, datacenter, partition }: VersionName): void {
  writer.u64(time);
  writer.u16(datacenter);
  writer.u16(partition);
}

export function decodeVersionName(reader: ByteReader): VersionName {
  return { time: reader.u64(), datacenter: reader.u16(), partition: reader.u16() };
}

/** text client id, u64 number, u64 answered below */
export function encodeRequestId(writer: ByteWriter, id: RequestId): void {
  writer.text(id.client);
  writer.u64(id.number);
  writer.u64(id.answeredBelow);
}

export function decodeRequestId(reader: ByteReader): RequestId {
  return { client: reader.text(clientIdBytesMax), number: reader.u64(), answeredBelow: reader.u64() };
}

export function decodeEffect(kind: number): EffectKind {
  if (kind !== effectAssign && kind !== effectDelete && kind !== effectExpire) {
    throw new DecodeError(`unknown effect kind ${kind}`);
  }
  return kind;
}
