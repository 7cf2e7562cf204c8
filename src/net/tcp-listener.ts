/*
 * The port that peers dial. Every connection stands in a bounded room of half-open ones until it has proven itself; then
 * it goes to the link of its peer. When the room is full the oldest goes, not the newest: an honest handshake takes a few
 * round trips, so whoever has stood there longest is the least likely to be a peer.
 *
 * Keeps invariants 12 and 14. A stranger costs one socket, one timer and at most `handshakeBytesMax` of memory.
 */
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { invariant } from "../shared/assert.ts";
import { causeText, TransportError } from "./errors.ts";
import type { TransportErrorCode } from "./errors.ts";
import { AcceptorHandshake } from "./handshake-acceptor.ts";
import type { Hello, Refusal } from "./handshake-messages.ts";
import { TcpConnection } from "./tcp-connection.ts";
import type { TcpConnectionEvents } from "./tcp-connection.ts";
import type { LinkContext, TcpPeerLink } from "./tcp-peer-link.ts";
import type { NodeId } from "./transport.ts";

export interface ListenerStats {
  readonly accepted: number;
  readonly halfOpen: number;
  /** Connections that ended before they were proven, by reason. */
  readonly refused: ReadonlyMap<TransportErrorCode, number>;
}

export class TcpListener implements TcpConnectionEvents {
  readonly #context: LinkContext;
  readonly #links: ReadonlyMap<NodeId, TcpPeerLink>;
  readonly #server: Server;
  /** Oldest first. */
  readonly #halfOpen = new Set<TcpConnection>();
  readonly #refused = new Map<TransportErrorCode, number>();
  #accepted = 0;
  #stopped = false;

  constructor(context: LinkContext, links: ReadonlyMap<NodeId, TcpPeerLink>) {
    this.#context = context;
    this.#links = links;
    this.#server = createServer((socket) => this.#onSocket(socket));
  }

  /** Rejects with LISTEN_FAILED. */
  async listen(host: string, port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onError = (cause: Error): void => {
      const detail = `cannot listen for peers on ${host}:${port}: ${causeText(cause)}`;
      reject(new TransportError("LISTEN_FAILED", detail, { address: `${host}:${port}`, cause }));
    };
    this.#server.once("error", onError);
    this.#server.listen({ host, port }, () => {
      this.#server.off("error", onError);
      this.#server.on("error", (cause) => this.#onAcceptError(cause));
      resolve();
    });
    await promise;
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo | null;
    invariant(address !== null, "the port is known while listening");
    return address.port;
  }

  stats(): ListenerStats {
    return { accepted: this.#accepted, halfOpen: this.#halfOpen.size, refused: this.#refused };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const waiting = [...this.#halfOpen];
    for (const connection of waiting) connection.abort("TRANSPORT_CLOSED", "this node is stopping");
    await Promise.all(waiting.map(async (connection) => connection.closed));
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  onEstablished(connection: TcpConnection, hello: Hello): void {
    this.#halfOpen.delete(connection);
    const link = this.#links.get(hello.nodeId);
    invariant(link !== undefined, "only a known peer passes the handshake");
    // Judged again: since its proof another process of the same node may have come up.
    const refusal = link.judge(hello);
    if (refusal === undefined) link.adopt(connection);
    else connection.abort(refusal.code, refusal.detail);
  }

  onFrame(): void {
    invariant(false, "frames come only after the handshake, when the link has the connection");
  }

  onDrained(): void {
    invariant(false, "frames go only after the handshake, when the link has the connection");
  }

  onClosed(connection: TcpConnection, error: TransportError): void {
    this.#halfOpen.delete(connection);
    if (this.#stopped) return;
    const { code, message } = error;
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
    const { address, claimed } = connection;
    if (claimed !== undefined) this.#links.get(claimed)?.noteRefused(error);
    const party = `${address} ${claimed ?? ""}`;
    this.#context.log.stranger(party, { level: "warn", event: "refused", message, peer: claimed, address, code });
  }

  #judge(hello: Hello): Refusal | undefined {
    const link = this.#links.get(hello.nodeId);
    if (link !== undefined) return link.judge(hello);
    const detail = `node ${hello.nodeId} is not among the peers of node ${this.#context.handshake.self.nodeId}`;
    return { code: "UNKNOWN_PEER", detail };
  }

  #onSocket(socket: Socket): void {
    if (this.#stopped) {
      socket.destroy();
      return;
    }
    this.#accepted++;
    const { handshake, limits } = this.#context;
    const machine = new AcceptorHandshake(handshake, (hello) => this.#judge(hello));
    // The port of a dialler changes with each attempt; the log is told once for all of them.
    const address = socket.remoteAddress ?? "unknown";
    this.#halfOpen.add(new TcpConnection(socket, address, machine, limits, this));
    if (this.#halfOpen.size > limits.halfOpenMax) this.#crowdOut();
  }

  #crowdOut(): void {
    for (const oldest of this.#halfOpen) {
      this.#halfOpen.delete(oldest);
      oldest.abort("HANDSHAKE_CROWDED_OUT", `more than ${this.#context.limits.halfOpenMax} handshakes at once`);
      return;
    }
  }

  #onAcceptError(cause: Error): void {
    // Out of file descriptors, mostly: the server goes on and accepts again once some are free.
    const message = `cannot accept a connection: ${causeText(cause)}`;
    this.#context.log.repeat("accept", { level: "warn", event: "accept-failed", message });
  }
}
