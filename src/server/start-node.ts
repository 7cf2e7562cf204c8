/*
 * Starts one node, whole: its data, its place in the cluster, and its ports.
 *
 *   starting ──▶ recovering ──▶ joining ──peers said what they have, or a while has passed──▶ serving ──▶ stopping
 *
 * Clients are served last. A node that begins with an empty directory hears its equivalents elsewhere first, for a bounded
 * while: if they have writes of this node that it does not know, its data were lost, and it must not take writes whose dots
 * were given out before.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeConfig } from "./config/node-config.ts";
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
import { datacenterOfNode } from "../core/placement.ts";
import { StaticConfigStore } from "../control/static-config-store.ts";
import type { View } from "../control/view.ts";
import type { LinkStats } from "../net/transport.ts";
import { registerWhy, why } from "./why/why.ts";

/** How long a node with an empty directory waits to hear from other datacenters. */
const hearMsMax = 3_000;
/** How long a node that serves waits for the links inside its datacenter before it says that it is ready regardless. */
const linkMsMax = 10_000;
const stepMs = 20;

export interface NodeLogger extends DriverLogger {
  fatal(fields: object, message: string): void;
}

export interface RunningNode {
  /** Resolves when clients are served and every key can be reached, or a while after the former. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** Rejects, with everything let go, when the node cannot start. A node that cannot go on later ends the process. */
export async function startNode(config: NodeConfig, logger: NodeLogger): Promise<RunningNode> {
  let phase: NodePhase = "recovering";
  const onFatal = (error: Error): void => {
    phase = "failed";
    logger.fatal({ err: error }, "the node cannot go on and stops");
    // At once: after a broken invariant or a failed sync nothing more may be answered, not even what is on its way.
    // oxlint-disable-next-line unicorn/no-process-exit
    process.exit(1);
  };
  const view = await new StaticConfigStore(config.cluster).view();
  const node = await openNode(config, logger, onFatal);
  try {
    const http = await openHttp(config, node, logger, () => phase, onFatal);
    const resp = await openPorts(config, view, node, http, logger, onFatal);
    phase = "serving";
    logger.info({ resp: resp.port, http: http.port, peer: config.node.peerPort }, "serving");
    return { ready: linkedInside(node, logger), close: () => closeAll((phase = "stopping"), node, http, resp) };
  } catch (error) {
    await node.close();
    throw error;
  }
}

async function openPorts(
  config: NodeConfig,
  view: View,
  node: OpenNode,
  http: HttpServer,
  logger: NodeLogger,
  onFatal: (error: Error) => void,
): Promise<RespServer> {
  try {
    const { driver, transport } = node;
    const cluster = { datacenters: config.cluster.datacenters, links: (): readonly LinkStats[] => transport.links() };
    registerWhy(driver, cluster);
    const resp = respServer(config, view, driver, (key) => why(driver, cluster, key), logger, onFatal);
    driver.onFlushed = (): void => resp.flush();
    await node.join();
    if (node.directory.isNew) await hearOthers(node, logger);
    await resp.listen();
    return resp;
  } catch (error) {
    await http.close();
    throw error;
  }
}

function respServer(
  config: NodeConfig,
  view: View,
  driver: NodeDriver,
  whyProvider: WhyProvider,
  logger: NodeLogger,
  onBug: (error: Error) => void,
): RespServer {
  const { cluster, listen, node, password, maxClients, clientIdleMsMax } = config;
  return new RespServer({
    driver,
    host: listen.respHost,
    port: node.respPort,
    password,
    cluster: cluster.id,
    signToken: cluster.secret === undefined ? undefined : tokenSigner(cluster.secret),
    why: whyProvider,
    topology: () => topologyOf(view, config.self, driver.core.placement),
    limits: { clientsMax: maxClients, idleMsMax: clientIdleMsMax },
    logger,
    version: productVersion(),
    onBug,
  });
}

function openHttp(
  config: NodeConfig,
  { driver, transport, faults }: OpenNode,
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
    onFatal,
  });
}

/** Until every stream to another datacenter was opened from there; whoever opens one says what it has of this node. */
async function hearOthers({ driver }: OpenNode, logger: NodeLogger): Promise<void> {
  const unheard = (): number => [...driver.core.shippers.values()].filter((shipper) => !shipper.isOpen).length;
  for (let waited = 0; waited < hearMsMax && unheard() > 0; waited += stepMs) await sleep(stepMs);
  const silent = unheard();
  const warning = "begins with an empty directory, and not all other datacenters could be asked";
  if (silent > 0) logger.warn({ silent }, warning);
}

/**
 * Until the other nodes of this datacenter, which own the rest of the keys, are linked: whoever is told "ready" may ask for
 * any key. One of them may be down for long, which is no reason to be taken for a node that does not start.
 */
async function linkedInside({ driver: { core } }: OpenNode, logger: NodeLogger): Promise<void> {
  const { state, placement } = core;
  const inside = placement.peersOf(state.self).filter((peer) => datacenterOfNode(peer) === state.datacenter);
  const unlinked = (): number => inside.filter((peer) => !state.linksUp.has(peer)).length;
  for (let waited = 0; waited < linkMsMax && unlinked() > 0; waited += stepMs) await sleep(stepMs);
  const missing = unlinked();
  if (missing > 0) logger.warn({ missing }, "nodes of this datacenter are not linked, so their keys cannot be reached");
}

async function closeAll(_phase: NodePhase, node: OpenNode, http: HttpServer, resp: RespServer): Promise<void> {
  await resp.close();
  await node.close();
  await http.close();
}

function productVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
