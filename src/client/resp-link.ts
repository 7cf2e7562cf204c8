/*
 * The transport over TCP: commands as RESP out, replies in. Uses the codec of src/protocol/resp.
 *
 * Everything sent in one turn of the event loop, whatever awaits in between, goes out in one write: the flush is a
 * process.nextTick, which runs when the promises of the turn are done. Nothing is told from inside a call: connecting,
 * data and the end of a socket are events of their own.
 *
 * Left out on purpose: timeouts and reconnecting (node-link.ts), what a reply means (commands.ts).
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { ConnectionLostError, ProtocolError } from "./errors.ts";
import type { ClientError } from "./errors.ts";
import { formatAddress } from "./transport.ts";
import type { Address, Command, Link, LinkEvents, Transport } from "./transport.ts";
import { OutputBuffer } from "../protocol/resp/output-buffer.ts";
import { OutputPool } from "../protocol/resp/output-pool.ts";
import type { OutputChunk } from "../protocol/resp/output-pool.ts";
import { ReplyOutcome, ReplyParser } from "../protocol/resp/reply-parser.ts";
import { encodeRequest } from "../protocol/resp/request-encoder.ts";
import type { Bytes } from "../shared/bytes.ts";

const keepAliveDelayMs = 30_000;

class RespLink implements Link {
  readonly #socket: Socket;
  readonly #pool: OutputPool;
  readonly #output: OutputBuffer;
  readonly #parser = new ReplyParser();
  readonly #address: string;
  readonly #events: LinkEvents;
  readonly #flushLater: () => void;
  #flushing = false;
  #opened = false;
  /** Nothing is told any more. */
  #ended = false;
  #error: Error | undefined;

  constructor(address: Address, pool: OutputPool, events: LinkEvents) {
    this.#address = formatAddress(address);
    this.#pool = pool;
    this.#output = new OutputBuffer(pool);
    this.#events = events;
    this.#flushLater = () => this.#flush();
    this.#socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    });
    this.#socket.on("connect", () => this.#onConnect());
    this.#socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("close", () => this.#onClose());
  }

  send(command: Command): void {
    if (this.#ended) return;
    encodeRequest(this.#output, command);
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(this.#flushLater);
  }

  close(reset: boolean): void {
    this.#ended = true;
    this.#output.discard();
    if (reset && this.#opened) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #flush(): void {
    this.#flushing = false;
    const socket = this.#socket;
    if (this.#ended) return;
    socket.cork();
    for (let chunk = this.#output.take(); chunk !== undefined; chunk = this.#output.take()) this.#write(chunk);
    socket.uncork();
  }

  #write(chunk: OutputChunk): void {
    this.#socket.write(chunk.filled(), () => this.#pool.release(chunk));
  }

  #onConnect(): void {
    this.#opened = true;
    if (!this.#ended) this.#events.onOpen();
  }

  #onData(chunk: Buffer): void {
    const parser = this.#parser;
    // A Buffer has what Bytes asks for; only Node's type declarations leave some of it out.
    parser.feed(chunk as unknown as Bytes);
    while (!this.#ended) {
      const outcome = parser.next();
      if (outcome === ReplyOutcome.needMore) return;
      if (outcome === ReplyOutcome.protocolError) {
        this.#lose(new ProtocolError(parser.error));
        this.#socket.destroy();
      } else if (outcome === ReplyOutcome.reply) {
        this.#events.onReply(parser.value);
      }
    }
  }

  #onClose(): void {
    this.#output.discard();
    const reason = this.#opened ? (this.#error === undefined ? "closed-by-node" : "broken") : "connect-failed";
    this.#lose(new ConnectionLostError(this.#address, reason, this.#error));
  }

  #lose(error: ClientError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onLost(error);
  }
}

export class TcpTransport implements Transport {
  readonly #pool = new OutputPool();

  open(address: Address, events: LinkEvents): Link {
    return new RespLink(address, this.#pool, events);
  }
}
