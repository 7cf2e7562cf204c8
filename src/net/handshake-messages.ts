/*
 * The messages of the handshake (design, 3.9). Each direction begins with eight magic bytes, then messages follow as
 * `u16 length of body | u8 kind | body`, little-endian.
 *
 *   kind       body                         from
 *   challenge  JSON Challenge               both, first
 *   proof      32 bytes HMAC | JSON Hello   dialler, then acceptor
 *   ready      empty                        dialler, last
 *   refusal    JSON Refusal                 either, instead of its next message; then it closes
 *
 * The proof of a side is HMAC-SHA256, keyed with the cluster's secret, over its role, both challenges as they went over
 * the wire (fresh nonces and both node ids), the dialler's proof when the acceptor answers it, and its own hello. Role and
 * nonces make a proof worthless anywhere else: it can be neither replayed nor reflected.
 *
 * Challenges and refusals are unproven; nothing is taken from them but the nonce, what to compare, and text for people.
 * A later protocol version keeps magic, framing and the fields of Challenge, so that versions can tell each other apart.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { isHandshakeCode } from "./errors.ts";
import type { HandshakeCode } from "./errors.ts";
import type { NodeId } from "./transport.ts";

export const magic: Buffer = Buffer.from("COPSPEER", "latin1");
const messageHeaderBytes = 3;
export const proofBytes = 32;
export const nonceBytes = 32;

const REFUSAL_DETAIL_MAX = 300;

export type MessageKind = "challenge" | "proof" | "ready" | "refusal";
const kinds: readonly MessageKind[] = ["challenge", "proof", "ready", "refusal"];

export type Role = "dialler" | "acceptor";

export interface Challenge {
  readonly protocolVersion: number;
  readonly role: Role;
  /** The sender, and the node that it believes to speak to. */
  readonly from: NodeId;
  readonly to: NodeId;
  /** Hexadecimal. */
  readonly nonce: string;
}

/** Who a node is; believed only behind a proof. */
export interface Hello {
  readonly protocolVersion: number;
  readonly cluster: string;
  readonly nodeId: NodeId;
  readonly partitions: number;
  readonly configDigest: string;
  /** Grows with every start of the node's process. */
  readonly incarnation: number;
}

export interface Refusal {
  readonly code: HandshakeCode;
  readonly detail: string;
}

export interface Message {
  readonly kind: MessageKind;
  readonly body: Buffer;
  /** Header and body as they went over the wire, for the transcript. */
  readonly raw: Buffer;
}

export function encodeMessage(kind: MessageKind, body: Uint8Array): Buffer {
  const raw = Buffer.allocUnsafe(messageHeaderBytes + body.length);
  raw.writeUInt16LE(body.length, 0);
  raw.writeUInt8(kinds.indexOf(kind), 2);
  raw.set(body, messageHeaderBytes);
  return raw;
}

export function encodeJson(value: Challenge | Hello | Refusal): Buffer {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** The first message of `input`; undefined while it is incomplete, "MALFORMED" when its kind is unknown. */
export function readMessage(input: Buffer): Message | "MALFORMED" | undefined {
  if (input.length < messageHeaderBytes) return undefined;
  const kind = kinds[input.readUInt8(2)];
  if (kind === undefined) return "MALFORMED";
  const end = messageHeaderBytes + input.readUInt16LE(0);
  if (input.length < end) return undefined;
  return { kind, body: input.subarray(messageHeaderBytes, end), raw: input.subarray(0, end) };
}

/** `transcript` holds whole messages, each of which carries its own length, so no two transcripts read the same. */
export function proofOf(secret: string, role: Role, transcript: readonly Uint8Array[], hello: Uint8Array): Buffer {
  const mac = createHmac("sha256", secret).update(`cops peer handshake, ${role}\0`);
  for (const message of transcript) mac.update(message);
  return mac.update(hello).digest();
}

export function proofHolds(claimed: Uint8Array, expected: Uint8Array): boolean {
  return claimed.length === expected.length && timingSafeEqual(claimed, expected);
}

type Json = Readonly<Record<string, unknown>>;

function parseObject(body: Buffer): Json | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Json) : undefined;
  } catch {
    // Not JSON: the caller reports the message as malformed.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function parseChallenge(body: Buffer): Challenge | undefined {
  const json = parseObject(body);
  if (json === undefined) return undefined;
  const { protocolVersion, role, from, to, nonce } = json;
  if (!isCount(protocolVersion) || !isCount(from) || !isCount(to)) return undefined;
  if (role !== "dialler" && role !== "acceptor") return undefined;
  if (typeof nonce !== "string" || !/^[0-9a-f]{64}$/u.test(nonce)) return undefined;
  return { protocolVersion, role, from, to, nonce };
}

export function parseHello(body: Buffer): Hello | undefined {
  const json = parseObject(body);
  if (json === undefined) return undefined;
  const { protocolVersion, cluster, nodeId, partitions, configDigest, incarnation } = json;
  if (!isCount(protocolVersion) || !isCount(nodeId) || !isCount(partitions) || !isCount(incarnation)) return undefined;
  if (typeof cluster !== "string" || typeof configDigest !== "string") return undefined;
  return { protocolVersion, cluster, nodeId, partitions, configDigest, incarnation };
}

export function parseRefusal(body: Buffer): Refusal | undefined {
  const json = parseObject(body);
  if (json === undefined) return undefined;
  const { code, detail } = json;
  if (typeof code !== "string" || typeof detail !== "string" || !isHandshakeCode(code)) return undefined;
  return { code, detail: printable(detail) };
}

/** Text from a stranger, made fit for a log. */
function printable(text: string): string {
  return text.slice(0, REFUSAL_DETAIL_MAX).replaceAll(/[^\x20-\x7e]/gu, "?");
}
