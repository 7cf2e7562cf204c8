/*
 * A RESP port that answers from a table: the command line, in capitals where it is a command's name, to a raw reply.
 */
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { DEFAULT_REQUEST_LIMITS } from "../../protocol/resp/request-limits.ts";
import { RequestOutcome, RequestParser } from "../../protocol/resp/request-parser.ts";
import type { Bytes } from "../../shared/bytes.ts";

export class FakeResp {
  readonly commands: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #reply: (command: string) => string;

  private constructor(reply: (command: string) => string) {
    this.#reply = reply;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** `reply` gets the arguments joined by blanks. */
  static async listen(reply: (command: string) => string): Promise<FakeResp> {
    const fake = new FakeResp(reply);
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.dropConnections();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const parser = new RequestParser(DEFAULT_REQUEST_LIMITS, true);
    socket.on("data", (chunk) => {
      // Node.js declares fewer methods of a Buffer than it has.
      parser.feed(chunk as unknown as Bytes);
      while (parser.next() === RequestOutcome.command) {
        const command = parser.args.join(" ");
        this.commands.push(command);
        socket.write(Buffer.from(this.#reply(command), "latin1"));
      }
    });
  }
}

export function bulk(text: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return `$${bytes.length}\r\n${bytes}\r\n`;
}
