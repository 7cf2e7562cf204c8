/*
 * A client for tests of the RESP port: it sends exactly the bytes that it is told to, and reads replies with our parser.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { OutputBuffer } from "../../../protocol/resp/output-buffer.ts";
import { OutputPool } from "../../../protocol/resp/output-pool.ts";
import { DEFAULT_REPLY_LIMITS, ReplyOutcome, ReplyParser } from "../../../protocol/resp/reply-parser.ts";
import type { ReplyValue } from "../../../protocol/resp/reply-values.ts";
import { encodeRequest } from "../../../protocol/resp/request-encoder.ts";
import type { Bytes, ByteString } from "../../../shared/bytes.ts";
import type { MemoryNode } from "./memory-node.ts";

export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** Everything received, as bytes. */
  received: ByteString = "";
  private readonly parser = new ReplyParser(DEFAULT_REPLY_LIMITS);
  private readonly waiting: { resolve: (reply: ReplyValue) => void; reject: (error: Error) => void }[] = [];
  private readonly replies: ReplyValue[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => resolve());
    });
    this.socket.on("error", () => this.socket.destroy());
    this.socket.on("end", () => this.socket.end());
    this.socket.on("data", (chunk: Buffer) => this.take(chunk));
    this.socket.on("close", () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error("connection closed"));
    });
  }

  /** Sends commands in one write, without waiting. */
  send(...commands: ByteString[][]): void {
    const output = new OutputBuffer(new OutputPool());
    for (const command of commands) encodeRequest(output, command);
    for (let chunk = output.take(); chunk !== undefined; chunk = output.take()) {
      this.socket.write(Buffer.from(chunk.filled()));
    }
  }

  sendRaw(bytes: ByteString): void {
    this.socket.write(Buffer.from(bytes, "latin1"));
  }

  next(): Promise<ReplyValue> {
    const reply = this.replies.shift();
    if (reply !== undefined) return Promise.resolve(reply);
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) reject(new Error("connection closed"));
      else this.waiting.push({ resolve, reject });
    });
  }

  call(...command: ByteString[]): Promise<ReplyValue> {
    this.send(command);
    return this.next();
  }

  /** The replies of commands sent in one write. */
  pipeline(...commands: ByteString[][]): Promise<ReplyValue[]> {
    this.send(...commands);
    return Promise.all(commands.map(() => this.next()));
  }

  /** A reply that is a text. */
  async text(...command: ByteString[]): Promise<string> {
    const reply = await this.call(...command);
    if (typeof reply === "string") return reply;
    throw new Error(`not a text: ${JSON.stringify(reply)}`);
  }

  /** The error's text. */
  async error(...command: ByteString[]): Promise<ByteString> {
    return errorText(await this.call(...command));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received += chunk.toString("latin1");
    this.parser.feed(chunk as unknown as Bytes);
    for (let outcome = this.parser.next(); outcome !== ReplyOutcome.needMore; outcome = this.parser.next()) {
      if (outcome === ReplyOutcome.protocolError) throw new Error(this.parser.error);
      const value = this.parser.value;
      const first = this.waiting.shift();
      if (first === undefined) this.replies.push(value);
      else first.resolve(value);
    }
  }
}

function errorText(reply: ReplyValue): ByteString {
  const isError = typeof reply === "object" && reply !== null && !Array.isArray(reply) && reply.kind === "error";
  if (isError) return reply.message;
  throw new Error(`not an error: ${JSON.stringify(reply)}`);
}

export function clientOf(node: MemoryNode): RawClient {
  return new RawClient(node.server.port);
}
