/*
 * Causal tokens (design, 3.4): what a session has seen, made portable. Opaque text for users; inside, base64url of
 *
 *   u8 0x43 "C"   u8 0x54 "T"   u8 format version   u8 flags (1: signed)   u32 length of the whole token
 *   text cluster id   u16 issuing datacenter   u64 floor   dependencies (dependencies.ts)
 *   signature: HMAC-SHA256 cut to 16 bytes when the cluster has a secret, else CRC-32
 *
 * Encoding needs the context; decoding answers the token or, as a discriminated union, what is wrong with the text: each
 * problem has its code, because each has another remedy. The cluster is judged before the signature: a token of another
 * cluster is the commoner mistake, and its signature could not be checked here anyway.
 *
 * The signing function is injected, so that this file needs no cryptography and no Node.js. Without a secret a token is
 * protected against accidents only; with one, nobody can make up dots that a session would wait for, or a floor that
 * drags clocks ahead.
 *
 * Bounded by `tokenTextMax` (invariant 12); malformed text reads nothing out of bounds (invariant 14).
 */
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { ByteReader, DecodeError } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { crc32 } from "./crc32.ts";
import { decodeDependencies, encodeDependencies } from "./dependencies.ts";
import type { Dependencies } from "./dependencies.ts";
import { ticksPerMs } from "./hybrid-time.ts";
import type { HybridTime } from "./hybrid-time.ts";
import { datacenterOf, partitionOf } from "./version.ts";
import { invariant } from "../shared/assert.ts";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";

const tokenFormat = 1;
/** Room for a full context with one prefix for every origin of the largest cluster. */
export const tokenTextMax: number = 1024 * 1024;
export const signatureBytes = 16;

const magic0 = 0x43;
const magic1 = 0x54;
const flagSigned = 1;
const headerBytes = 8;
const lengthOffset = 4;
const clusterBytesMax = 256;

/** Signs bytes: 16 bytes of a keyed hash. */
export type SignToken = (bytes: Bytes) => Bytes;

export interface CausalToken {
  readonly dependencies: Dependencies;
  readonly floor: HybridTime;
  /** The datacenter that issued it. */
  readonly datacenter: number;
}

/** What a token is judged against. */
export interface TokenIssuer {
  readonly cluster: ByteString;
  readonly datacenters: number;
  readonly partitions: number;
  /** Undefined when the cluster has no secret. */
  readonly sign: SignToken | undefined;
}

export type TokenProblemKind =
  | "not-a-token"
  | "cut-short"
  | "newer-format"
  | "other-cluster"
  | "forged"
  | "damaged"
  | "clock-skew";

export interface TokenProblem {
  readonly kind: TokenProblemKind;
  /** The first word of the error on every wire. */
  readonly code: string;
  readonly message: string;
}

export type TokenResult =
  | { readonly ok: true; readonly token: CausalToken }
  | { readonly ok: false; readonly problem: TokenProblem };

const problems: Readonly<Record<TokenProblemKind, { readonly code: string; readonly message: string }>> = {
  "not-a-token": { code: "TOKENFORMAT", message: "this is not a causal token" },
  "cut-short": { code: "TOKENCUT", message: "the causal token is cut short" },
  "newer-format": { code: "TOKENVERSION", message: "the causal token has a newer format than this node reads" },
  "other-cluster": { code: "TOKENCLUSTER", message: "the causal token is of another cluster" },
  forged: { code: "TOKENFORGED", message: "the signature of the causal token is not this cluster's" },
  damaged: { code: "TOKENDAMAGED", message: "the checksum of the causal token is wrong" },
  "clock-skew": { code: "CLOCKSKEW", message: "the causal token comes from a clock too far ahead of this node's" },
};

export function encodeToken(token: CausalToken, issuer: TokenIssuer): string {
  const writer = new ByteWriter(128 + 12 * token.dependencies.dots.length);
  writer.u8(magic0);
  writer.u8(magic1);
  writer.u8(tokenFormat);
  writer.u8(issuer.sign === undefined ? 0 : flagSigned);
  writer.u32(0);
  writer.text(issuer.cluster);
  writer.u16(token.datacenter);
  writer.u64(token.floor);
  encodeDependencies(writer, token.dependencies);
  const seal = sealBytes(issuer.sign);
  writer.putU32(lengthOffset, writer.length + seal);
  const signature = sealOf(writer.copy(), issuer.sign);
  invariant(signature.length === seal, "a signature has 16 bytes, a checksum 4");
  writer.raw(signature, 0, seal);
  return encodeBase64url(writer.bytes, writer.length);
}

/** `now` is this node's physical time; a floor further ahead of it than `maxSkewMs` is refused. */
export function decodeToken(text: string, issuer: TokenIssuer, now: HybridTime, maxSkewMs: number): TokenResult {
  if (text.length > tokenTextMax) return problem("not-a-token");
  const bytes = decodeBase64url(text) ?? decodeBase64url(text.slice(0, text.length - (text.length % 4)));
  if (bytes === undefined || bytes.length < 2 || bytes[0] !== magic0 || bytes[1] !== magic1) {
    return problem("not-a-token");
  }
  if (bytes.length < headerBytes) return problem("cut-short");
  if ((bytes[2] as number) > tokenFormat) return problem("newer-format");
  const length = new ByteReader(bytes, lengthOffset).u32();
  if (bytes[2] !== tokenFormat || bytes.length > length) return problem("not-a-token");
  if (bytes.length < length || decodeBase64url(text) === undefined) return problem("cut-short");
  try {
    return judge(bytes, issuer, now, maxSkewMs);
  } catch (error) {
    if (error instanceof DecodeError) return problem("not-a-token");
    throw error;
  }
}

function judge(bytes: Bytes, issuer: TokenIssuer, now: HybridTime, maxSkewMs: number): TokenResult {
  const signed = ((bytes[3] as number) & flagSigned) !== 0;
  const sealAt = bytes.length - (signed ? signatureBytes : 4);
  if (sealAt < headerBytes) return problem("not-a-token");
  const reader = new ByteReader(bytes, headerBytes, sealAt);
  const cluster = reader.text(clusterBytesMax);
  if (cluster !== issuer.cluster) return problem("other-cluster");
  if (signed !== (issuer.sign !== undefined)) return problem("forged");
  const seal = sealOf(bytes.subarray(0, sealAt), issuer.sign);
  if (!equalBytes(seal, bytes.subarray(sealAt))) return problem(signed ? "forged" : "damaged");
  const datacenter = reader.u16();
  const floor = reader.u64();
  const dependencies = decodeDependencies(reader);
  if (reader.remaining > 0 || datacenter >= issuer.datacenters || !originsExist(dependencies, issuer)) {
    return problem("not-a-token");
  }
  if (floor > now + maxSkewMs * ticksPerMs) return problem("clock-skew");
  return { ok: true, token: { dependencies, floor, datacenter } };
}

/** Whether every origin is one of the cluster's: a dependency on any other could never hold. */
export function originsExist(
  dependencies: Dependencies,
  cluster: { readonly datacenters: number; readonly partitions: number },
): boolean {
  for (const pairs of [dependencies.dots, dependencies.prefixes]) {
    for (let i = 0; i < pairs.length; i += 2) {
      const origin = pairs[i] as number;
      if (datacenterOf(origin) >= cluster.datacenters || partitionOf(origin) >= cluster.partitions) return false;
    }
  }
  return true;
}

function problem(kind: TokenProblemKind): TokenResult {
  return { ok: false, problem: { kind, ...problems[kind] } };
}

function sealBytes(sign: SignToken | undefined): number {
  return sign === undefined ? 4 : signatureBytes;
}

function sealOf(bytes: Bytes, sign: SignToken | undefined): Bytes {
  if (sign !== undefined) return sign(bytes);
  const sum = crc32(bytes);
  const seal = allocBytes(4);
  for (let i = 0; i < 4; i++) seal[i] = sum >>> (8 * i);
  return seal;
}

/** In a time that does not tell where they differ. */
function equalBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
