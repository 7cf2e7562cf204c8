/*
 * Where a server is found inside its datacenter: localhost:20000+ID. The first line of a connection says who it is:
 *
 *   server SRC   lines of another server (local-link.ts)
 *   client CID   lines of a client, whose session this server hosts (hosted-session.ts)
 *
 * Connections that have not said so are bounded in number and time.
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { LineSocket, wordsOf } from "./line-socket.ts";
import { listenOn } from "./listen.ts";
import { localPortOf, wholeNumber } from "./names.ts";
import type { ServerId } from "./names.ts";
import { quoted } from "./note.ts";
import type { Note } from "./note.ts";

const namelessMax = 64;
const namelessMsMax = 5_000;

export interface LocalPortEvents {
  onServer(server: ServerId, lines: LineSocket): void;
  onClient(client: number, lines: LineSocket): void;
}

export class LocalPort {
  private readonly events: LocalPortEvents;
  private readonly note: Note;
  private readonly server: Server;
  private nameless = 0;

  constructor(events: LocalPortEvents, note: Note) {
    this.events = events;
    this.note = note;
    this.server = createServer((socket) => this.accept(socket));
  }

  /** Rejects with ListenError. */
  async listen(self: ServerId): Promise<void> {
    await listenOn(this.server, localPortOf(self));
  }

  private accept(socket: Socket): void {
    const lines = new LineSocket(socket);
    if (this.nameless >= namelessMax) {
      lines.close("too many connections have not said who they are");
      return;
    }
    this.nameless++;
    const patience = setTimeout(() => lines.close("nobody said who this is"), namelessMsMax);
    let named = false;
    const settled = (): void => {
      if (!named) this.nameless--;
      named = true;
      clearTimeout(patience);
    };
    lines.onClosed = settled;
    lines.onLine = (line) => {
      settled();
      this.introduce(line, lines);
    };
  }

  private introduce(line: string, lines: LineSocket): void {
    const [kind, id, ...more] = wordsOf(line);
    const number = wholeNumber(id);
    if (number !== undefined && more.length === 0 && kind === "server") this.events.onServer(number, lines);
    else if (number !== undefined && more.length === 0 && kind === "client") this.events.onClient(number, lines);
    else {
      this.note(`closed a connection that is neither a server's nor a client's: ${quoted(line)}`);
      lines.close("neither a server nor a client");
    }
  }
}
