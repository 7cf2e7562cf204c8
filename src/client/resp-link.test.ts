import { once } from "node:events";
import { createServer, Socket } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ClientError } from "./errors.ts";
import { TcpTransport } from "./resp-link.ts";
import type { Link, LinkEvents } from "./transport.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";

const cleanUp: (() => void)[] = [];

afterEach(() => {
  vi.restoreAllMocks();
  for (const step of cleanUp.splice(0)) step();
});

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    cleanUp.push(() => socket.destroy());
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUp.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}

class Events implements LinkEvents {
  readonly replies: ReplyValue[] = [];
  readonly opened = Promise.withResolvers<void>();
  readonly lost = Promise.withResolvers<ClientError>();
  private wanted = 0;
  private got = Promise.withResolvers<void>();

  onOpen(): void {
    this.opened.resolve();
  }

  onReply(reply: ReplyValue): void {
    this.replies.push(reply);
    if (this.replies.length >= this.wanted) this.got.resolve();
  }

  onLost(error: ClientError): void {
    this.lost.resolve(error);
  }

  async atLeast(count: number): Promise<void> {
    this.wanted = count;
    this.got = Promise.withResolvers<void>();
    if (this.replies.length < count) await this.got.promise;
  }
}

async function linkTo(port: number): Promise<{ link: Link; events: Events }> {
  const events = new Events();
  const link = new TcpTransport().open({ host: "127.0.0.1", port }, events);
  cleanUp.push(() => link.close(true));
  await events.opened.promise;
  return { link, events };
}

describe("the transport over TCP", () => {
  it("sends everything of one turn in one write, also what awaits in between", async () => {
    const received: string[] = [];
    const port = await serve((socket) => socket.on("data", (chunk) => received.push(chunk.toString())));
    const { link } = await linkTo(port);
    const flushes = vi.spyOn(Socket.prototype, "uncork");
    link.send(["PING"]);
    await Promise.resolve();
    link.send(["ECHO", "a"]);
    for (let i = 0; i < 20; i++) await Promise.resolve();
    link.send(["ECHO", "b"]);
    await vi.waitFor(() => expect(received.join("")).toHaveLength(14 + 2 * 21));
    expect(flushes).toHaveBeenCalledTimes(1);
    expect(received.join("")).toBe(
      "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\na\r\n*2\r\n$4\r\nECHO\r\n$1\r\nb\r\n",
    );
  });

  it("hands over replies in order, however they are cut, and leaves push messages out", async () => {
    const port = await serve((socket) => {
      socket.write("+OK\r\n>2\r\n$4\r\nnews\r\n:1\r\n$5\r\nhe");
      socket.on("data", () => socket.write("llo\r\n-BUSY later\r\n"));
    });
    const { link, events } = await linkTo(port);
    await events.atLeast(1);
    link.send(["PING"]);
    await events.atLeast(3);
    expect(events.replies).toEqual(["OK", "hello", { kind: "error", code: "BUSY", message: "BUSY later" }]);
  });

  it("carries values of any size and bytes", async () => {
    const port = await serve((socket) => socket.pipe(socket));
    const { link, events } = await linkTo(port);
    const value = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte)).repeat(10_000);
    link.send(["SET", value]);
    await events.atLeast(1);
    // An array of bulk strings is a reply as well.
    expect(events.replies[0]).toEqual(["SET", value]);
  });

  it("tells why a connection is lost", async () => {
    const nobody = new Events();
    // Nobody listens on the first port of all.
    new TcpTransport().open({ host: "127.0.0.1", port: 1 }, nobody);
    expect(await nobody.lost.promise).toMatchObject({
      code: "CONNECTION_LOST",
      reason: "connect-failed",
      retryable: true,
    });

    const closing = await linkTo(await serve((socket) => socket.end()));
    expect(await closing.events.lost.promise).toMatchObject({ reason: "closed-by-node" });

    const rubbish = await linkTo(await serve((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    expect(await rubbish.events.lost.promise).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  it("tells nothing any more once it is closed", async () => {
    const port = await serve((socket) => socket.pipe(socket));
    const { link, events } = await linkTo(port);
    link.send(["PING"]);
    link.close(false);
    link.send(["PING"]);
    const { events: later, link: other } = await linkTo(port);
    other.send(["PING"]);
    await later.atLeast(1);
    expect(events.replies).toEqual([]);
  });
});
