import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RespServer } from "./resp-server.ts";
import type { RespServerOptions } from "./resp-server.ts";
import { startMemoryNode, TurnNetwork } from "./testing/memory-node.ts";
import type { MemoryNode } from "./testing/memory-node.ts";
import { clientOf } from "./testing/raw-client.ts";
import { until } from "./testing/until.ts";
import { Placement } from "../../core/placement.ts";

let node: MemoryNode;
beforeAll(async () => {
  node = await startMemoryNode();
});
afterAll(() => node.close());

function optionsOf(more: Partial<RespServerOptions>): RespServerOptions {
  const { why, topology, version } = node.server.services;
  const logger = { info: () => undefined, warn: () => undefined };
  const onBug = (): void => undefined;
  return {
    driver: node.driver,
    host: "127.0.0.1",
    port: 0,
    cluster: "test",
    why,
    topology,
    logger,
    version,
    onBug,
    ...more,
  };
}

describe("a RESP server", () => {
  it.each(["0.0.0.0", "::", "192.0.2.1", "example.org"])("does not listen on %s without a password", (host) => {
    for (const password of [undefined, ""]) {
      expect(() => new RespServer(optionsOf({ host, password }))).toThrow(/^LISTEN_INSECURE .*set a password/);
    }
    expect(new RespServer(optionsOf({ host, password: "s3cret" })).connectionCount).toBe(0);
  });

  it("says where it cannot listen", async () => {
    const taken = new RespServer(optionsOf({ port: node.server.port }));
    await expect(taken.listen()).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      address: `127.0.0.1:${node.server.port}`,
    });
  });

  it("closes its connections when it closes", async () => {
    const server = new RespServer(optionsOf({}));
    await server.listen();
    const client = clientOf({ ...node, server });
    expect(await client.call("PING")).toBe("PONG");
    await server.close();
    await client.closed;
  });

  it("answers what was sent before it closes, given the time", async () => {
    const server = new RespServer(optionsOf({}));
    await server.listen();
    const client = clientOf({ ...node, server });
    await client.call("PING");
    const reply = client.call("SET", "last", "1");
    await until(() => server.services.stats.commandsProcessed === 2);
    await server.close(10_000);
    expect(await reply).toBe("OK");
    await client.closed;
  });

  it("works without being told of the driver's flushes", async () => {
    const server = new RespServer(optionsOf({}));
    await server.listen();
    const client = clientOf({ ...node, server });
    expect(await client.pipeline(["SET", "alone", "1"], ["GET", "alone"], ["DBSIZE"])).toEqual([
      "OK",
      "1",
      expect.any(Number),
    ]);
    await server.close();
  });
});

describe("RESP servers of two nodes", () => {
  it("serve each other's keys, and say when the owner is away", async () => {
    const network = new TurnNetwork();
    const placement = new Placement([2], 16);
    const [a, b] = [
      await startMemoryNode({ self: 0, placement, network }),
      await startMemoryNode({ self: 1, placement, network }),
    ];
    const [atA, atB] = [clientOf(a), clientOf(b)];
    const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
    expect(await atA.pipeline(...names.map((name) => ["SET", name, name]))).toEqual(names.map(() => "OK"));
    expect(await atB.call("MGET", ...names)).toEqual(names);
    expect(await atB.pipeline(...names.map((name) => ["GET", name]))).toEqual(names);
    expect(await atB.pipeline(["SETNX", "k1", "x"], ["SETNX", "k2", "x"], ["GETDEL", "k1"], ["GETDEL", "k2"])).toEqual([
      0,
      0,
      "k1",
      "k2",
    ]);
    const versions = (await atA.pipeline(...names.map((name) => ["COPS.GETVER", name]))) as unknown[][];
    expect(versions.map(([value]) => value)).toEqual(names.map((name) => (/^k[12]$/.test(name) ? null : name)));
    network.cut(1);
    const replies = await atA.pipeline(...names.map((name) => ["GET", name]));
    const away = replies.filter((reply) => typeof reply === "object" && reply !== null);
    expect(away.length).toBeGreaterThan(0);
    expect(away.length).toBeLessThan(40);
    for (const reply of away) expect(reply).toMatchObject({ code: "UNAVAILABLE" });
    await a.close();
    await b.close();
  });
});
