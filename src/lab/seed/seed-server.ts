/*
 * `./process server ID N S PORT`: the core as it is, over memory (each run begins with fresh data), with the seed's
 * placement and ways to other servers.
 *
 *   localhost:20000+ID ── LocalPort ──┬── HostedSession (one per client) ── NodeDriver ── NodeCore
 *                                     └── SeedTransport ────────────────────────┘
 *   localhost:PORT ────── MasterPort ─────────┘
 *
 * Operations wait until every server of the datacenter can be reached, for `joinMsMax` at most: a scenario may begin right
 * after its starts. PORT is opened last: once the master is connected, everything else is there.
 */
import { HostedSession } from "./hosted-session.ts";
import type { LineSocket } from "./line-socket.ts";
import { LocalPort } from "./local-port.ts";
import { MasterPort } from "./master-port.ts";
import { nodeIdOfServer, seedPlacement } from "./names.ts";
import type { ServerId, Shape } from "./names.ts";
import type { Note } from "./note.ts";
import { SeedTransport } from "./seed-transport.ts";
import { NodeDriver } from "../../server/node-driver.ts";
import { MemoryLog } from "../../storage/memory-log.ts";
import { MemoryStore } from "../../storage/memory-store.ts";

const joinCheckMs = 10;
const joinMsMax = 10_000;
const clientsMax = 1_000;

export interface ServerOptions {
  readonly id: ServerId;
  readonly shape: Shape;
  readonly port: number;
  readonly note: Note;
  /** The process should end. */
  readonly onEnd: (why: string, failed: boolean) => void;
}

export class SeedServer {
  private readonly options: ServerOptions;
  private readonly driver: NodeDriver;
  private readonly transport: SeedTransport;
  private readonly masterPort: MasterPort;
  private readonly localPort: LocalPort;
  private readonly sessions = new Set<HostedSession>();
  private isOpen = false;

  constructor(options: ServerOptions) {
    this.options = options;
    const { id, shape, note } = options;
    const placement = seedPlacement(shape);
    this.driver = driverOf(options, placement);
    const tellMaster = (text: string): boolean => this.masterPort.tell(text);
    this.transport = new SeedTransport({ self: id, placement, tellMaster, note });
    this.masterPort = new MasterPort({
      onLine: (line) => this.transport.onMasterLine(line),
      onAbandoned: (why) => options.onEnd(why, false),
    });
    this.localPort = new LocalPort(
      {
        onServer: (server, lines) => this.transport.attach(server, lines),
        onClient: (_client, lines) => this.host(lines),
      },
      note,
    );
  }

  /** Rejects with ListenError. */
  async start(): Promise<void> {
    await this.driver.recover();
    this.driver.onFlushed = () => this.greetWhenWritten();
    await this.driver.start(this.transport);
    await this.localPort.listen(this.options.id);
    this.openWhenJoined(Date.now() + joinMsMax);
    await this.masterPort.listen(this.options.port);
  }

  private host(lines: LineSocket): void {
    if (this.sessions.size >= clientsMax) {
      lines.close(`there are ${clientsMax} clients already`);
      return;
    }
    const hosted = new HostedSession(lines, this.driver, this.options.id);
    this.sessions.add(hosted);
    lines.onClosed = () => {
      this.sessions.delete(hosted);
      hosted.close();
    };
    if (this.isOpen) hosted.release();
  }

  private openWhenJoined(giveUpAtMs: number): void {
    const { isJoined } = this.transport;
    if (!isJoined && Date.now() < giveUpAtMs) {
      setTimeout(() => this.openWhenJoined(giveUpAtMs), joinCheckMs);
      return;
    }
    if (!isJoined) this.options.note("goes on without some servers of its datacenter, which cannot be reached");
    this.isOpen = true;
    for (const hosted of this.sessions) hosted.release();
  }

  /** The first write of this server's own: from now on it has something for the other datacenters. */
  private greetWhenWritten(): void {
    for (const partition of this.driver.core.state.partitions.values()) {
      if (partition.seq === 0) continue;
      this.driver.onFlushed = () => undefined;
      this.transport.greetOthers();
    }
  }
}

function driverOf({ id, note, onEnd }: ServerOptions, placement: ReturnType<typeof seedPlacement>): NodeDriver {
  const schedule = (complete: () => void): void => {
    setImmediate(complete);
  };
  const say = (fields: object, message: string): void => note(`${message} ${causeIn(fields)}`.trim());
  return new NodeDriver({
    self: nodeIdOfServer(id),
    placement,
    log: new MemoryLog({ schedule }),
    store: new MemoryStore({ schedule }),
    logger: { info: () => undefined, warn: say, error: say },
    onFatal: (error) => onEnd(error.stack ?? error.message, true),
  });
}

function causeIn(fields: object): string {
  return "err" in fields && fields.err instanceof Error ? fields.err.message : "";
}
