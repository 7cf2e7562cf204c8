/*
 * Starts one node, whole: its data, its place in the cluster, and its ports.
 *
 *   data opened, HTTP up ──▶ recovering ──▶ joining ──▶ serving ──links inside the datacenter──▶ ready     any ──▶ stopping
 *
 * Operators are served first: a long replay can be watched (/healthz answers, /readyz says "recovering"). Clients are served
 * last. A node that has never served over its data hears its equivalents elsewhere first, for a bounded while: if they have
 * writes of this node that it does not know, its data were lost, and it must not take writes whose dots were given out before.
 */
import { readFileSync } from "node:fs";
import type { NodeConfig } from "./config/node-config.ts";
import { hasServed, markServed } from "./first-service.ts";
import { startHttp } from "./http/start-http.ts";
import type { HttpServer } from "./http/start-http.ts";
import type { NodePhase } from "./http/http-options.ts";
import { openNode } from "./open-node.ts";
import type { OpenNode } from "./open-node.ts";
import type { WhyProvider } from "./resp/providers.ts";
import { RespServer } from "./resp/resp-server.ts";
import { tokenSigner } from "./resp/token-signer.ts";
import { topologyOf } from "./topology.ts";
import type { DriverLogger, NodeDriver } from "./node-driver.ts";
import { LostDataError } from "../core/node-inbox.ts";
import { StaticConfigStore } from "../control/static-config-store.ts";
import type { View } from "../control/view.ts";
import type { LinkStats } from "../net/transport.ts";
import type { FilePort } from "../storage/file-port.ts";
import { hearOthers, linkedInside } from "./wait-for-peers.ts";
import { registerWhy, why } from "./why/why.ts";

/** As docs/CLI.md has them: data that were lost are lost at the next start as well. */
const exitFailed = 1;
const exitRefused = 4;

export interface NodeLogger extends DriverLogger {
  fatal(fields: object, message: string): void;
}

export interface RunningNode {
  /**
   * Resolves when clients are served and every key can be reached, or a while after the former. Rejects, with everything let
   * go, when that will not come to be.
   */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** What a node has while it runs. */
interface Parts {
  readonly config: NodeConfig;
  readonly logger: NodeLogger;
  readonly node: OpenNode;
  readonly http: HttpServer;
  readonly resp: RespServer;
}

/**
 * Resolves when the node has its data and answers operators. Rejects, with everything let go, when it cannot. A node that
 * cannot go on later ends the process.
 */
export async function startNode(config: NodeConfig, logger: NodeLogger, files?: FilePort): Promise<RunningNode> {
  let phase: NodePhase = "recovering";
  const onFatal = (error: Error): void => {
    phase = "failed";
    logger.fatal({ err: error }, "the node cannot go on and stops");
    // At once: after a broken invariant or a failed sync nothing more may be answered, not even what is on its way.
    // oxlint-disable-next-line unicorn/no-process-exit
    process.exit(error instanceof LostDataError ? exitRefused : exitFailed);
  };
  const parts = await openParts(config, logger, () => phase, onFatal, files);
  const stopping = new AbortController();
  const enter = (next: NodePhase): void => {
    if (!stopping.signal.aborted) phase = next;
  };
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => (ended ??= closeAll(parts));
  const ready = serve(parts, enter, stopping.signal).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const close = async (): Promise<void> => {
    phase = "stopping";
    stopping.abort();
    await Promise.allSettled([ready]);
    await end();
  };
  return { ready, close };
}

async function openParts(
  config: NodeConfig,
  logger: NodeLogger,
  phase: () => NodePhase,
  onFatal: (error: Error) => void,
  files: FilePort | undefined,
): Promise<Parts> {
  const view = await new StaticConfigStore(config.cluster).view();
  const node = await openNode(config, logger, onFatal, files);
  try {
    const { driver, transport } = node;
    const cluster = { datacenters: config.cluster.datacenters, links: (): readonly LinkStats[] => transport.links() };
    registerWhy(driver, cluster);
    const resp = respServer(config, view, driver, (key) => why(driver, cluster, key), logger, onFatal);
    driver.onFlushed = (): void => resp.flush();
    return { config, logger, node, resp, http: await openHttp(config, node, resp, logger, phase, onFatal) };
  } catch (error) {
    await node.close();
    throw error;
  }
}

async function serve(parts: Parts, enter: (phase: NodePhase) => void, signal: AbortSignal): Promise<void> {
  const { config, logger, node, http, resp } = parts;
  const { core } = node.driver;
  await node.recover(signal);
  enter("joining");
  await node.join();
  await hearFirst(parts, signal);
  signal.throwIfAborted();
  await resp.listen();
  enter("serving");
  logger.info({ resp: resp.port, http: http.port, peer: config.node.peerPort }, "serving");
  await linkedInside(core, logger, signal);
}

/** A node that has never served over these data may have lost them. */
async function hearFirst({ node, logger }: Parts, signal: AbortSignal): Promise<void> {
  const { core, store } = node.driver;
  if (await hasServed(store)) return;
  await hearOthers(core, logger, signal);
  if (!signal.aborted) await markServed(store);
}

async function closeAll({ resp, node, http }: Parts): Promise<void> {
  await resp.close();
  await node.close();
  await http.close();
}

function respServer(
  config: NodeConfig,
  view: View,
  driver: NodeDriver,
  whyProvider: WhyProvider,
  logger: NodeLogger,
  onBug: (error: Error) => void,
): RespServer {
  const { cluster, listen, node, password, maxClients, clientIdleMsMax, attachTimeoutMs } = config;
  return new RespServer({
    driver,
    host: listen.respHost,
    port: node.respPort,
    password,
    cluster: cluster.id,
    signToken: cluster.secret === undefined ? undefined : tokenSigner(cluster.secret),
    why: whyProvider,
    topology: () => topologyOf(view, config.self, driver.core.placement),
    limits: { clientsMax: maxClients, idleMsMax: clientIdleMsMax, attachTimeoutMs },
    logger,
    version: productVersion(),
    onBug,
  });
}

function openHttp(
  config: NodeConfig,
  { driver, transport, faults, appends }: OpenNode,
  resp: RespServer,
  logger: NodeLogger,
  phase: () => NodePhase,
  onFatal: (error: Error) => void,
): Promise<HttpServer> {
  const { id, datacenters, secret } = config.cluster;
  const sign = secret === undefined ? undefined : tokenSigner(secret);
  return startHttp({
    host: config.listen.httpHost,
    port: config.node.httpPort,
    password: config.password,
    driver,
    cluster: { id, datacenters, sign },
    links: () => transport.links(),
    faults,
    phase,
    version: productVersion(),
    logger,
    attachTimeoutMs: config.attachTimeoutMs,
    appends,
    latencies: resp.services.latencies,
    clients: () => ({ connected: resp.connectionCount, max: resp.services.limits.clientsMax }),
    onFatal,
  });
}

function productVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
