/*
 * A relay between two TCP ends, for tests: passes bytes on, one by one if asked, can record what went by, hold it back
 * (a network that swallows packets), or cut every connection through it.
 */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export class TcpRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #diallers = new Set<Socket>();
  readonly #targetPort: () => number;
  /** Every byte goes on in a write of its own. */
  byteByByte = false;
  /** Nothing goes through, and nobody is told. */
  swallowing = false;
  /** What the dialling ends have sent, connection by connection. */
  readonly recorded: Buffer[][] = [];

  private constructor(targetPort: () => number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ noDelay: true }, (socket) => this.#onSocket(socket));
  }

  static async open(targetPort: () => number): Promise<TcpRelay> {
    const relay = new TcpRelay(targetPort);
    const { promise, resolve } = Promise.withResolvers<void>();
    relay.#server.listen({ host: "127.0.0.1", port: 0 }, () => resolve());
    await promise;
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Reads no more from the dialling ends: their network is full. */
  stall(): void {
    for (const socket of this.#diallers) socket.pause();
  }

  sever(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.sever();
    await promise;
  }

  #onSocket(dialler: Socket): void {
    const acceptor = connect({ host: "127.0.0.1", port: this.#targetPort(), noDelay: true });
    const record: Buffer[] = [];
    this.recorded.push(record);
    dialler.on("data", (chunk: Buffer) => record.push(chunk));
    this.#diallers.add(dialler);
    dialler.on("close", () => this.#diallers.delete(dialler));
    this.#pass(dialler, acceptor);
    this.#pass(acceptor, dialler);
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (chunk: Buffer) => {
      if (this.swallowing) return;
      if (!this.byteByByte) to.write(chunk);
      else for (let i = 0; i < chunk.length; i++) to.write(chunk.subarray(i, i + 1));
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
