/*
 * The handshake as two state machines without I/O: bytes of the stream go in, bytes to send and a verdict come out. Here is
 * what both have in common; handshake-dialler.ts and handshake-acceptor.ts are the two.
 *
 *   dialler                                   acceptor
 *     | magic, challenge ------------------------> |   version judged; nothing told but a nonce
 *     | <------------------------ magic, challenge |
 *     | proof + hello ---------------------------> |   secret, then identity judged: the one who asks proves first
 *     | <--------------------------- proof + hello |
 *     | ready, frames ... -----------------------> |   only now is the acceptor's side up
 *     | <------------------------------ frames ... |
 *
 * Either side may send a refusal instead of its next message. The acceptor waits for `ready` so that a dialler that gave
 * up in the middle never replaces a link that works.
 *
 * Keeps invariant 14: at most `bytesMax` bytes are taken before the verdict, and a stranger's first wrong byte ends it.
 * Timeouts and the number of handshakes at once are the caller's. Left out on purpose: secrecy and integrity of what
 * follows the handshake. A network where others can change packets needs a tunnel (docs/OPERATIONS.md).
 */
import type { HandshakeCode } from "./errors.ts";
import { judgeHello } from "./handshake-judge.ts";
import {
  encodeJson,
  encodeMessage,
  magic,
  parseChallenge,
  parseHello,
  parseRefusal,
  proofBytes,
  proofHolds,
  proofOf,
  readMessage,
} from "./handshake-messages.ts";
import type { Challenge, Hello, Message, MessageKind, Refusal, Role } from "./handshake-messages.ts";
import type { NodeId } from "./transport.ts";

export interface HandshakeContext {
  readonly self: Hello;
  readonly secret: string;
  readonly bytesMax: number;
  /** Fresh random bytes, hexadecimal, for the challenge. */
  readonly nonce: () => string;
}

export type HandshakeResult =
  | { readonly kind: "pending"; readonly reply: Buffer | undefined }
  | { readonly kind: "done"; readonly reply: Buffer | undefined; readonly hello: Hello; readonly rest: Buffer }
  | HandshakeFailure;

export interface HandshakeFailure {
  readonly kind: "failed";
  readonly code: HandshakeCode;
  readonly detail: string;
  /** The refusal to send before closing; undefined when the other side is told nothing. */
  readonly reply: Buffer | undefined;
}

export type Step =
  | { readonly kind: "next"; readonly reply?: Buffer; readonly expects: MessageKind }
  | { readonly kind: "done"; readonly reply?: Buffer; readonly hello: Hello }
  | HandshakeFailure;

export const empty: Buffer = Buffer.alloc(0);

/** Ends the handshake and tells the other side why. */
export function refuse(refusal: Refusal): HandshakeFailure {
  return { kind: "failed", ...refusal, reply: encodeMessage("refusal", encodeJson(refusal)) };
}

function malformed(detail: string): HandshakeFailure {
  return refuse({ code: "HANDSHAKE_MALFORMED", detail });
}

export abstract class Handshake {
  protected readonly context: HandshakeContext;
  readonly #role: Role;
  #input: Buffer = empty;
  #taken = 0;
  #magicSeen = false;
  /** Whether our own magic has gone out; whatever an acceptor says first comes behind it. */
  #greeted: boolean;
  #expected: MessageKind = "challenge";
  protected transcript: Buffer[] = [];
  /** The other end's id as it claims it, for the log; nothing is proven before `done`. */
  claimed: NodeId | undefined;

  constructor(role: Role, context: HandshakeContext) {
    this.#role = role;
    this.#greeted = role === "dialler";
    this.context = context;
  }

  /** Takes the next bytes; not to be called after "done" or "failed". */
  push(chunk: Buffer): HandshakeResult {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    if (!this.#magicSeen) {
      const seen = Math.min(magic.length, this.#input.length);
      if (magic.compare(this.#input, 0, seen, 0, seen) !== 0) return notAPeer;
      if (seen < magic.length) return { kind: "pending", reply: undefined };
      this.#magicSeen = true;
      this.#input = this.#input.subarray(magic.length);
    }
    return this.#greet(this.#readMessages());
  }

  #greet(result: HandshakeResult): HandshakeResult {
    if (this.#greeted || result.reply === undefined) return result;
    this.#greeted = true;
    return { ...result, reply: Buffer.concat([magic, result.reply]) };
  }

  #readMessages(): HandshakeResult {
    let reply: Buffer | undefined;
    for (;;) {
      const message = readMessage(this.#input);
      if (message === "MALFORMED") return malformed("a message of an unknown kind");
      if (message === undefined) break;
      this.#taken += message.raw.length;
      this.#input = this.#input.subarray(message.raw.length);
      if (this.#taken > this.context.bytesMax) break;
      const step = this.#step(message);
      if (step.kind === "failed") return step;
      if (step.reply !== undefined) reply = reply === undefined ? step.reply : Buffer.concat([reply, step.reply]);
      if (step.kind === "done") return { kind: "done", reply, hello: step.hello, rest: this.#input };
      this.#expected = step.expects;
    }
    const tooLarge = this.#taken + this.#input.length > this.context.bytesMax;
    return tooLarge ? refuse(tooLargeRefusal) : { kind: "pending", reply };
  }

  #step(message: Message): Step {
    if (message.kind === "refusal") return refusedBy(message);
    if (message.kind !== this.#expected) return malformed(`a ${message.kind} where a ${this.#expected} was due`);
    switch (message.kind) {
      case "challenge":
        return this.#onChallenge(message);
      case "proof":
        return this.#onProof(message);
      case "ready":
        return this.onReady();
    }
  }

  #onChallenge(message: Message): Step {
    const challenge = parseChallenge(message.body);
    if (challenge === undefined || challenge.role === this.#role) return malformed("a challenge that cannot be read");
    this.claimed = challenge.from;
    return this.onChallenge(challenge, message.raw);
  }

  #onProof(message: Message): Step {
    const body = message.body.subarray(proofBytes);
    const role = this.#role === "dialler" ? "acceptor" : "dialler";
    const expected = proofOf(this.context.secret, role, this.transcript, body);
    if (!proofHolds(message.body.subarray(0, proofBytes), expected)) return refuse(secretRefusal);
    const hello = parseHello(body);
    if (hello === undefined || hello.nodeId !== this.claimed) return malformed("a hello that cannot be read");
    const refusal = judgeHello(this.context.self, hello);
    return refusal === undefined ? this.onHello(hello, message.raw) : refuse(refusal);
  }

  protected challengeTo(to: NodeId): Buffer {
    const { protocolVersion, nodeId } = this.context.self;
    const challenge: Challenge = {
      protocolVersion,
      role: this.#role,
      from: nodeId,
      to,
      nonce: this.context.nonce(),
    };
    return encodeMessage("challenge", encodeJson(challenge));
  }

  protected proof(): Buffer {
    const hello = encodeJson(this.context.self);
    const proof = proofOf(this.context.secret, this.#role, this.transcript, hello);
    return encodeMessage("proof", Buffer.concat([proof, hello]));
  }

  protected abstract onChallenge(challenge: Challenge, raw: Buffer): Step;
  protected abstract onHello(hello: Hello, raw: Buffer): Step;
  protected abstract onReady(): Step;
}

const notAPeer: HandshakeFailure = {
  kind: "failed",
  code: "NOT_A_PEER",
  detail: "what came is not the peer protocol",
  reply: undefined,
};

const tooLargeRefusal: Refusal = { code: "HANDSHAKE_TOO_LARGE", detail: "the handshake is longer than any of ours" };

const secretRefusal: Refusal = {
  code: "SECRET_MISMATCH",
  detail: "the proof does not hold: the two nodes have different secrets (or belong to different clusters)",
};

function refusedBy(message: Message): HandshakeFailure {
  const refusal = parseRefusal(message.body);
  if (refusal === undefined) return malformed("a refusal that cannot be read");
  return { kind: "failed", code: refusal.code, detail: `(the peer says) ${refusal.detail}`, reply: undefined };
}
