/*
 * The client library against real nodes: the RESP server over drivers with log and store in memory, two datacenters of two
 * nodes, and between client and nodes relays that can cut connections and swallow what goes by.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { connect, UnknownOutcomeError } from "../src/client/index.ts";
import type { Client, ConnectOptions, WriteResult } from "../src/client/index.ts";
import { nodeIdOf, Placement } from "../src/core/placement.ts";
import { TcpRelay } from "../src/net/testing/tcp-relay.ts";
import type { Topology } from "../src/server/resp/providers.ts";
import { startMemoryNode, TurnNetwork } from "../src/server/resp/testing/memory-node.ts";
import type { MemoryNode } from "../src/server/resp/testing/memory-node.ts";
import { Random } from "../src/shared/random.ts";

const partitions = 8;
const password = "sesame";
const names = ["east", "west"];
const cleanUp: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

interface Place {
  readonly node: MemoryNode;
  readonly relay: TcpRelay;
}

/** `places[datacenter][node]` */
async function startCluster(): Promise<Place[][]> {
  const placement = new Placement([2, 2], partitions);
  const network = new TurnNetwork();
  const places: Place[][] = [[], []];
  for (const datacenter of [0, 1]) {
    for (const index of [0, 1]) {
      const topology = (): Topology => topologyOf(placement, places, datacenter, index);
      const self = nodeIdOf(datacenter, index);
      const node = await startMemoryNode({ self, placement, network, server: { password, topology } });
      const relay = await TcpRelay.open(() => node.server.port);
      places[datacenter]?.push({ node, relay });
      cleanUp.push(async () => {
        await relay.close();
        await node.close();
        expect(node.bugs).toEqual([]);
      });
    }
  }
  return places;
}

function topologyOf(placement: Placement, places: Place[][], datacenter: number, index: number): Topology {
  const nodes = places.flatMap((own, d) =>
    own.map(({ relay }, n) => ({
      name: `${names[d]}-${n}`,
      host: "127.0.0.1",
      port: relay.port,
      httpPort: 1,
      datacenter: d,
      datacenterName: names[d] ?? "",
      partitions: placement.partitionsOf(nodeIdOf(d, n)),
    })),
  );
  return {
    cluster: "test",
    datacenter: { name: names[datacenter] ?? "", index: datacenter },
    node: `${names[datacenter]}-${index}`,
    partitions,
    view: 1,
    hash: "murmur3_32 seed 0",
    nodes,
  };
}

async function clientOf(places: readonly Place[], options: Partial<ConnectOptions> = {}): Promise<Client> {
  const port = places[0]?.relay.port ?? 0;
  const client = await connect({ host: "127.0.0.1", port, password, timeoutMs: 30_000, ...options });
  cleanUp.push(() => client.close({ timeoutMs: 0 }));
  return client;
}

/** Writes that this datacenter took from clients. */
function writesTaken(places: readonly Place[]): number {
  let taken = 0;
  for (const { node } of places) {
    for (const partition of node.driver.core.state.partitions.values()) taken += partition.seq;
  }
  return taken;
}

/** Carries on until it is written, whatever happens, and says what was written. */
async function insist(put: () => Promise<WriteResult>): Promise<WriteResult> {
  try {
    return await put();
  } catch (error) {
    if (!(error instanceof UnknownOutcomeError)) throw error;
    return insist(() => error.write.resolve());
  }
}

describe("the client library and a cluster", () => {
  it("take a photo album to another datacenter, the photo before the album", async () => {
    const [east = [], west = []] = await startCluster();
    const writer = await clientOf(east);
    const upload = writer.createContext();
    const photo = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await writer.put("photo:1", photo, upload);
    await writer.put("album", JSON.stringify(["photo:1"]), upload);
    expect(upload.describe().dots).toHaveLength(1);

    const reader = await clientOf(west);
    const view = await reader.attach(await writer.token(upload), { timeoutMs: 30_000 });
    expect(await reader.get("album", view)).toBe('["photo:1"]');
    expect(Buffer.from((await reader.getBytes("photo:1", view)) ?? [])).toEqual(Buffer.from(photo));
    expect(reader.topology.datacenter).toEqual({ name: "west", index: 1 });
  });

  it("agree about conditions, tombstones, versions and dots", async () => {
    const [east = []] = await startCluster();
    const client = await clientOf(east);
    expect(await client.put("lock", "a", undefined, { ifPresent: true })).toEqual({ written: false, found: null });
    const first = await client.put("lock", "a", undefined, { ifAbsent: true });
    expect(first.written).toBe(true);
    expect(await client.put("lock", "b", undefined, { ifAbsent: true })).toEqual({
      written: false,
      found: first.written ? first.write : null,
    });
    const removed = await client.delete("lock", undefined, { ifPresent: true });
    const seen = await client.getVersioned("lock");
    expect(seen).toMatchObject({ text: null, tombstone: true, write: removed.written ? removed.write : null });
    expect(await client.getVersioned("never")).toMatchObject({
      text: null,
      tombstone: false,
      write: null,
      stable: true,
    });
    expect(await client.get("päng")).toBeNull();
    await client.put("päng", "✓");
    expect(await client.get(Buffer.from("päng"))).toBe("✓");
  });

  it("route to owners, and go through another node when one is gone", async () => {
    const [east = []] = await startCluster();
    const client = await clientOf(east);
    for (let i = 0; i < 20; i++) await client.put(`key${i}`, "x");
    expect(client.figures).toMatchObject({ forwarded: 0, retries: 0, linksReady: 2 });
    await east[1]?.relay.close();
    for (let i = 0; i < 20; i++) expect(await client.get(`key${i}`)).toBe("x");
    expect(client.figures.forwarded).toBeGreaterThan(0);
  });

  it("carry many threads of execution at once", async () => {
    const [east = []] = await startCluster();
    const client = await clientOf(east);
    const threads = Array.from({ length: 200 }, async (_, thread) => {
      const context = client.createContext();
      for (let i = 0; i < 10; i++) {
        await client.put(`thread${thread}`, String(i), context);
        expect(await client.get(`thread${thread}`, context)).toBe(String(i));
      }
      expect(client.deleteContext(context)).toBe(true);
    });
    await Promise.all(threads);
    expect(writesTaken(east)).toBe(2_000);
    expect(client.figures).toMatchObject({ pendingOperations: 0, pendingBytes: 0, readsOutOfOrder: 0 });
  });

  it("write everything exactly once while connections are cut and answers swallowed", async () => {
    const [east = []] = await startCluster();
    const client = await clientOf(east, { silenceMs: 200 });
    const random = new Random(7);
    let over = false;
    const weather = (async () => {
      while (!over) {
        const { relay } = random.pick(east);
        // What was swallowed is gone for good: the connection has to end before anything goes through again.
        relay.swallowing = random.chance(0.3);
        if (relay.swallowing) await sleep(random.below(300));
        relay.sever();
        relay.swallowing = false;
        await sleep(10 + random.below(40));
      }
    })();
    const threads = Array.from({ length: 20 }, async (_, thread) => {
      const context = client.createContext();
      const own = random.fork(`thread ${thread}`);
      for (let i = 0; i < 15; i++) {
        const result = await insist(() => client.put(`key${own.below(50)}`, `${thread}.${i}`, context));
        expect(result.written).toBe(true);
        await sleep(own.below(5));
      }
    });
    await Promise.all(threads);
    over = true;
    await weather;
    expect(writesTaken(east)).toBe(300);
    expect(client.figures.retries).toBeGreaterThan(0);
  });

  it("say no to a wrong password and to tokens that are none", async () => {
    const [east = []] = await startCluster();
    await expect(clientOf(east, { password: "guess" })).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
    const client = await clientOf(east);
    await expect(client.attach("nonsense")).rejects.toMatchObject({ code: "TOKEN_REFUSED", serverCode: "TOKENFORMAT" });
  });
});
