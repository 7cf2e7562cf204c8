/*
 * The Transport over TCP: one link per pair of nodes, dialled by the node with the smaller id (design, 3.9 and 3.11).
 *
 *   TcpTransport ── TcpPeerLink (one per peer) ── TcpConnection ── Handshake, FrameReader, FrameQueue
 *        `──────── TcpListener (half-open connections) ──┘
 *
 * All frames sent to a peer during one turn of the event loop go out as one write: `send` only queues, and the flush runs
 * in the turn's check phase, or earlier when the driver calls `flush` at the end of its own turn. One interval serves all
 * links: it sends heartbeats where nothing else went, and counts the silence of peers.
 *
 * Nothing is reported from inside `send`, `flush`, `reset` or `close`, and nothing after `close` has begun.
 */
import { randomBytes } from "node:crypto";
import { invariant } from "../shared/assert.ts";
import type { Bytes } from "../shared/bytes.ts";
import { nonceBytes } from "./handshake-messages.ts";
import { ReasonLog } from "./reason-log.ts";
import type { ResettableTransport } from "./resettable-transport.ts";
import { TcpListener } from "./tcp-listener.ts";
import type { ListenerStats } from "./tcp-listener.ts";
import { checkedLimits } from "./tcp-options.ts";
import type { TcpLimits, TcpTransportOptions } from "./tcp-options.ts";
import { TcpPeerLink } from "./tcp-peer-link.ts";
import type { LinkContext } from "./tcp-peer-link.ts";
import type { LinkStats, NodeId, TransportEvents } from "./transport.ts";

export interface TcpTransportStats extends ListenerStats {
  /** Gathered writes handed to sockets. */
  readonly writes: number;
}

export class TcpTransport implements ResettableTransport {
  readonly #options: TcpTransportOptions;
  readonly #limits: TcpLimits;
  readonly #log: ReasonLog;
  readonly #links = new Map<NodeId, TcpPeerLink>();
  #listener: TcpListener | undefined;
  #ticker: NodeJS.Timeout | undefined;
  readonly #dirty = new Set<TcpPeerLink>();
  #flushDue: NodeJS.Immediate | undefined;
  readonly #flushNow = (): void => this.flush();
  #writes = 0;
  #state: "new" | "running" | "closed" = "new";

  /** Throws TransportError: BAD_OPTIONS, or LISTEN_INSECURE (beyond loopback without a secret). */
  constructor(options: TcpTransportOptions) {
    this.#limits = checkedLimits(options);
    this.#options = options;
    this.#log = new ReasonLog(options.logger);
  }

  /** Where it listens, once started; tells which port a 0 became. */
  get address(): { readonly host: string; readonly port: number } {
    invariant(this.#listener !== undefined, "the address is known once the transport has started");
    return { host: this.#options.listen.host, port: this.#listener.port };
  }

  /** Rejects with TransportError LISTEN_FAILED. */
  async start(events: TransportEvents): Promise<void> {
    invariant(this.#state === "new", "a transport is started once");
    this.#state = "running";
    const context = this.#contextFor(events);
    for (const peer of this.#options.peers) this.#links.set(peer.nodeId, new TcpPeerLink(peer, context));
    this.#listener = new TcpListener(context, this.#links);
    const { host, port } = this.#options.listen;
    await this.#listener.listen(host, port);
    if (!this.#isRunning()) return;
    const address = `${host}:${this.#listener.port}`;
    this.#log.change("listener", { level: "info", event: "listening", message: `peers on ${address}`, address });
    this.#ticker = setInterval(() => this.#tick(), this.#limits.heartbeatMs);
    for (const link of this.#links.values()) link.start();
  }

  send(peer: NodeId, frame: Bytes, length: number): boolean {
    invariant(length > 0 && length <= frame.length, "a frame has at least one byte, and its bytes are there");
    invariant(length <= this.#limits.frameBytesMax, "a frame is within frameBytesMax");
    return this.#links.get(peer)?.send(frame, length) ?? false;
  }

  /** Hands what the links have queued to the operating system now instead of at the end of the turn. */
  flush(): void {
    if (this.#flushDue !== undefined) clearImmediate(this.#flushDue);
    this.#flushDue = undefined;
    for (const link of this.#dirty) if (link.flush()) this.#writes++;
    this.#dirty.clear();
  }

  queuedBytes(peer: NodeId): number {
    return this.#links.get(peer)?.queuedBytes ?? 0;
  }

  reset(peer: NodeId, why: string): void {
    this.#links.get(peer)?.reset("LINK_RESET", why);
  }

  links(): readonly LinkStats[] {
    return Array.from(this.#links.values(), (link) => link.stats());
  }

  stats(): TcpTransportStats {
    const none: ListenerStats = { accepted: 0, halfOpen: 0, refused: new Map() };
    return { ...(this.#listener?.stats() ?? none), writes: this.#writes };
  }

  /** Hands over what is queued (for at most lingerMsMax), then ends every connection and the port. */
  async close(): Promise<void> {
    this.#state = "closed";
    clearInterval(this.#ticker);
    if (this.#flushDue !== undefined) clearImmediate(this.#flushDue);
    this.#flushDue = undefined;
    const stops = Array.from(this.#links.values(), async (link) => link.stop());
    await Promise.all([...stops, this.#listener?.stop()]);
  }

  /** A closing may come while the start waits for the port. */
  #isRunning(): boolean {
    return this.#state === "running";
  }

  #contextFor(events: TransportEvents): LinkContext {
    const { self, secret, identity, incarnation, random } = this.#options;
    const { protocolVersion, cluster, partitions, configDigest } = identity;
    return {
      handshake: {
        self: { protocolVersion, cluster, nodeId: self, partitions, configDigest, incarnation },
        secret,
        bytesMax: this.#limits.handshakeBytesMax,
        nonce: () => randomBytes(nonceBytes).toString("hex"),
      },
      limits: this.#limits,
      log: this.#log,
      random: random ?? Math.random,
      events,
      onDirty: (link) => this.#onDirty(link),
    };
  }

  #onDirty(link: TcpPeerLink): void {
    if (this.#state !== "running") return;
    this.#dirty.add(link);
    this.#flushDue ??= setImmediate(this.#flushNow);
  }

  #tick(): void {
    for (const link of this.#links.values()) link.tick();
  }
}
