/*
 * Rare requests between nodes, in JSON: WHY, scans of another node's keys, topology (protocol/messages/message.ts). They
 * travel in the same frames as everything else, and never touch the hot path.
 *
 *   call ──▶ request(id, name, args) ──▶ handler there ──▶ reply(id, value | error) ──▶ resolved or rejected
 *
 * Every call has a timeout, and the calls that are out are bounded. Calling oneself skips the wire.
 */
import { ControlError } from "./errors.ts";
import type { NodeCore } from "../core/node-core.ts";
import type { NodeId } from "../core/placement.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import type { ByteReader } from "../protocol/byte-reader.ts";
import { beginMessage, endMessage, messageControlReply, messageControlRequest } from "../protocol/messages/message.ts";
import { byteStringOfUtf8, bytesOf } from "../shared/bytes.ts";
import type { ByteString } from "../shared/bytes.ts";

const callsMax = 1024;
const jsonBytesMax = 16 * 1024 * 1024;

export type ControlHandler = (args: unknown, peer: NodeId) => unknown;

interface Call {
  readonly peer: NodeId;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

interface Reply {
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export class ControlChannel {
  private readonly handlers = new Map<string, ControlHandler>();
  private readonly calls = new Map<number, Call>();
  private lastId = 0;
  private readonly core: NodeCore;

  constructor(core: NodeCore) {
    this.core = core;
    core.inbox.onControl = (peer, type, reader) => this.onMessage(peer, type, reader);
  }

  /** Calls under way. */
  get pending(): number {
    return this.calls.size;
  }

  handle(name: string, handler: ControlHandler): void {
    this.handlers.set(name, handler);
  }

  /** Rejects with ControlError: UNREACHABLE, TIMEOUT, BUSY, or REMOTE with what the other node said. */
  call(peer: NodeId, name: string, args: unknown, timeoutMs: number): Promise<unknown> {
    if (peer === this.core.state.self) return this.serve(name, args, peer);
    if (!this.core.state.linksUp.has(peer)) {
      return Promise.reject(new ControlError("UNREACHABLE", `no link to node ${peer}`, peer));
    }
    if (this.calls.size >= callsMax) {
      return Promise.reject(new ControlError("BUSY", `${callsMax} requests to other nodes are out already`, peer));
    }
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.calls.delete(id);
        reject(new ControlError("TIMEOUT", `node ${peer} did not answer ${name} within ${timeoutMs} ms`, peer));
      }, timeoutMs);
      this.calls.set(id, { peer, resolve, reject, timer });
      this.send(peer, messageControlRequest, id, { name, args });
    });
  }

  onLinkDown(peer: NodeId): void {
    for (const [id, call] of this.calls) {
      if (call.peer !== peer) continue;
      this.calls.delete(id);
      clearTimeout(call.timer);
      call.reject(new ControlError("UNREACHABLE", `the link to node ${peer} went down`, peer));
    }
  }

  close(): void {
    for (const call of this.calls.values()) {
      clearTimeout(call.timer);
      call.reject(new ControlError("UNREACHABLE", "this node is shutting down", call.peer));
    }
    this.calls.clear();
  }

  private onMessage(peer: NodeId, type: number, reader: ByteReader): void {
    const id = reader.u64();
    const body = parsed(reader.text(jsonBytesMax));
    if (type === messageControlReply) this.onReply(id, body);
    else if (type === messageControlRequest) void this.answer(peer, id, body as { name: string; args: unknown });
    else throw new DecodeError(`message of unknown type ${type}`);
  }

  private onReply(id: number, reply: Reply): void {
    const call = this.calls.get(id);
    if (call === undefined) return;
    this.calls.delete(id);
    clearTimeout(call.timer);
    if (reply.error === undefined) call.resolve(reply.value);
    else call.reject(new ControlError("REMOTE", `${reply.error.code} ${reply.error.message}`, call.peer));
  }

  private async answer(peer: NodeId, id: number, request: { name: string; args: unknown }): Promise<void> {
    let reply: Reply;
    try {
      reply = { value: await this.serve(request.name, request.args, peer) };
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      reply = { error: { code: code ?? "ERROR", message } };
    }
    if (this.core.state.linksUp.has(peer)) this.send(peer, messageControlReply, id, reply);
  }

  private async serve(name: string, args: unknown, peer: NodeId): Promise<unknown> {
    const handler = this.handlers.get(name);
    if (handler === undefined) throw new ControlError("REMOTE", `unknown request ${name}`, peer);
    return await handler(args, peer);
  }

  private send(peer: NodeId, type: number, id: number, body: unknown): void {
    const writer = this.core.state.outboxes.to(peer);
    const at = beginMessage(writer, type);
    writer.u64(id);
    writer.text(byteStringOfUtf8(JSON.stringify(body)));
    endMessage(writer, at);
    this.core.state.wake();
  }
}

function parsed(text: ByteString): object {
  try {
    const body: unknown = JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
    if (typeof body === "object" && body !== null) return body;
  } catch (error) {
    throw new DecodeError("a request between nodes is no JSON", { cause: error });
  }
  throw new DecodeError("a request between nodes is no JSON object");
}

/** What a JSON text looks like as bytes; for callers that send keys, which may be any bytes. */
export function base64OfKey(key: string): string {
  return Buffer.from(bytesOf(key)).toString("base64");
}

export function keyOfBase64(text: string): string {
  return Buffer.from(text, "base64").toString("latin1");
}
