/*
 * Causal tokens (design, 3.4), for sessions and for clients that keep their own contexts:
 *
 *   COPS.TOKEN                          what this session has seen up to here, as a token
 *   COPS.ATTACH token [timeoutMs]       this session has seen that too, once it is applied here
 *   COPS.MAKETOKEN CONTEXT c FLOOR t    a token of an explicit context
 *   COPS.OPENTOKEN token [timeoutMs]    waits until its dots are applied here ──▶ [context, floor]
 */
import type { Failure } from "../../../core/failure.ts";
import type { OperationSink } from "../../../core/operations.ts";
import type { Session } from "../../../core/session.ts";
import { decodeToken, encodeToken } from "../../../protocol/causal-token.ts";
import type { CausalToken } from "../../../protocol/causal-token.ts";
import type { Dependencies } from "../../../protocol/dependencies.ts";
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { invariant } from "../../../shared/assert.ts";
import { maxSkewMs } from "../../../shared/limits.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { syntaxError } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape } from "../operation-shape.ts";
import type { ReadyReply } from "../reply-queue.ts";
import { attachTimeoutMsMax } from "../resp-limits.ts";
import { writeContext } from "../version-fields.ts";
import { versionedArguments, wholeNumber } from "../versioned-arguments.ts";
import type { ArgumentName } from "../versioned-arguments.ts";

const explicitContext: ReadonlySet<ArgumentName> = new Set(["context", "floor"]);

/** Writes the token when the session has come to this point. */
class TokenShape extends OperationShape {
  private readonly client: RespConnection;

  constructor(client: RespConnection) {
    super();
    this.client = client;
  }

  override reached(reply: ReplyWriter): void {
    const { context } = this.client.session;
    reply.bulk(tokenOf(this.client, context.dependencies(), context.floor));
  }
}

class AttachShape extends OperationShape {
  override reached(reply: ReplyWriter): void {
    reply.ok();
  }
}

const attachShape = new AttachShape();

export const copsToken: OrderedCommand = {
  name: "cops.token",
  arity: 1,
  flags: ["readonly"],
  group: "cops",
  since: "0.1.0",
  summary: "Returns what this session has seen as a portable token.",
  run(client: RespConnection): void {
    client.session.barrier(client.replies, client.replies.open(new TokenShape(client)));
  },
};

export const copsAttach: OrderedCommand = {
  name: "cops.attach",
  arity: -2,
  flags: ["readonly"],
  group: "cops",
  since: "0.1.0",
  summary: "Continues from a token, once what it has seen is applied here.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const asked = askedOf(client, args);
    if (typeof asked === "string") client.replies.error(asked);
    else {
      client.session.attachTo(asked.token, asked.timeoutMs, client.replies, client.replies.open(attachShape));
    }
  },
};

export const copsMaketoken: OrderedCommand = {
  name: "cops.maketoken",
  arity: 5,
  flags: ["readonly", "fast"],
  group: "cops",
  since: "0.1.0",
  summary: "Returns an explicit context as a portable token.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const read = versionedArguments(args, 1, explicitContext, client.services.issuer);
    if (typeof read === "string" || read.dependencies === undefined || read.floor === undefined) {
      client.replies.error(typeof read === "string" ? read : syntaxError);
      return;
    }
    client.replies.begin().bulk(tokenOf(client, read.dependencies, read.floor));
    client.replies.end();
  },
};

export const copsOpentoken: OrderedCommand = {
  name: "cops.opentoken",
  arity: -2,
  flags: ["readonly"],
  group: "cops",
  since: "0.1.0",
  summary: "Waits until what a token has seen is applied here and returns it as a context.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const asked = askedOf(client, args);
    if (typeof asked === "string") {
      client.replies.error(asked);
      return;
    }
    new OpenedToken(client).begin(asked.token, asked.timeoutMs);
  },
};

/** A session of its own attaches, so that the connection's goes on meanwhile and learns nothing. */
class OpenedToken implements OperationSink, ReadyReply {
  private readonly client: RespConnection;
  private readonly slot: number;
  private readonly session: Session;
  private failure: Failure | undefined;

  constructor(client: RespConnection) {
    this.client = client;
    this.slot = client.replies.openOther();
    this.session = client.services.core.createSession();
  }

  begin(token: CausalToken, timeoutMs: number): void {
    this.session.attachTo(token, timeoutMs, this, 0);
  }

  reached(): void {
    this.client.replies.settle(this.slot, this);
  }

  failed(_tag: number, failure: Failure): void {
    this.failure = failure;
    this.client.replies.settle(this.slot, this);
  }

  readDone(): void {
    invariant(false, "an attach is not answered as a read");
  }

  writeDone(): void {
    invariant(false, "an attach is not answered as a write");
  }

  writeTo(reply: ReplyWriter): void {
    if (this.failure !== undefined) {
      reply.error(`${this.failure.code} ${this.failure.message}`);
      return;
    }
    const { context } = this.session;
    reply.arrayHeader(2);
    writeContext(reply, context);
    reply.integer(context.floor);
  }
}

function tokenOf(client: RespConnection, dependencies: Dependencies, floor: number): string {
  const { issuer, core } = client.services;
  return encodeToken({ dependencies, floor, datacenter: core.state.datacenter }, issuer);
}

/** A text is the error to answer. */
function askedOf(
  client: RespConnection,
  args: readonly ByteString[],
): { readonly token: CausalToken; readonly timeoutMs: number } | ByteString {
  const { issuer, core, limits } = client.services;
  const timeoutMs = args.length === 2 ? limits.attachTimeoutMs : wholeNumber(args[2] as ByteString);
  if (args.length > 3) return syntaxError;
  if (timeoutMs === undefined || timeoutMs > attachTimeoutMsMax) {
    return `ERR timeout is not a whole number of milliseconds up to ${attachTimeoutMsMax}`;
  }
  const result = decodeToken(args[1] as ByteString, issuer, core.state.clock.physicalTime, maxSkewMs);
  return result.ok ? { token: result.token, timeoutMs } : `${result.problem.code} ${result.problem.message}`;
}
