/*
 * Clients that each wait for the answer before they ask again: one connection, and so one session, for each.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { OutputBuffer } from "../../../protocol/resp/output-buffer.ts";
import { OutputPool } from "../../../protocol/resp/output-pool.ts";
import { ReplyOutcome, ReplyParser } from "../../../protocol/resp/reply-parser.ts";
import type { ReplyValue } from "../../../protocol/resp/reply-values.ts";
import { encodeRequest } from "../../../protocol/resp/request-encoder.ts";
import type { Bytes } from "../../../shared/bytes.ts";

export type Command = readonly [name: string, ...args: string[]];

/** Told of each answer: the command's name and how long it took. */
export type AnswerListener = (command: string, ms: number) => void;

const connectedAtOnce = 64;
const pool = new OutputPool();

class LoopClient {
  private readonly socket: Socket;
  private readonly parser = new ReplyParser();
  private readonly output = new OutputBuffer(pool);
  private readonly next: () => Command;
  private readonly answered: AnswerListener;
  private name = "";
  private sentMs = 0;
  private running = false;
  errors = 0;

  constructor(socket: Socket, next: () => Command, answered: AnswerListener) {
    this.socket = socket;
    this.next = next;
    this.answered = answered;
    socket.on("data", (chunk: Buffer) => this.received(chunk as unknown as Bytes));
    socket.on("error", () => this.errors++);
  }

  start(): void {
    this.running = true;
    this.send();
  }

  stop(): void {
    this.running = false;
  }

  close(): void {
    this.socket.destroy();
  }

  private send(): void {
    const command = this.next();
    encodeRequest(this.output, command);
    this.name = command[0];
    const chunk = this.output.take();
    if (chunk === undefined) return;
    const text = chunk.filled().latin1Slice();
    pool.release(chunk);
    this.sentMs = performance.now();
    this.socket.write(text, "latin1");
  }

  private received(chunk: Bytes): void {
    this.parser.feed(chunk);
    for (let outcome = this.parser.next(); outcome !== ReplyOutcome.needMore; outcome = this.parser.next()) {
      if (outcome === ReplyOutcome.protocolError || isError(this.parser.value)) this.errors++;
      if (outcome === ReplyOutcome.protocolError) return;
      this.answered(this.name, performance.now() - this.sentMs);
      if (this.running) this.send();
    }
  }
}

function isError(value: ReplyValue): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "error";
}

export class ClosedLoop {
  private readonly clients: LoopClient[] = [];

  get errors(): number {
    return this.clients.reduce((sum, { errors }) => sum + errors, 0);
  }

  /** `nextOf(i)` answers what client i asks next; client i is connected to the i-th port, around. */
  static async connect(
    ports: readonly number[],
    count: number,
    nextOf: (client: number) => Command,
    answered: AnswerListener,
  ): Promise<ClosedLoop> {
    const loop = new ClosedLoop();
    for (let i = 0; i < count; i += connectedAtOnce) {
      const some = Array.from({ length: Math.min(connectedAtOnce, count - i) }, (_, n) => i + n);
      const sockets = some.map((client) => connect({ port: ports[client % ports.length] as number, noDelay: true }));
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      sockets.forEach((socket, n) => {
        const client = some[n] as number;
        loop.clients.push(new LoopClient(socket, () => nextOf(client), answered));
      });
    }
    return loop;
  }

  async run(seconds: number): Promise<void> {
    for (const client of this.clients) client.start();
    await sleep(seconds * 1_000);
    for (const client of this.clients) client.stop();
    await sleep(500);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}
