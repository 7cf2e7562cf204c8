/*
 * The acceptor's side of the handshake. A stranger learns nothing from it but a nonce and its protocol version: cluster,
 * configuration and its own proof follow only when the dialler has proven that it knows the secret.
 */
import { invariant } from "../shared/assert.ts";
import { Handshake, refuse } from "./handshake.ts";
import type { HandshakeContext, Step } from "./handshake.ts";
import { judgeVersion } from "./handshake-judge.ts";
import type { Challenge, Hello, Refusal } from "./handshake-messages.ts";
import type { NodeId } from "./transport.ts";

/** Whether this node wants the proven peer: it is in the configuration, and not older than the one it would replace. */
export type AcceptorJudge = (hello: Hello) => Refusal | undefined;

export class AcceptorHandshake extends Handshake {
  readonly #judge: AcceptorJudge;
  #addressee: NodeId | undefined;
  #hello: Hello | undefined;

  constructor(context: HandshakeContext, judge: AcceptorJudge) {
    super("acceptor", context);
    this.#judge = judge;
  }

  protected override onChallenge(challenge: Challenge, raw: Buffer): Step {
    const refusal = judgeVersion(this.context.self.protocolVersion, challenge.protocolVersion);
    if (refusal !== undefined) return refuse(refusal);
    this.#addressee = challenge.to;
    const mine = this.challengeTo(challenge.from);
    this.transcript.push(raw, mine);
    return { kind: "next", reply: mine, expects: "proof" };
  }

  protected override onHello(hello: Hello, raw: Buffer): Step {
    const { nodeId } = this.context.self;
    if (this.#addressee !== nodeId) {
      const detail = `node ${hello.nodeId} dialled node ${this.#addressee} and reached node ${nodeId}`;
      return refuse({ code: "WRONG_NODE", detail });
    }
    const refusal = this.#judge(hello);
    if (refusal !== undefined) return refuse(refusal);
    this.#hello = hello;
    this.transcript.push(raw);
    return { kind: "next", reply: this.proof(), expects: "ready" };
  }

  protected override onReady(): Step {
    invariant(this.#hello !== undefined, "ready is expected only after a proof");
    return { kind: "done", hello: this.#hello };
  }
}
