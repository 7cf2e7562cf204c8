/*
 * The link to one peer, over all the connections that it has in its life: dials (when this node has the smaller id),
 * retries with backoff, takes over a connection that the listener accepted, and tells the transport's user of ups and
 * downs.
 *
 *   down --dialled or accepted, proven--> up --its connection ends--> down
 *                                         up --a newer connection is proven--> down, up (LINK_REPLACED)
 *
 * A peer that lost its side of a connection comes back before ours has noticed; so a proven connection always replaces the
 * one we believe in, unless it belongs to an older process of that node (`incarnation`).
 */
import { connect } from "node:net";
import type { Bytes } from "../shared/bytes.ts";
import { Backoff } from "./backoff.ts";
import type { TransportError, TransportErrorCode } from "./errors.ts";
import type { HandshakeContext } from "./handshake.ts";
import { DiallerHandshake } from "./handshake-dialler.ts";
import type { Hello, Refusal } from "./handshake-messages.ts";
import type { ReasonLog } from "./reason-log.ts";
import { TcpConnection } from "./tcp-connection.ts";
import type { TcpConnectionEvents } from "./tcp-connection.ts";
import type { TcpLimits, TcpPeer } from "./tcp-options.ts";
import type { LinkStats, NodeId, TransportEvents } from "./transport.ts";

/** What the links of one transport share. */
export interface LinkContext {
  readonly handshake: HandshakeContext;
  readonly limits: TcpLimits;
  readonly log: ReasonLog;
  readonly random: () => number;
  readonly events: TransportEvents;
  /** The link has something to flush at the end of this turn. */
  readonly onDirty: (link: TcpPeerLink) => void;
}

export class TcpPeerLink implements TcpConnectionEvents {
  readonly peer: NodeId;
  readonly #address: TcpPeer;
  readonly #context: LinkContext;
  readonly #backoff: Backoff;
  readonly #party: string;
  /** The connection that is up; after its end until that is reported. */
  #connection: TcpConnection | undefined;
  #dialling: TcpConnection | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #stopped = false;
  #since = Date.now();
  #upAt = 0;
  #sentFrames = 0;
  #sentBytes = 0;
  #receivedFrames = 0;
  #receivedBytes = 0;
  #lastError: string | undefined;

  constructor(address: TcpPeer, context: LinkContext) {
    this.peer = address.nodeId;
    this.#address = address;
    this.#context = context;
    this.#party = `node ${address.nodeId}`;
    this.#backoff = new Backoff(context.limits.retryDelayMsMin, context.limits.retryDelayMsMax, context.random);
  }

  get #dials(): boolean {
    return this.#context.handshake.self.nodeId < this.peer;
  }

  get queuedBytes(): number {
    return this.#connection?.queuedBytes ?? 0;
  }

  start(): void {
    if (this.#dials) this.#dial();
  }

  send(frame: Bytes, length: number): boolean {
    if (this.#connection?.send(frame, length) !== true) return false;
    this.#sentFrames++;
    this.#sentBytes += length;
    this.#context.onDirty(this);
    return true;
  }

  /** True when something went to the socket. */
  flush(): boolean {
    return this.#connection?.flush() ?? false;
  }

  tick(): void {
    this.#connection?.tick();
  }

  reset(code: TransportErrorCode, detail: string): void {
    this.#connection?.abort(code, detail);
  }

  stats(): LinkStats {
    return {
      peer: this.peer,
      up: this.#connection?.isUp ?? false,
      since: this.#since,
      queuedBytes: this.queuedBytes,
      sentFrames: this.#sentFrames,
      sentBytes: this.#sentBytes,
      receivedFrames: this.#receivedFrames,
      receivedBytes: this.#receivedBytes,
      lastError: this.#lastError,
    };
  }

  /** Hands over what is queued, then ends; nothing is reported any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    const connections = [this.#connection, this.#dialling].filter((connection) => connection !== undefined);
    for (const connection of connections) connection.close("TRANSPORT_CLOSED", "this node is stopping");
    await Promise.all(connections.map(async (connection) => connection.closed));
  }

  /** What an accepted peer must meet beyond what both sides judge. */
  judge(hello: Hello): Refusal | undefined {
    if (this.#dials) {
      const detail = `node ${this.#context.handshake.self.nodeId} has the smaller id and dials node ${hello.nodeId}`;
      return { code: "WRONG_DIALLER", detail };
    }
    const current = this.#connection;
    if (current === undefined || !current.isUp || current.incarnation <= hello.incarnation) return undefined;
    const detail = `incarnation ${current.incarnation} of node ${hello.nodeId} is connected, ${hello.incarnation} is older`;
    return { code: "STALE_INCARNATION", detail };
  }

  /** A connection of this peer that has failed before it was proven; shown to people until the link is up. */
  noteRefused(error: TransportError): void {
    if (this.#connection === undefined) this.#lastError = error.message;
  }

  adopt(connection: TcpConnection): void {
    const old = this.#connection;
    connection.handTo(this);
    this.#connection = connection;
    if (old !== undefined) {
      old.abort("LINK_REPLACED", "the peer connected anew");
      if (old.error !== undefined) this.#reportDown(old.error);
    }
    if (this.#stopped || this.#connection !== connection || !connection.isUp) return;
    this.#since = Date.now();
    this.#upAt = performance.now();
    this.#lastError = undefined;
    const { log, events } = this.#context;
    const message = `the link to node ${this.peer} is up (incarnation ${connection.incarnation})`;
    log.change(this.#party, { level: "info", event: "link-up", message, peer: this.peer, address: connection.address });
    events.onUp(this.peer);
  }

  onEstablished(connection: TcpConnection): void {
    this.#dialling = undefined;
    this.adopt(connection);
  }

  onFrame(frame: Bytes): void {
    if (this.#stopped) return;
    this.#receivedFrames++;
    this.#receivedBytes += frame.length;
    this.#context.events.onFrame(this.peer, frame);
  }

  onDrained(): void {
    this.#context.onDirty(this);
  }

  onClosed(connection: TcpConnection, error: TransportError): void {
    if (connection === this.#connection) {
      this.#connection = undefined;
      if (performance.now() - this.#upAt >= this.#context.limits.retryDelayMsMax) this.#backoff.reset();
      this.#reportDown(error);
    } else if (connection === this.#dialling) {
      this.#dialling = undefined;
      this.#reportDialFailed(error);
    } else {
      // It was replaced, and that was reported then.
      return;
    }
    if (this.#dials && !this.#stopped) this.#scheduleDial(error.retryable);
  }

  #reportDown(error: TransportError): void {
    if (this.#stopped) return;
    this.#since = Date.now();
    this.#lastError = error.message;
    const { log, events } = this.#context;
    const { code, message, address } = error;
    log.change(this.#party, { level: "warn", event: "link-down", message, peer: this.peer, address, code });
    events.onDown(this.peer, message);
  }

  #reportDialFailed(error: TransportError): void {
    if (this.#stopped) return;
    this.#lastError = error.message;
    const { code, message, address } = error;
    this.#context.log.repeat(this.#party, {
      level: "warn",
      event: "dial-failed",
      message,
      peer: this.peer,
      address,
      code,
    });
  }

  #scheduleDial(retryable: boolean): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#dial(), this.#backoff.next(retryable));
  }

  #dial(): void {
    if (this.#stopped || this.#dialling !== undefined || this.#connection !== undefined) return;
    const { host, port } = this.#address;
    const { handshake, limits } = this.#context;
    const machine = new DiallerHandshake(handshake, this.peer);
    const socket = connect({ host, port });
    const connection = new TcpConnection(socket, `${host}:${port}`, machine, limits, this);
    socket.once("connect", () => connection.begin(machine.begin()));
    this.#dialling = connection;
  }
}
