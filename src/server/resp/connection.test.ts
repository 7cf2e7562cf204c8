import { afterEach, describe, expect, it, vi } from "vitest";
import { startMemoryNode } from "./testing/memory-node.ts";
import type { MemoryNode, MemoryNodeOptions } from "./testing/memory-node.ts";
import { clientOf } from "./testing/raw-client.ts";
import { until } from "./testing/until.ts";
import type { RespLimits } from "./resp-limits.ts";

let node: MemoryNode | undefined;
afterEach(async () => {
  expect(node?.bugs).toEqual([]);
  await node?.close();
  node = undefined;
});

async function start(limits: Partial<RespLimits> = {}, more: MemoryNodeOptions = {}): Promise<MemoryNode> {
  node = await startMemoryNode({ ...more, server: { limits, ...more.server } });
  return node;
}

describe("a connection", () => {
  it("answers commands in their order, whatever they wait for", async () => {
    const client = clientOf(await start());
    await client.call("SET", "stored", "s");
    await node?.forgetMemory();
    const replies = await client.pipeline(
      ["SET", "a", "1"],
      ["GET", "stored"],
      ["NONSENSE"],
      ["GET", "a"],
      ["MGET", "a", "stored", "b"],
      ["DBSIZE"],
      ["ECHO", "x"],
      ["DEL", "a", "b"],
      ["GET"],
      ["COPS.CONTEXT", "x"],
      ["EXISTS", "a"],
    );
    expect(replies).toMatchObject([
      "OK",
      "s",
      { message: "ERR unknown command 'NONSENSE', with args beginning with: " },
      "1",
      ["1", "s", null],
      2,
      "x",
      1,
      { message: "ERR wrong number of arguments for 'get' command" },
      { message: "ERR wrong number of arguments for 'cops.context' command" },
      0,
    ]);
  });

  it("takes commands byte by byte, inline ones too", async () => {
    const client = clientOf(await start());
    for (const byte of "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\nget k\r\n") {
      client.sendRaw(byte);
      await new Promise(setImmediate);
    }
    expect(await client.next()).toBe("OK");
    expect(await client.next()).toBe("\r\n");
  });

  it("answers everything before the input ended, then closes", async () => {
    const client = clientOf(await start());
    client.send(["SET", "k", "1"], ["DBSIZE"], ["GET", "k"]);
    client.socket.end();
    await client.closed;
    expect(client.received).toBe("+OK\r\n:1\r\n$1\r\n1\r\n");
  });

  it("is closed behind the error when it breaks the protocol, with what came before answered", async () => {
    const client = clientOf(await start());
    client.sendRaw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n*1\r\nGET\r\n*1\r\n$4\r\nPING\r\n");
    await client.closed;
    expect(client.received).toBe("+OK\r\n-ERR Protocol error: expected '$', got 'G'\r\n");
    expect(node?.warnings).toMatchObject([[{ event: "protocol-error" }, "connection closed"]]);
  });

  it("is cut off without a word when it speaks HTTP", async () => {
    const client = clientOf(await start());
    client.sendRaw("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k stolen\r\n");
    await client.closed;
    expect(client.received).toBe("");
    expect(node?.warnings).toMatchObject([[{ event: "http-request" }, /HTTP/]]);
    const other = clientOf(node as MemoryNode);
    expect(await other.call("GET", "k")).toBeNull();
  });

  it("may vanish at any moment", async () => {
    const { server } = await start();
    for (let i = 0; i < 20; i++) {
      const client = clientOf(node as MemoryNode);
      client.send(["SET", "k", "1"], ["MGET", "a", "b"], ["DBSIZE"], ["FLUSHALL"], ["COPS.TOKEN"], ["SET", "k", "2"]);
      if (i % 2 === 0) await new Promise(setImmediate);
      client.socket.resetAndDestroy();
    }
    await until(() => server.connectionCount === 0);
    expect(await clientOf(node as MemoryNode).call("PING")).toBe("PONG");
  });

  it("takes no more commands than may be pending, and goes on when they are answered", async () => {
    const client = clientOf(await start({ repliesPendingMax: 8 }));
    const commands = Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? ["SET", "k", `${i}`] : ["GET", "k"]));
    const replies = await client.pipeline(...commands);
    expect(replies).toEqual(commands.map(([name], i) => (name === "SET" ? "OK" : `${i - (i % 3)}`)));
  });

  it("whose client reads slowly is paused and then goes on, with nothing lost", async () => {
    const { server } = await start({ outputBytesPause: 64 * 1024 });
    const client = clientOf(node as MemoryNode);
    const value = "v".repeat(100_000);
    await client.call("SET", "k", value);
    client.socket.pause();
    client.send(...Array.from({ length: 300 }, () => ["GET", "k"]));
    await until(() => server.services.stats.readersPaused > 0);
    const held = [...server.services.connections.values()].map((connection) => connection.outputBytes);
    expect(Math.max(...held)).toBeLessThan(1024 * 1024);
    client.socket.resume();
    for (let i = 0; i < 300; i++) expect(await client.next()).toBe(value);
    expect(server.services.stats.readersDropped).toBe(0);
  });

  it("whose one reply is beyond the limit is dropped", async () => {
    const { server } = await start({ outputBytesMax: 1024 * 1024 });
    const client = clientOf(node as MemoryNode);
    await client.call("SET", "k", "v".repeat(300_000));
    client.send(["MGET", "k", "k", "k", "k", "k", "k"]);
    await client.closed;
    expect(server.services.stats.readersDropped).toBe(1);
    expect(client.received).toBe("+OK\r\n");
  });

  it("that reads nothing for too long is dropped, as one that is idle or does not authenticate", async () => {
    const { server } = await start({ outputStallMsMax: 50, outputBytesPause: 4096 });
    const slow = clientOf(node as MemoryNode);
    await slow.call("SET", "k", "v".repeat(8_000_000));
    slow.socket.pause();
    slow.send(["GET", "k"], ["GET", "k"], ["GET", "k"]);
    await until(() => server.services.stats.readersDropped === 1);
    slow.close();
    const idle = clientOf(node as MemoryNode);
    await idle.call("PING");
    server.services.limits.idleMsMax = 20;
    await idle.closed;
    expect(server.services.stats.connectionsTimedOut).toBe(1);
  });

  it("that does not authenticate is closed after a while", async () => {
    await start({ unauthenticatedMsMax: 20 }, { server: { password: "s3cret" } });
    const client = clientOf(node as MemoryNode);
    expect(await client.error("GET", "k")).toMatch(/^NOAUTH/);
    await client.closed;
  });

  it("is timed by a clock that nobody sets: one that jumps ahead ends nothing", async () => {
    const { server } = await start({ idleMsMax: 60_000, namedSessionIdleMsMax: 60_000 });
    const client = clientOf(node as MemoryNode);
    await client.call("PING");
    const wallClock = vi.spyOn(Date, "now").mockImplementation(() => 2 ** 42);
    try {
      server["sweep"]();
      expect(await client.call("PING")).toEqual("PONG");
      expect(server.services.stats.connectionsTimedOut).toBe(0);
    } finally {
      wallClock.mockRestore();
    }
  });

  it("is refused when there are too many, and told so", async () => {
    await start({ clientsMax: 2 });
    const [a, b] = [clientOf(node as MemoryNode), clientOf(node as MemoryNode)];
    await Promise.all([a.call("PING"), b.call("PING")]);
    const c = clientOf(node as MemoryNode);
    await c.closed;
    expect(c.received).toBe("-ERR max number of clients reached\r\n");
    a.close();
    await until(() => node?.server.connectionCount === 1);
    expect(await clientOf(node as MemoryNode).call("PING")).toBe("PONG");
  });

  it("is closed where a request is larger than the parser allows", async () => {
    await start();
    const client = clientOf(node as MemoryNode);
    client.sendRaw("*2\r\n$3\r\nGET\r\n$99999999999\r\n");
    await client.closed;
    expect(client.received).toBe("-ERR Protocol error: invalid bulk length\r\n");
  });
});
