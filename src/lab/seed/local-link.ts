/*
 * A link to a server of the same datacenter: a connection to localhost:20000+ID. The server with the smaller ID dials, and
 * dials again for as long as it lives; its first line says who it is.
 */
import { connect } from "node:net";
import { LineSocket } from "./line-socket.ts";
import { localPortOf, loopback } from "./names.ts";
import { frameLine } from "./server-lines.ts";
import { ServerLink } from "./server-link.ts";
import type { Bytes } from "../../shared/bytes.ts";

const redialMs = 50;

export class LocalLink extends ServerLink {
  /** What arrives on the connection, whoever dialled it. */
  onLine: (line: string) => void = () => undefined;
  private lines: LineSocket | undefined;
  private redial: NodeJS.Timeout | undefined;
  private closed = false;

  start(): void {
    if (this.self < this.peer) this.dial();
  }

  /** The peer dialled and has said who it is. A newer connection replaces an older one. */
  attach(lines: LineSocket): void {
    const before = this.lines;
    this.lines = lines;
    lines.onLine = (line) => this.onLine(line);
    lines.onClosed = (why) => this.lost(lines, why);
    before?.close("a newer connection took over");
    if (before !== undefined) this.down("a newer connection took over");
    this.up();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.redial);
    this.lines?.close("the server ends");
  }

  protected carry(frame: Bytes, length: number): boolean {
    return this.lines?.send(frameLine(this.self, frame, length)) ?? false;
  }

  private dial(): void {
    const socket = connect(localPortOf(this.peer), loopback);
    const lines = new LineSocket(socket);
    lines.onClosed = () => this.dialLater();
    socket.once("connect", () => {
      lines.send(`server ${this.self}`);
      this.attach(lines);
    });
  }

  private dialLater(): void {
    if (!this.closed) this.redial = setTimeout(() => this.dial(), redialMs);
  }

  private lost(lines: LineSocket, why: string): void {
    if (this.lines !== lines) return;
    this.lines = undefined;
    if (this.closed) return;
    this.down(why);
    if (this.self < this.peer) this.dialLater();
  }
}
