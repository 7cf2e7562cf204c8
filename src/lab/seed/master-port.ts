/*
 * A process's side of its connection with the master: listens on localhost:PORT, takes lines, tells `LENGTH-TEXT`.
 *
 *   listening ──the master connects──▶ connected ──it is gone, and nobody connects within `goneMsMax`──▶ onAbandoned
 *             ──nobody connects within `awaitedMsMax`──▶ onAbandoned
 *
 * So no process outlives its master for long. A master may connect more than once (to probe whether the process is there);
 * the newest connection is the one that is told. What is told to nobody waits, within a bound.
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { LineSocket } from "./line-socket.ts";
import { listenOn } from "./listen.ts";
import { frameText } from "./master-texts.ts";

const awaitedMsMax = 60_000;
const goneMsMax = 2_000;
const untoldMax = 1_000;

export interface MasterPortEvents {
  onLine(line: string): void;
  onAbandoned(why: string): void;
}

export class MasterPort {
  private readonly events: MasterPortEvents;
  private readonly server: Server;
  private readonly open = new Set<LineSocket>();
  private newest: LineSocket | undefined;
  private untold: string[] = [];
  private patience: NodeJS.Timeout | undefined;

  constructor(events: MasterPortEvents) {
    this.events = events;
    this.server = createServer((socket) => this.accept(socket));
  }

  /** Rejects with ListenError. */
  async listen(port: number): Promise<void> {
    await listenOn(this.server, port);
    this.awaitMaster(awaitedMsMax, "no master connected");
  }

  get isConnected(): boolean {
    return this.newest !== undefined;
  }

  /** False when the text was dropped. */
  tell(text: string): boolean {
    if (this.newest !== undefined) return this.newest.write(frameText(text));
    if (this.untold.length >= untoldMax) return false;
    this.untold.push(text);
    return true;
  }

  private accept(socket: Socket): void {
    clearTimeout(this.patience);
    const lines = new LineSocket(socket);
    this.open.add(lines);
    this.newest = lines;
    lines.onLine = (line) => this.events.onLine(line);
    lines.onClosed = () => this.lost(lines);
    const untold = this.untold;
    this.untold = [];
    for (const text of untold) this.tell(text);
  }

  private lost(lines: LineSocket): void {
    this.open.delete(lines);
    if (this.newest === lines) this.newest = [...this.open].at(-1);
    if (this.newest === undefined) this.awaitMaster(goneMsMax, "the master is gone");
  }

  private awaitMaster(ms: number, why: string): void {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.events.onAbandoned(why), ms);
  }
}
