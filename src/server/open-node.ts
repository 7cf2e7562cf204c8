/*
 * Opens what a node lives on, in the order that keeps it safe: the claim on its data directory, the store, the log. Then
 * `recover` brings back what they hold, and last `join` starts the transport, by which others hear of it.
 */
import { bootNumber } from "./boot-number.ts";
import type { NodeConfig } from "./config/node-config.ts";
import { hasServed } from "./first-service.ts";
import { NodeDriver } from "./node-driver.ts";
import type { DriverLogger } from "./node-driver.ts";
import type { LatencyHistogram } from "./http/latency-histogram.ts";
import { MeasuredLog } from "./http/measures.ts";
import { nodeIdOf, Placement } from "../core/placement.ts";
import type { NodeId } from "../core/placement.ts";
import { FaultLayer } from "../net/fault-layer.ts";
import { TcpTransport } from "../net/tcp-transport.ts";
import type { TcpPeer } from "../net/tcp-options.ts";
import { protocolVersion } from "../protocol/messages/message.ts";
import { DataDirectoryEmptiedError } from "../storage/errors.ts";
import { claimDataDirectory } from "../storage/data-directory.ts";
import type { DataDirectory } from "../storage/data-directory.ts";
import type { FilePort } from "../storage/file-port.ts";
import { openFileLog } from "../storage/file-log.ts";
import { openLevelStore } from "../storage/level-store.ts";
import { nodeFilePort } from "../storage/node-file-port.ts";

/** Between the store's reserve and the log's: clients' writes are refused before either port runs out. */
const logReserveShare = 0.5;

export interface OpenNode {
  readonly driver: NodeDriver;
  readonly directory: DataDirectory;
  readonly transport: TcpTransport | FaultLayer;
  /** The fault layer, where faults are allowed. */
  readonly faults: FaultLayer | undefined;
  /** How long appends to the log take. */
  readonly appends: LatencyHistogram;
  /** Before `join`. Rejects with a recovery or storage error, or when `signal` is raised; then all that is left is `close`. */
  recover(signal: AbortSignal): Promise<void>;
  /** Joins the cluster. */
  join(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Rejects with a storage or transport error, having let go of what it had opened. Identity and log go through `files`; the
 * store has its own.
 */
export async function openNode(
  config: NodeConfig,
  logger: DriverLogger,
  onFatal: (error: Error) => void,
  files: FilePort = nodeFilePort,
): Promise<OpenNode> {
  const directory = await claimDataDirectory({
    path: config.nodeDirectory,
    identity: {
      cluster: config.cluster.id,
      datacenter: config.datacenter,
      node: { name: config.node.name, index: config.node.index },
      partitions: config.cluster.partitions,
      nodesOf: config.cluster.datacenters.map(({ nodes }) => nodes.length),
    },
    expectExisting: config.expectExistingData,
    files,
  });
  const undo: (() => Promise<void>)[] = [() => directory.release()];
  try {
    const store = await openLevelStore({ directory: directory.storePath });
    undo.unshift(() => store.close());
    // An identity alone is no data.
    if (config.expectExistingData && !(await hasServed(store))) throw new DataDirectoryEmptiedError(directory.path);
    const fileLog = await openFileLog({
      directory: directory.logPath,
      identity: directory.logIdentity,
      files,
      segmentBytes: config.logSegmentBytes,
      reserveBytes: Math.floor(config.minFreeBytes * logReserveShare),
    });
    undo.unshift(() => fileLog.close());
    const log = new MeasuredLog(fileLog);
    const driver = new NodeDriver({
      self: config.self,
      placement: placementOf(config),
      log,
      store,
      logger,
      cacheBytes: config.cacheBytes,
      freeBytes: () => directory.freeBytes(),
      freeBytesMin: config.minFreeBytes,
      onFatal,
    });
    const tcp = transportOf(config, await bootNumber(store), driver, logger);
    const faults = config.allowFaults
      ? new FaultLayer(tcp, { self: config.self, delayMs: config.wanDelayMs })
      : undefined;
    const transport = faults ?? tcp;
    driver.onSent = (): void => tcp.flush();
    return {
      driver,
      directory,
      transport,
      faults,
      appends: log.appends,
      recover: async (signal) => {
        const recovered = await driver.recover(signal);
        logger.info({ ...recovered, new: directory.isNew }, "recovered");
      },
      join: () => driver.start(transport),
      close: async () => {
        await driver.close();
        for (const step of undo) await step();
      },
    };
  } catch (error) {
    for (const step of undo) await step();
    throw error;
  }
}

function placementOf(config: NodeConfig): Placement {
  const { datacenters, partitions } = config.cluster;
  return new Placement(
    datacenters.map(({ nodes }) => nodes.length),
    partitions,
  );
}

/** The linked nodes of the cluster with their addresses. */
function peersOf(config: NodeConfig, linked: readonly NodeId[]): TcpPeer[] {
  return config.cluster.datacenters.flatMap(({ nodes }, datacenter) =>
    nodes
      .map(({ host, peerPort }, index) => ({ nodeId: nodeIdOf(datacenter, index), host, port: peerPort }))
      .filter(({ nodeId }) => linked.includes(nodeId)),
  );
}

function transportOf(config: NodeConfig, boot: number, driver: NodeDriver, logger: DriverLogger): TcpTransport {
  const { id, secret, partitions } = config.cluster;
  return new TcpTransport({
    self: config.self,
    peers: peersOf(config, driver.core.placement.peersOf(config.self)),
    listen: { host: config.listen.peerHost, port: config.node.peerPort },
    secret: secret ?? "",
    identity: { protocolVersion, cluster: id, partitions, configDigest: config.configDigest },
    incarnation: boot,
    limits: { silenceMsMax: config.peerSilenceMsMax },
    logger: ({ level, message, ...fields }) => {
      if (level === "info") logger.info(fields, message);
      else logger.warn(fields, message);
    },
  });
}
