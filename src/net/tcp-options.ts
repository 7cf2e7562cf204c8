/*
 * What a TcpTransport is built from, its limits with their defaults, and the checks that refuse what could not work
 * (design, 3.9: a port beyond loopback needs a secret).
 */
import { TransportError } from "./errors.ts";
import { frameHeaderBytes } from "./frame-codec.ts";
import { frameBytesMaxDefault, queueBytesMaxDefault } from "./frame-limits.ts";
import { isLoopback } from "./loopback.ts";
import type { TransportLogger } from "./reason-log.ts";
import type { NodeId } from "./transport.ts";

const KiB = 1024;
const NODE_ID_MAX = 0xffff;
/** Keeps a hello well below the limit on unauthenticated input. */
const NAME_BYTES_MAX = 256;

export interface TcpPeer {
  readonly nodeId: NodeId;
  readonly host: string;
  readonly port: number;
}

/** What all nodes of a cluster must agree on; the rest of the hello is the node's own. */
export interface TcpIdentity {
  /** The version of the messages that travel in frames. */
  readonly protocolVersion: number;
  readonly cluster: string;
  /** P, the number of partitions. */
  readonly partitions: number;
  /** A digest of the configuration that every node must share (datacenters, nodes, placement). */
  readonly configDigest: string;
}

export interface TcpLimits {
  /** A peer to which nothing was written for this long gets a heartbeat. */
  readonly heartbeatMs: number;
  /** A peer that has been silent for this long is down; at least two heartbeats. */
  readonly silenceMsMax: number;
  /** From dialling or accepting to the end of the handshake. */
  readonly handshakeMsMax: number;
  readonly retryDelayMsMin: number;
  readonly retryDelayMsMax: number;
  /** How long a closing connection may take to hand over what is queued. */
  readonly lingerMsMax: number;
  readonly frameBytesMax: number;
  /** Per peer; beyond it the link is reset. */
  readonly queueBytesMax: number;
  /** What a connection may send before it has proven itself. */
  readonly handshakeBytesMax: number;
  /** Accepted connections that have not finished their handshake; beyond it the oldest goes. */
  readonly halfOpenMax: number;
}

export interface TcpTransportOptions {
  readonly self: NodeId;
  /** Every other node that this one talks to, of all datacenters. */
  readonly peers: readonly TcpPeer[];
  /** Port 0 takes a free one: see `TcpTransport.address`. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The cluster's secret; empty when it has none (loopback only). */
  readonly secret: string;
  readonly identity: TcpIdentity;
  /** Greater with every start of this node: the boot counter of its data directory. */
  readonly incarnation: number;
  readonly limits?: Partial<TcpLimits>;
  readonly logger?: TransportLogger;
  /** 0 <= random() < 1, for the jitter of retries. */
  readonly random?: () => number;
}

export const tcpLimitsDefault: TcpLimits = {
  heartbeatMs: 1000,
  silenceMsMax: 5000,
  handshakeMsMax: 5000,
  retryDelayMsMin: 20,
  retryDelayMsMax: 1000,
  lingerMsMax: 1000,
  frameBytesMax: frameBytesMaxDefault,
  queueBytesMax: queueBytesMaxDefault,
  handshakeBytesMax: 4 * KiB,
  halfOpenMax: 64,
};

/** The limits with their defaults filled in. Throws BAD_OPTIONS or LISTEN_INSECURE. */
export function checkedLimits(options: TcpTransportOptions): TcpLimits {
  const limits: TcpLimits = { ...tcpLimitsDefault, ...options.limits };
  const wrong = wrongLimits(limits) ?? wrongPeers(options) ?? wrongIdentity(options);
  if (wrong !== undefined) throw new TransportError("BAD_OPTIONS", wrong);
  if (!isLoopback(options.listen.host) && options.secret === "") {
    const detail = `listening for peers on ${options.listen.host} needs a cluster secret; without one only loopback is safe`;
    throw new TransportError("LISTEN_INSECURE", detail);
  }
  return limits;
}

function wrongLimits(limits: TcpLimits): string | undefined {
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isFinite(value) || value < 1) return `${name} is at least 1, not ${value}`;
  }
  if (limits.silenceMsMax < 2 * limits.heartbeatMs) return "silenceMsMax is at least twice heartbeatMs";
  if (limits.retryDelayMsMax < limits.retryDelayMsMin) return "retryDelayMsMax is at least retryDelayMsMin";
  if (limits.queueBytesMax < limits.frameBytesMax + frameHeaderBytes) return "queueBytesMax holds at least one frame";
  return undefined;
}

function isNodeId(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= NODE_ID_MAX;
}

function wrongPeers({ self, peers }: TcpTransportOptions): string | undefined {
  const seen = new Set<NodeId>([self]);
  if (!isNodeId(self)) return `self is a node id, not ${self}`;
  for (const { nodeId, host, port } of peers) {
    if (!isNodeId(nodeId)) return `a peer's nodeId is a node id, not ${nodeId}`;
    if (seen.has(nodeId)) return `node ${nodeId} is there twice`;
    if (host === "" || !Number.isInteger(port) || port < 0 || port > 65535) return `node ${nodeId} has no address`;
    seen.add(nodeId);
  }
  return undefined;
}

function wrongIdentity({ identity, incarnation }: TcpTransportOptions): string | undefined {
  const names = [identity.cluster, identity.configDigest];
  if (names.some((name) => Buffer.byteLength(name) > NAME_BYTES_MAX)) {
    return `cluster and configDigest have at most ${NAME_BYTES_MAX} bytes`;
  }
  const counts = [identity.protocolVersion, identity.partitions, incarnation];
  const good = counts.every((count) => Number.isSafeInteger(count) && count >= 0);
  return good ? undefined : "protocolVersion, partitions and incarnation are whole numbers";
}
