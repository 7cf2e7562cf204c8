/*
 * Metrics of the node itself: whether it serves, what it keeps on disk and in memory, and every queue with its bound.
 */
import type { HttpOptions } from "./http-options.ts";
import type { MetricFamily, Sample } from "./metric-family.ts";
import { refusingWrites } from "./node-status.ts";
import { readiness } from "./readiness.ts";
import type { NodeCore } from "../../core/node-core.ts";
import {
  depSubscriptionsMax,
  dirtyBytesMax,
  forwardedRequestsMax,
  inFlightBytesMax,
  loadingKeysMax,
  recentFramesBytesMax,
  requestClientsMax,
  requestsMax,
} from "../../shared/limits.ts";

function gauge(name: string, help: string, read: MetricFamily["read"]): MetricFamily {
  return { name, help, type: "gauge", read };
}

function counter(name: string, help: string, read: MetricFamily["read"]): MetricFamily {
  return { name, help, type: "counter", read };
}

export function nodeFamilies(options: HttpOptions): MetricFamily[] {
  return [...serviceFamilies(options), ...storageFamilies(options), ...queueFamilies(options)];
}

function serviceFamilies(options: HttpOptions): MetricFamily[] {
  const { driver, cluster, version, clients } = options;
  const { core } = driver;
  const { datacenter } = core.state;
  const labels = { version, cluster: cluster.id, datacenter: cluster.datacenters[datacenter]?.name ?? "" };
  const families = [
    gauge("cops_node_info", "1; what this node is", () => [{ labels, value: 1 }]),
    gauge("cops_ready", "1 while the node should get clients", () => (readiness(options).ready ? 1 : 0)),
    gauge("cops_refusing_writes", "1 while clients' writes are refused: a full disk, a clock that is ahead", () =>
      refusingWrites(core) === undefined ? 0 : 1,
    ),
    gauge("cops_partitions", "Partitions that this node owns", () => core.state.partitions.size),
    gauge("cops_uptime_seconds", "Since the process began", () => process.uptime()),
  ];
  if (clients === undefined) return families;
  return [
    ...families,
    gauge("cops_clients", "Connections of clients", () => clients().connected),
    gauge("cops_clients_max", "The most connections of clients", () => clients().max),
  ];
}

function storageFamilies({ driver }: HttpOptions): MetricFamily[] {
  const { core, log, store, checkpointer } = driver;
  return [
    gauge("cops_log_bytes", "The write-ahead log on disk", () => log.stats().bytes),
    gauge("cops_log_segments", "Its files", () => log.stats().segments),
    counter("cops_log_appended_bytes_total", "Written to it since the start", () => log.stats().appendedBytes),
    gauge("cops_log_behind_checkpoint_bytes", "What a restart now would replay", () =>
      Math.max(0, core.logEnd - checkpointer.covered),
    ),
    gauge("cops_log_behind_shipping_bytes", "Log that is kept because a destination may need it", () =>
      Math.max(0, core.logEnd - neededFrom(core)),
    ),
    counter("cops_checkpoints_total", "Checkpoints taken", () => checkpointer.checkpoints),
    counter(
      "cops_checkpoint_failures_total",
      "Checkpoints that failed; they are tried again",
      () => checkpointer.failures,
    ),
    gauge("cops_store_bytes", "The store on disk, estimated", () => store.stats().bytes),
    counter("cops_store_batches_total", "Batches written to the store", () => store.stats().batches),
    counter("cops_store_reads_total", "Keys read from the store", () => store.stats().reads),
    gauge("cops_records_bytes", "Records in memory, as counted by the last sweep", () => core.cache.bytes),
    gauge("cops_records_bytes_target", "Unchanged records leave memory beyond this", () => core.cache.bytesMax),
    gauge("cops_ship_marks", "Positions remembered from which shipping can resume", () => core.marks.count),
    gauge("cops_lag_marks", "Moments remembered by which lag is measured", () => core.lag.count),
  ];
}

/** Where the log begins that some destination still needs. */
function neededFrom({ shippers, logEnd }: NodeCore): number {
  let from = logEnd;
  for (const shipper of shippers.values()) from = Math.min(from, shipper.neededFrom);
  return from;
}

interface Queue {
  readonly queue: string;
  readonly size: () => number;
  readonly max: number;
}

/** Every queue that fills up when something is slow, with what bounds it (docs/LIMITS.md). */
function queueFamilies({ driver }: HttpOptions): MetricFamily[] {
  const { core, control } = driver;
  const { state, head, recent, remote, answers, forwarding } = core;
  const queues: readonly Queue[] = [
    { queue: "proposed_bytes", size: () => state.proposals.inFlightBytes, max: inFlightBytesMax },
    { queue: "dirty_bytes", size: () => state.dirtyBytes, max: dirtyBytesMax },
    { queue: "recent_frames_bytes", size: () => recent.bytes, max: recentFramesBytesMax },
    { queue: "loading_keys", size: () => state.loadingCount, max: loadingKeysMax },
    { queue: "forwarded_requests", size: () => forwarding.count, max: forwardedRequestsMax },
    { queue: "dependency_subscriptions", size: () => answers.waiters.size, max: depSubscriptionsMax },
    { queue: "request_ids", size: () => head.requests.size, max: requestsMax },
    { queue: "request_clients", size: () => head.requests.clientCount, max: requestClientsMax },
  ];
  const sizes = (valueOf: (queue: Queue) => number) => (): Sample[] =>
    queues.map((queue) => ({ labels: { queue: queue.queue }, value: valueOf(queue) }));
  return [
    gauge(
      "cops_queue_size",
      "How full it is, in the unit that its name ends with",
      sizes((queue) => queue.size()),
    ),
    gauge(
      "cops_queue_size_max",
      "Its bound",
      sizes((queue) => queue.max),
    ),
    gauge("cops_proposals", "Log entries and answers that wait for the disk", () => state.proposals.inFlight),
    gauge("cops_dependency_checks", "Dependencies that other nodes are asked about", () => remote.waitingCount),
    gauge("cops_control_calls", "Rare requests to other nodes under way", () => control.pending),
  ];
}
