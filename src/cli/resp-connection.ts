/*
 * One connection to a node's RESP port for a person's commands: one at a time, each with a timeout. The client library is for programs; this has no routing, no retries and no context of its own: the
 * node keeps the session's.
 */
import type { Socket } from "node:net";
import { connect } from "node:net";
import { CliError } from "./errors.ts";
import { OutputBuffer } from "../protocol/resp/output-buffer.ts";
import { OutputPool } from "../protocol/resp/output-pool.ts";
import { ReplyOutcome, ReplyParser } from "../protocol/resp/reply-parser.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";
import { encodeRequest } from "../protocol/resp/request-encoder.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { byteStringOfUtf8 } from "../shared/bytes.ts";

const CONNECT_TIMEOUT_MS = 3_000;
const REPLY_TIMEOUT_MS = 15_000;

export interface RespAddress {
  readonly host: string;
  readonly port: number;
  readonly password: string | undefined;
}

interface PendingReply {
  readonly resolve: (value: ReplyValue) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class RespConnection {
  readonly address: RespAddress;
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  readonly #pool = new OutputPool();
  #pending: PendingReply | undefined;
  #ended: CliError | undefined;

  private constructor(address: RespAddress, socket: Socket) {
    this.address = address;
    this.#socket = socket;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#end(`lost the connection (${error.code ?? error.message})`),
    );
    socket.on("close", () => this.#end("closed the connection"));
  }

  /** Connects and gives the password. Rejects with CliError UNREACHABLE or REPLY_ERROR. */
  static async open(address: RespAddress): Promise<RespConnection> {
    const connection = new RespConnection(address, await connected(address));
    try {
      if (address.password !== undefined) await connection.ask("AUTH", address.password);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The reply to one command, errors included as values. Rejects with CliError UNREACHABLE or BAD_REPLY. */
  command(args: readonly ByteString[]): Promise<ReplyValue> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#pending !== undefined) return Promise.reject(new CliError("USAGE", "one command at a time"));
    const output = new OutputBuffer(this.#pool);
    encodeRequest(output, args);
    const { promise, resolve, reject } = Promise.withResolvers<ReplyValue>();
    const timer = setTimeout(() => this.#end(`did not answer within ${REPLY_TIMEOUT_MS / 1000} s`), REPLY_TIMEOUT_MS);
    this.#pending = { resolve, reject, timer };
    for (let chunk = output.take(); chunk !== undefined; chunk = output.take()) {
      this.#socket.write(chunk.filled());
    }
    return promise;
  }

  /** As `command`, and rejects with CliError REPLY_ERROR when the node says no. */
  async ask(...args: string[]): Promise<ReplyValue> {
    const value = await this.command(args.map((arg) => byteStringOfUtf8(arg)));
    if (isReplyError(value)) throw new CliError("REPLY_ERROR", `${this.#name()} says: ${textOf(value.message)}`);
    return value;
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  close(): void {
    this.#end("was closed");
  }

  #name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  #onData(chunk: Buffer): void {
    // Node.js declares fewer methods of a Buffer than it has.
    this.#parser.feed(chunk as unknown as Bytes);
    for (;;) {
      const outcome = this.#parser.next();
      if (outcome === ReplyOutcome.needMore) return;
      if (outcome === ReplyOutcome.protocolError) {
        this.#end(`does not speak the Redis protocol (${this.#parser.error})`);
        return;
      }
      if (outcome === ReplyOutcome.reply) this.#settle(this.#parser.value);
    }
  }

  #settle(value: ReplyValue): void {
    const pending = this.#pending;
    this.#pending = undefined;
    clearTimeout(pending?.timer);
    pending?.resolve(value);
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = new CliError("UNREACHABLE", `${this.#name()} ${why}`);
    clearTimeout(this.#pending?.timer);
    this.#pending?.reject(this.#ended);
    this.#pending = undefined;
    this.#socket.destroy();
  }
}

function connected({ host, port }: RespAddress): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host, port, noDelay: true });
  const fail = (why: string): void => {
    socket.destroy();
    reject(new CliError("UNREACHABLE", `cannot connect to ${host}:${port}: ${why}`));
  };
  const timer = setTimeout(() => fail("timed out"), CONNECT_TIMEOUT_MS);
  const onError = (error: NodeJS.ErrnoException): void => {
    clearTimeout(timer);
    fail(error.code === "ECONNREFUSED" ? "nobody listens there" : (error.code ?? error.message));
  };
  socket.once("error", onError);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", onError);
    resolve(socket);
  });
  return promise;
}

export function isReplyError(value: ReplyValue): value is Extract<ReplyValue, { readonly kind: "error" }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "error";
}

/** Bytes of a reply, read as UTF-8. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
