/*
 * One TCP connection to a peer: its socket, its handshake, its frames.
 *
 *   shaking --proven--> up --abort, silence, fault, peer closes--> closed
 *      |                 `---close()---> closing (queue handed over) --> closed
 *      `--refused-----> closing (refusal handed over) ------------------> closed
 *
 * Every end is reported in one place, the socket's "close" event, so never from inside a call of ours. Time is counted in
 * ticks of the transport: after a stop of this process one tick passes, not the minutes that it slept, so a peer is not
 * taken for silent because we were.
 */
import type { Socket } from "node:net";
import type { Bytes } from "../shared/bytes.ts";
import { causeText, TransportError } from "./errors.ts";
import type { TransportErrorCode } from "./errors.ts";
import { FrameReader } from "./frame-codec.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { Handshake, HandshakeFailure, HandshakeResult } from "./handshake.ts";
import type { Hello } from "./handshake-messages.ts";
import type { TcpLimits } from "./tcp-options.ts";
import type { NodeId } from "./transport.ts";

export interface TcpConnectionEvents {
  onEstablished(connection: TcpConnection, hello: Hello): void;
  onFrame(frame: Bytes): void;
  /** A write is done and more waits: flush at the end of this turn. */
  onDrained(connection: TcpConnection): void;
  /** Once, last, and never from inside a call to the connection. */
  onClosed(connection: TcpConnection, error: TransportError): void;
}

type State = "shaking" | "up" | "closing" | "closed";

export class TcpConnection {
  readonly address: string;
  readonly #socket: Socket;
  readonly #handshake: Handshake;
  readonly #limits: TcpLimits;
  readonly #queue = new FrameQueue();
  readonly #reader: FrameReader;
  readonly #silentTicksMax: number;
  readonly #onWritten: () => void;
  #events: TcpConnectionEvents;
  #state: State = "shaking";
  #error: TransportError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #silentTicks = 0;
  #wroteSinceTick = false;
  #peer: NodeId | undefined;
  incarnation = 0;
  readonly #closed = Promise.withResolvers<void>();

  constructor(socket: Socket, address: string, handshake: Handshake, limits: TcpLimits, events: TcpConnectionEvents) {
    this.#socket = socket;
    this.address = address;
    this.#handshake = handshake;
    this.#limits = limits;
    this.#events = events;
    this.#silentTicksMax = Math.ceil(limits.silenceMsMax / limits.heartbeatMs);
    this.#reader = new FrameReader(limits.frameBytesMax, (frame) => this.#onFrame(frame));
    this.#onWritten = () => this.#afterWrite();
    this.#attach();
    this.#timer = setTimeout(() => this.#onHandshakeTimeout(), limits.handshakeMsMax);
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  get error(): TransportError | undefined {
    return this.#error;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** Resolves when the socket is gone and its end has been reported. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The id that the other end claimed; proven once the connection is up. */
  get claimed(): NodeId | undefined {
    return this.#peer ?? this.#handshake.claimed;
  }

  /** From now on `events` hears of this connection. */
  handTo(events: TcpConnectionEvents): void {
    this.#events = events;
  }

  /** Sends the first bytes of the handshake; the dialler's part. */
  begin(greeting: Buffer): void {
    this.#socket.write(greeting);
  }

  /** Queues a copy; false when the connection is not up or this frame breaks its bound, which ends it. */
  send(frame: Bytes, length: number): boolean {
    if (this.#state !== "up") return false;
    if (this.#queue.bytesAfter(length) > this.#limits.queueBytesMax) {
      const detail = `more than ${this.#limits.queueBytesMax} bytes wait for a peer that reads too slowly`;
      this.abort("QUEUE_FULL", detail);
      return false;
    }
    this.#queue.push(frame, length);
    return true;
  }

  /** Hands everything queued to the socket as one gathered write; false when there is nothing or one is under way. */
  flush(): boolean {
    if (this.#state !== "up" || this.#queue.isWriting || !this.#queue.hasWaiting) return false;
    const chunks = this.#queue.take();
    const last = chunks.length - 1;
    this.#wroteSinceTick = true;
    this.#socket.cork();
    for (let i = 0; i < last; i++) this.#socket.write(chunks[i] as Bytes);
    this.#socket.write(chunks[last] as Bytes, this.#onWritten);
    this.#socket.uncork();
    return true;
  }

  #afterWrite(): void {
    this.#queue.done();
    if (this.#state === "up" && this.#queue.hasWaiting) this.#events.onDrained(this);
  }

  /** Once per heartbeatMs while up. */
  tick(): void {
    if (this.#state !== "up") return;
    if (++this.#silentTicks > this.#silentTicksMax) {
      this.abort("PEER_SILENT", `nothing was heard for ${this.#limits.silenceMsMax} ms`);
      return;
    }
    if (!this.#wroteSinceTick && this.#queue.bytes === 0) this.#queue.pushHeartbeat();
    this.flush();
    this.#wroteSinceTick = false;
  }

  /** Ends the connection at once; what is queued is dropped. The first reason stands. */
  abort(code: TransportErrorCode, detail: string, cause?: unknown): void {
    if (this.#state === "closed") return;
    this.#fail(code, detail, cause);
    const wasUp = this.#state === "up";
    this.#state = "closed";
    this.#queue.clear();
    if (wasUp) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Ends the connection once what is queued is handed over, or `lingerMsMax` has passed. */
  close(code: TransportErrorCode, detail: string): void {
    if (this.#state !== "up") {
      this.abort(code, detail);
      return;
    }
    this.#fail(code, detail);
    const chunks = this.#queue.hasWaiting && !this.#queue.isWriting ? this.#queue.take() : [];
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#endSocket();
  }

  /** Half-closes, then gives the other end a moment to read what it was told; a reset would overtake that. */
  #endSocket(lastWords?: Buffer): void {
    this.#state = "closing";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.destroy(), this.#limits.lingerMsMax);
    if (lastWords === undefined) this.#socket.end();
    else this.#socket.end(lastWords);
  }

  #fail(code: TransportErrorCode, detail: string, cause?: unknown): void {
    this.#error ??= new TransportError(code, detail, { peer: this.claimed, address: this.address, cause });
  }

  #attach(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("error", (cause) => this.#onSocketError(cause));
    socket.on("close", () => this.#onClose());
  }

  #onData(chunk: Buffer): void {
    if (this.#state === "up") this.#onFrameBytes(chunk);
    else if (this.#state === "shaking") this.#onHandshakeResult(this.#handshake.push(chunk));
    // While closing, what the other end still says is read and dropped, so that its kernel does not answer with a reset.
  }

  #onFrameBytes(chunk: Buffer): void {
    // Bytes is a Buffer with methods that @types/node leaves out.
    this.#silentTicks = 0;
    const fault = this.#reader.push(chunk as Buffer & Bytes);
    if (fault === "FRAME_TOO_LARGE") this.abort(fault, `a frame of more than ${this.#limits.frameBytesMax} bytes came`);
    else if (fault === "FRAME_CORRUPT") this.abort(fault, "a frame's checksum is wrong");
  }

  #onFrame(frame: Bytes): boolean {
    this.#events.onFrame(frame);
    return this.#state === "up";
  }

  #onHandshakeResult(result: HandshakeResult): void {
    if (result.kind === "failed") {
      this.#onRefused(result);
      return;
    }
    if (result.reply !== undefined) this.#socket.write(result.reply);
    if (result.kind === "pending") return;
    clearTimeout(this.#timer);
    this.#state = "up";
    this.#peer = result.hello.nodeId;
    this.incarnation = result.hello.incarnation;
    this.#events.onEstablished(this, result.hello);
    if (result.rest.length > 0 && this.isUp) this.#onFrameBytes(result.rest);
  }

  #onRefused(failure: HandshakeFailure): void {
    this.#fail(failure.code, failure.detail);
    if (failure.reply === undefined) this.abort(failure.code, failure.detail);
    else this.#endSocket(failure.reply);
  }

  #onHandshakeTimeout(): void {
    const detail = `the handshake did not finish within ${this.#limits.handshakeMsMax} ms`;
    if (this.#socket.connecting) this.abort("CONNECT_FAILED", `no answer within ${this.#limits.handshakeMsMax} ms`);
    else this.abort("HANDSHAKE_TIMEOUT", detail);
  }

  #onEnd(): void {
    this.#fail("PEER_CLOSED", "the peer closed the connection");
    // While closing, our own last words may still be on their way out: the socket closes itself behind them.
    if (this.#state !== "closing") this.#socket.destroy();
  }

  #onSocketError(cause: Error): void {
    // Only a dialler's socket can fail before it was ever connected; its `syscall` is then the connecting itself.
    const { syscall } = cause as NodeJS.ErrnoException;
    const dialling = syscall === "connect" || syscall === "getaddrinfo";
    this.#fail(dialling ? "CONNECT_FAILED" : "CONNECTION_LOST", causeText(cause), cause);
  }

  #onClose(): void {
    clearTimeout(this.#timer);
    this.#state = "closed";
    this.#queue.clear();
    const error =
      this.#error ?? new TransportError("CONNECTION_LOST", "the connection ended", { address: this.address });
    this.#events.onClosed(this, error);
    this.#closed.resolve();
  }
}
