/*
 * Metrics of replication: how far other datacenters are behind, what waits here, how the links and the clocks are.
 */
import type { HttpOptions } from "./http-options.ts";
import type { Labels, MetricFamily, Sample } from "./metric-family.ts";
import { oldestWaitingMs, shippingStatus } from "./node-status.ts";
import type { ShippingStatus } from "./status.ts";
import { datacenterOfNode, indexOfNode } from "../../core/placement.ts";
import type { NodeId } from "../../core/placement.ts";
import type { LinkStats } from "../../net/transport.ts";
import { shipWindowBytes, waitingBytesMax, waitingWritesMax } from "../../shared/limits.ts";

export function replicationFamilies(options: HttpOptions): MetricFamily[] {
  return [...shippingFamilies(options), ...waitingFamilies(options), ...linkFamilies(options), skewFamily(options)];
}

function shippingFamilies({ driver, cluster }: HttpOptions): MetricFamily[] {
  const { core } = driver;
  const datacenter = (index: number): string => cluster.datacenters[index]?.name ?? String(index);
  const from = datacenter(core.state.datacenter);
  const family = (name: string, help: string, valueOf: (status: ShippingStatus) => number): MetricFamily => ({
    name,
    help,
    type: "gauge",
    read: () =>
      shippingStatus(core).map((status) => {
        const labels = { from, to: datacenter(status.datacenter), node: peerName(cluster, status.destination) };
        return { labels, value: valueOf(status) };
      }),
  });
  return [
    family(
      "cops_replication_lag_seconds",
      "Age of the oldest write of this node that is not known to be applied there; 0 when there is none",
      ({ lagMs }) => lagMs / 1_000,
    ),
    family("cops_replication_behind_bytes", "Log written since about that write", ({ behindBytes }) => behindBytes),
    family("cops_replication_in_flight_bytes", "Sent and not acknowledged", ({ inFlightBytes }) => inFlightBytes),
    family("cops_replication_window_bytes", "The most that may be in flight", () => shipWindowBytes),
    family("cops_replication_stream_open", "1 while the destination takes this node's writes", ({ open }) =>
      open ? 1 : 0,
    ),
  ];
}

function waitingFamilies({ driver }: HttpOptions): MetricFamily[] {
  const { core } = driver;
  const gauge = (name: string, help: string, read: () => number): MetricFamily => ({ name, help, type: "gauge", read });
  return [
    gauge("cops_waiting_writes", "Received writes that wait, mostly for dependencies", () => core.gate.waitingCount),
    gauge("cops_waiting_writes_max", "The most that may wait", () => waitingWritesMax),
    gauge("cops_waiting_bytes", "Memory of those writes", () => core.gate.waitingBytes),
    gauge("cops_waiting_bytes_max", "The most that they may take", () => waitingBytesMax),
    gauge("cops_waiting_oldest_seconds", "How long the oldest of them has waited", () => oldestWaitingMs(core) / 1_000),
    gauge(
      "cops_waiting_for_clock_writes",
      "Of them, those whose time is too far ahead of the clock here",
      () => core.gate.heldForClockCount,
    ),
  ];
}

function linkFamilies({ cluster, links }: HttpOptions): MetricFamily[] {
  const family = (
    name: string,
    type: MetricFamily["type"],
    help: string,
    valueOf: (link: LinkStats) => number,
  ): MetricFamily => ({
    name,
    help,
    type,
    read: () => links().map((link) => ({ labels: peerLabels(cluster, link.peer), value: valueOf(link) })),
  });
  return [
    family("cops_link_up", "gauge", "1 while the link to this peer is up", ({ up }) => (up ? 1 : 0)),
    family("cops_link_queued_bytes", "gauge", "Waiting to be sent to this peer", ({ queuedBytes }) => queuedBytes),
    family("cops_link_sent_frames_total", "counter", "Frames sent to this peer", ({ sentFrames }) => sentFrames),
    family("cops_link_sent_bytes_total", "counter", "Bytes of those frames", ({ sentBytes }) => sentBytes),
    family(
      "cops_link_received_frames_total",
      "counter",
      "Frames received from this peer",
      ({ receivedFrames }) => receivedFrames,
    ),
    family("cops_link_received_bytes_total", "counter", "Bytes of those frames", ({ receivedBytes }) => receivedBytes),
  ];
}

function skewFamily({ driver, cluster }: HttpOptions): MetricFamily {
  return {
    name: "cops_clock_skew_seconds",
    help: "How far this node's clock is ahead of the peer's, its heartbeat's way included; negative when behind",
    type: "gauge",
    read: () =>
      Array.from(driver.core.skew.skews(), ([peer, aheadMs]): Sample => ({
        labels: peerLabels(cluster, peer),
        value: aheadMs / 1_000,
      })),
  };
}

function peerLabels(cluster: HttpOptions["cluster"], peer: NodeId): Labels {
  const index = datacenterOfNode(peer);
  return { peer: peerName(cluster, peer), datacenter: cluster.datacenters[index]?.name ?? String(index) };
}

export function peerName({ datacenters }: HttpOptions["cluster"], peer: NodeId): string {
  return datacenters[datacenterOfNode(peer)]?.nodes[indexOfNode(peer)]?.name ?? String(peer);
}
