/*
 * `./process client ID DID S PORT`: passes the master's lines to a session in datacenter DID and its answers back. The
 * session, with its causal context, lives in the first server of the datacenter that answers (hosted-session.ts); what the
 * master asks before that waits.
 */
import { connect } from "node:net";
import { LineSocket, wordsOf } from "./line-socket.ts";
import { MasterPort } from "./master-port.ts";
import { localPortOf, loopback, serverIdOf } from "./names.ts";
import { quoted } from "./note.ts";
import type { Note } from "./note.ts";

const redialMs = 25;
const connectMsMax = 30_000;
const waitingLinesMax = 1_000;

export interface ClientOptions {
  readonly id: number;
  readonly datacenter: number;
  readonly partitions: number;
  readonly port: number;
  readonly note: Note;
  /** The process should end. */
  readonly onEnd: (why: string, failed: boolean) => void;
}

export class SeedClient {
  private readonly options: ClientOptions;
  private readonly masterPort: MasterPort;
  private session: LineSocket | undefined;
  private waiting: string[] = [];

  constructor(options: ClientOptions) {
    this.options = options;
    this.masterPort = new MasterPort({
      onLine: (line) => this.ask(line),
      onAbandoned: (why) => options.onEnd(why, false),
    });
  }

  /** Rejects with ListenError. */
  async start(): Promise<void> {
    await this.masterPort.listen(this.options.port);
    this.dial(0, Date.now() + connectMsMax);
  }

  private ask(line: string): void {
    const [operation] = wordsOf(line);
    if (operation !== "put" && operation !== "get") {
      this.options.note(`ignored a line that is neither put nor get: ${quoted(line)}`);
    } else if (this.session !== undefined) {
      this.session.send(line);
    } else if (this.waiting.length < waitingLinesMax) {
      this.waiting.push(line);
    } else {
      this.masterPort.tell(`failed BUSY ${waitingLinesMax} operations wait already`);
    }
  }

  /** Tries one server after the other: any of them can host the session. */
  private dial(attempt: number, giveUpAtMs: number): void {
    const { datacenter, partitions, id, onEnd } = this.options;
    const socket = connect(localPortOf(serverIdOf(datacenter, attempt % partitions)), loopback);
    const lines = new LineSocket(socket);
    lines.onClosed = () => {
      if (Date.now() >= giveUpAtMs) onEnd(`no server of datacenter ${datacenter} answers`, true);
      else setTimeout(() => this.dial(attempt + 1, giveUpAtMs), redialMs);
    };
    socket.once("connect", () => {
      // Without a master both are about to end anyway, in whichever order.
      lines.onClosed = (why) => onEnd(`the server that hosts the session is gone: ${why}`, this.masterPort.isConnected);
      lines.onLine = (text) => this.masterPort.tell(text);
      lines.send(`client ${id}`);
      this.attached(lines);
    });
  }

  private attached(lines: LineSocket): void {
    this.session = lines;
    const waiting = this.waiting;
    this.waiting = [];
    for (const line of waiting) lines.send(line);
  }
}
