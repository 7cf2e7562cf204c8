/*
 * The dialler's side of the handshake: speaks first, proves itself first, and says the last word (`ready`). It refuses a
 * node that is not the one it meant to reach, before it proves anything to it.
 */
import { invariant } from "../shared/assert.ts";
import { empty, Handshake, refuse } from "./handshake.ts";
import type { HandshakeContext, Step } from "./handshake.ts";
import { judgeVersion } from "./handshake-judge.ts";
import { encodeMessage, magic } from "./handshake-messages.ts";
import type { Challenge, Hello } from "./handshake-messages.ts";
import type { NodeId } from "./transport.ts";

export class DiallerHandshake extends Handshake {
  readonly #peer: NodeId;

  constructor(context: HandshakeContext, peer: NodeId) {
    super("dialler", context);
    this.#peer = peer;
  }

  /** The first bytes to send. */
  begin(): Buffer {
    const challenge = this.challengeTo(this.#peer);
    this.transcript.push(challenge);
    return Buffer.concat([magic, challenge]);
  }

  protected override onChallenge(challenge: Challenge, raw: Buffer): Step {
    const { self } = this.context;
    const refusal = judgeVersion(self.protocolVersion, challenge.protocolVersion);
    if (refusal !== undefined) return refuse(refusal);
    if (challenge.from !== this.#peer) {
      const detail = `node ${self.nodeId} dialled node ${this.#peer} and reached node ${challenge.from}`;
      return refuse({ code: "WRONG_NODE", detail });
    }
    this.transcript.push(raw);
    const proof = this.proof();
    this.transcript.push(proof);
    return { kind: "next", reply: proof, expects: "proof" };
  }

  protected override onHello(hello: Hello): Step {
    return { kind: "done", reply: encodeMessage("ready", empty), hello };
  }

  protected override onReady(): Step {
    invariant(false, "a dialler never expects a ready");
  }
}
