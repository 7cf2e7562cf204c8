/*
 * TCP transports for tests, on free ports of the loopback, with short times; and a way to wait that never asserts one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../../shared/bytes.ts";
import type { TransportLogEntry } from "../reason-log.ts";
import { tcpLimitsDefault } from "../tcp-options.ts";
import type { TcpIdentity, TcpLimits, TcpPeer, TcpTransportOptions } from "../tcp-options.ts";
import { TcpTransport } from "../tcp-transport.ts";
import type { NodeId, TransportEvents } from "../transport.ts";

const GIVE_UP_MS = 20_000;

export const identity: TcpIdentity = { protocolVersion: 1, cluster: "test", partitions: 16, configDigest: "d1" };

export const testLimits: TcpLimits = {
  ...tcpLimitsDefault,
  retryDelayMsMin: 5,
  retryDelayMsMax: 50,
  frameBytesMax: 4 * 1024 * 1024,
  queueBytesMax: 16 * 1024 * 1024,
};

export function optionsOf(
  self: NodeId,
  peers: readonly TcpPeer[],
  more: Partial<TcpTransportOptions> = {},
): TcpTransportOptions {
  return {
    self,
    peers,
    listen: { host: "127.0.0.1", port: 0 },
    secret: "s3cret",
    identity,
    incarnation: 1,
    limits: testLimits,
    ...more,
  };
}

/** A peer that dials us: its own address is never used. */
export function dialler(nodeId: NodeId): TcpPeer {
  return { nodeId, host: "127.0.0.1", port: 1 };
}

export function at(nodeId: NodeId, port: number): TcpPeer {
  return { nodeId, host: "127.0.0.1", port };
}

export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`never happened: ${condition.toString()}`);
    await sleep(2);
  }
}

/** A transport with what it reported: events as lines, frames, log entries. */
export class TestNode implements TransportEvents {
  readonly transport: TcpTransport;
  readonly events: string[] = [];
  readonly frames: string[] = [];
  readonly log: TransportLogEntry[] = [];

  constructor(self: NodeId, peers: readonly TcpPeer[], more: Partial<TcpTransportOptions> = {}) {
    this.transport = new TcpTransport(optionsOf(self, peers, { logger: (entry) => this.log.push(entry), ...more }));
  }

  async start(): Promise<this> {
    await this.transport.start(this);
    return this;
  }

  get port(): number {
    return this.transport.address.port;
  }

  isUp(peer: NodeId): boolean {
    return this.transport.links().some((link) => link.peer === peer && link.up);
  }

  lastError(peer: NodeId): string {
    return this.transport.links().find((link) => link.peer === peer)?.lastError ?? "";
  }

  onUp(peer: NodeId): void {
    this.events.push(`up ${peer}`);
  }

  onFrame(_peer: NodeId, frame: Bytes): void {
    this.frames.push(frame.latin1Slice());
  }

  onDown(peer: NodeId, why: string): void {
    this.events.push(`down ${peer} ${why.split(" ")[0]}`);
  }
}
