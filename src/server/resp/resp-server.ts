/*
 * The RESP port of a node: accepts connections and, once per turn of the event loop, attends to those that have output or
 * may go on (connection.ts).
 *
 *   driver's flush ──▶ flush()        or, when the driver has nothing to do in a turn, by its own setImmediate
 *
 * So a connection's replies of one turn go out in one write, whatever gave them: its own reads, or a group commit.
 *
 * Refuses to exist where another host could connect without a password.
 */
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SignToken } from "../../protocol/causal-token.ts";
import { CommandNames } from "../../protocol/resp/command-names.ts";
import { OutputPool } from "../../protocol/resp/output-pool.ts";
import { byteStringOfUtf8 } from "../../shared/bytes.ts";
import { isLoopback } from "../config/loopback.ts";
import { OperationLatencies } from "../http/measures.ts";
import { PinnedSnapshots } from "../pinned-snapshots.ts";
import { Keyspace } from "../keyspace.ts";
import { CommandTable } from "./command-table.ts";
import { commands } from "./commands.ts";
import { RespConnection } from "./connection.ts";
import { RespServerError } from "./errors.ts";
import { InputBudget } from "./input-budget.ts";
import { NamedSessions } from "./named-sessions.ts";
import { PacedWarnings } from "./paced-warnings.ts";
import { Password } from "./password.ts";
import type { TopologyProvider, WhyProvider } from "./providers.ts";
import type { RespDriver, RespLogger } from "./resp-driver.ts";
import { respLimitsDefault } from "./resp-limits.ts";
import type { RespLimits } from "./resp-limits.ts";
import type { RespServices } from "./resp-services.ts";
import { RespStats } from "./resp-stats.ts";

const sweepMs = 1000;
const listenBacklog = 511;
const closePollMs = 10;

export interface RespServerOptions {
  readonly driver: RespDriver;
  readonly host: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** Without it, only loopback may be listened on. */
  readonly password?: string | undefined;
  readonly cluster: string;
  /** Signs causal tokens (token-signer.ts); undefined when the cluster has no secret. */
  readonly signToken?: SignToken | undefined;
  readonly why: WhyProvider;
  readonly topology: TopologyProvider;
  readonly limits?: Partial<RespLimits>;
  readonly logger: RespLogger;
  /** Version of the product. */
  readonly version: string;
  /** A bug came to light: the process should end. */
  readonly onBug: (error: Error) => void;
}

export class RespServer {
  readonly services: RespServices;
  private readonly options: RespServerOptions;
  private readonly connections = new Map<number, RespConnection>();
  private attention: RespConnection[] = [];
  private scheduled = false;
  private lastId = 0;
  private readonly server: Server;
  private sweeper: NodeJS.Timeout | undefined;
  private readonly warnings: PacedWarnings;
  private readonly address: { host: string; port: number };
  private readonly onImmediate = (): void => {
    this.scheduled = false;
    this.flush();
  };

  /** Throws RespServerError: LISTEN_INSECURE. */
  constructor(options: RespServerOptions) {
    const { host, port, password } = options;
    if (!isLoopback(host) && (password === undefined || password === "")) {
      const detail = `${host} can be reached by other hosts: set a password, or listen on 127.0.0.1`;
      throw new RespServerError("LISTEN_INSECURE", detail, `${host}:${port}`);
    }
    this.options = options;
    this.address = { host, port };
    this.warnings = new PacedWarnings(options.logger);
    this.services = this.makeServices();
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
  }

  get port(): number {
    return this.address.port;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Rejects with RespServerError: LISTEN_FAILED. */
  async listen(): Promise<void> {
    const { host, port } = this.address;
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", (error) => {
        reject(new RespServerError("LISTEN_FAILED", `cannot listen: ${error.message}`, `${host}:${port}`, error));
      });
      this.server.listen({ host, port, backlog: listenBacklog }, resolve);
    });
    this.server.removeAllListeners("error");
    this.server.on("error", (error) => this.warnings.warn("accept-failed", { err: error }, "accepting failed"));
    this.address.port = (this.server.address() as AddressInfo).port;
    this.sweeper = setInterval(() => this.sweep(), sweepMs);
    this.sweeper.unref();
  }

  /** Attends to all connections that need it; to be called after the driver's flush. */
  flush(): void {
    const waiting = this.attention;
    if (waiting.length === 0) return;
    this.attention = [];
    const nowMs = performance.now();
    for (const connection of waiting) {
      connection.attend();
      connection.replies.latencies.end(nowMs);
    }
  }

  /**
   * Stops accepting, answers what connections have sent so far, and closes them; after `graceMs` whatever is still open is
   * cut off, and what is under way ends unheard.
   */
  async close(graceMs: number = 0): Promise<void> {
    clearInterval(this.sweeper);
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    if (graceMs > 0) {
      for (const connection of this.connections.values()) connection.closeAfterReplies();
      const deadline = performance.now() + graceMs;
      while (this.connections.size > 0 && performance.now() < deadline) await sleep(closePollMs);
    }
    for (const connection of this.connections.values()) connection.close();
    await closed;
  }

  private makeServices(): RespServices {
    const { driver, password, why, topology, version } = this.options;
    const { core } = driver;
    const { datacenters, partitions } = core.placement;
    const given = { ...respLimitsDefault, ...this.options.limits };
    const limits: RespLimits = { ...given, request: { ...given.request } };
    const cluster = byteStringOfUtf8(this.options.cluster);
    const keyspace = new Keyspace(driver);
    return {
      driver,
      core,
      keyspace,
      snapshots: new PinnedSnapshots(driver, keyspace.walk),
      table: new CommandTable(commands),
      names: new CommandNames(),
      pool: new OutputPool(),
      limits,
      stats: new RespStats(),
      input: new InputBudget(limits),
      latencies: new OperationLatencies(),
      sessions: new NamedSessions(core, limits),
      password: password === undefined || password === "" ? undefined : new Password(password),
      issuer: { cluster, datacenters, partitions, sign: this.options.signToken },
      why,
      topology,
      version,
      startedMs: performance.now(),
      address: this.address,
      connections: this.connections,
      needsAttention: (connection) => this.needsAttention(connection),
      closed: (connection) => this.connections.delete(connection.id),
      warn: (event, fields, message) => this.warnings.warn(event, fields, message),
      bug: (error) => this.options.onBug(error instanceof Error ? error : new Error(String(error))),
    };
  }

  private accept(socket: Socket): void {
    const { stats, limits } = this.services;
    stats.connectionsReceived++;
    if (this.connections.size >= limits.clientsMax) {
      stats.connectionsRejected++;
      const { remoteAddress } = socket;
      this.warnings.warn("too-many-clients", { address: remoteAddress, clientsMax: limits.clientsMax }, "refused");
      socket.on("error", () => socket.destroy());
      socket.end("-ERR max number of clients reached\r\n", () => socket.destroy());
      return;
    }
    const connection = new RespConnection(++this.lastId, socket, this.services);
    this.connections.set(connection.id, connection);
  }

  private needsAttention(connection: RespConnection): void {
    this.attention.push(connection);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.onImmediate);
  }

  private sweep(): void {
    const nowMs = performance.now();
    for (const connection of this.connections.values()) connection.sweep(nowMs);
    this.services.sessions.sweep(nowMs);
  }
}
