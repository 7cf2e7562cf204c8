/*
 * Read and write transactions of the client library against real processes: two datacenters of two nodes, so that most
 * transactions have keys of two nodes, and what one datacenter writes the other one gets over a link that can be slow or cut.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Cluster, until } from "./support/cluster.ts";
import { killAndWait } from "./support/processes.ts";
import { splitAddress } from "../src/cli/dev/busy-ports.ts";
import { connect, UnknownOutcomeError } from "../src/client/index.ts";
import type { Client, TransactionWrite, WriteResult } from "../src/client/index.ts";
import { aclKey, Alice, isLeak, photosKey } from "../src/client/testing/album.ts";
import { localNodes, partitionOfKey } from "../src/client/topology.ts";

const timeoutMs = 120_000;
const clients: Client[] = [];
let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start({ datacenters: 2, nodes: 2, partitions: 8 });
}, timeoutMs);

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close({ timeoutMs: 0 });
});

afterAll(() => cluster.end(), timeoutMs);

/** With the link between the datacenters as told. */
async function withLink(fault: readonly string[], body: () => Promise<void>): Promise<void> {
  expect((await cluster.cops("fault", ...fault)).code).toBe(0);
  try {
    await body();
  } finally {
    expect((await cluster.cops("fault", "heal")).code).toBe(0);
  }
}

async function clientOf(datacenter: number): Promise<Client> {
  const [first, second] = [0, 1].map((node) => splitAddress(cluster.node(datacenter, node).resp));
  if (first === undefined || second === undefined) throw new Error("two nodes");
  const client = await connect({ ...first, seeds: [second], timeoutMs: 30_000, retry: { attemptsMax: 1_000 } });
  clients.push(client);
  return client;
}

function ownerOf(client: Client, key: string): string | undefined {
  const { topology } = client;
  return localNodes(topology).find((node) => node.partitions.includes(partitionOfKey(key, topology)))?.name;
}

/** Keys of which the first two have different owners. */
function keysApart(client: Client, prefix: string, count: number): string[] {
  const keys = Array.from({ length: 100 }, (_, i) => `${prefix} ${i}`);
  const [first = ""] = keys;
  const second = keys.find((key) => ownerOf(client, key) !== ownerOf(client, first)) ?? "";
  return [first, second, ...keys.filter((key) => key !== first && key !== second)].slice(0, count);
}

function putAll(keys: readonly string[], value: string): TransactionWrite[] {
  return keys.map((key) => ({ kind: "put", key, value }));
}

/** Carries on until the outcome is known. */
async function insist(write: () => Promise<WriteResult>): Promise<WriteResult> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof UnknownOutcomeError)) throw error;
    return insist(() => error.write.resolve({ timeoutMs: 30_000 }));
  }
}

/** Looks again and again, and answers how many different sights there were. */
async function lookOn(client: Client, keys: readonly string[], isOver: () => boolean, judge: (seen: string[]) => void) {
  const sights = new Set<string>();
  while (!isOver()) {
    const seen = await client.getTrans(keys, client.createContext());
    judge(seen.map(String));
    sights.add(seen.join());
  }
  return sights.size;
}

describe("the access control list and the album (paper, 4.6)", { timeout: timeoutMs }, () => {
  it("are never shown such that personal photos are open to everybody, here or elsewhere", async () => {
    const here = await clientOf(0);
    const there = await clientOf(1);
    const alice = new Alice(here);
    const judge = ([acl, photos]: string[]): void => expect(isLeak(acl ?? null, photos ?? null)).toBe(false);
    await withLink(["delay", "dc0", "dc1", "20"], async () => {
      await alice.open();
      await until(async () => (await there.get(aclKey)) !== null);
      let over = false;
      const work = (async () => {
        for (let step = 0; step < 400; step++) await alice.step();
        await until(async () => (await there.get(aclKey, there.createContext())) === "everybody 400");
        over = true;
      })();
      const looks = [here, here, there, there].map((client) => lookOn(client, [aclKey, photosKey], () => over, judge));
      const [, ...sights] = await Promise.all([work, ...looks]);
      for (const count of sights) expect(count).toBeGreaterThan(1);
    });
    expect(await there.getTrans([aclKey, photosKey])).toEqual(["everybody 400", "harmless 399"]);
  });
});

describe("a write transaction", { timeout: timeoutMs }, () => {
  it("is seen whole or not at all, in its own datacenter and in another", async () => {
    const here = await clientOf(0);
    const there = await clientOf(1);
    const keys = keysApart(here, "whole", 4);
    let over = false;
    const work = (async () => {
      const context = here.createContext();
      for (let round = 1; round <= 150; round++) {
        expect(await here.putTrans(putAll(keys, String(round)), context)).toMatchObject({ written: true });
        expect(context.describe().dots).toHaveLength(1);
      }
      over = true;
    })();
    const judge = (seen: string[]): void => expect(new Set(seen).size).toBe(1);
    const looks = [here, there].map((client) => lookOn(client, keys, () => over, judge));
    await Promise.all([work, ...looks]);
    await until(async () => (await there.getTrans(keys, there.createContext())).every((value) => value === "150"));
  });

  it("shows a session that has seen one part of it all others, also read one by one", async () => {
    const here = await clientOf(0);
    const there = await clientOf(1);
    const keys = keysApart(here, "parts", 3);
    let over = false;
    const work = (async () => {
      for (let round = 1; round <= 100; round++) await here.putTrans(putAll(keys, String(round)));
      over = true;
    })();
    const looks = [here, there].map(async (client) => {
      while (!over) {
        const context = client.createContext();
        let last = 0;
        for (const key of keys) {
          const seen = Number(await client.get(key, context));
          expect(seen).toBeGreaterThanOrEqual(last);
          last = seen;
        }
      }
    });
    await Promise.all([work, ...looks]);
  });

  it("with conditions is written by one of many who want the same keys", async () => {
    const client = await clientOf(0);
    const keys = keysApart(client, "claim", 3);
    for (let round = 0; round < 20; round++) {
      const claims = Array.from({ length: 5 }, (_, claimant) => {
        const writes = keys.map((key): TransactionWrite => ({
          kind: "put",
          key: `${key} of round ${round}`,
          value: String(claimant),
          ifAbsent: true,
        }));
        return insist(() => client.putTrans(claimant % 2 === 0 ? writes : writes.toReversed(), client.createContext()));
      });
      const results = await Promise.all(claims);
      expect(results.filter(({ written }) => written)).toHaveLength(1);
    }
  });

  it("of which a condition failed leaves its author knowing, and depending on, what was there", async () => {
    const client = await clientOf(0);
    const keys = keysApart(client, "taken", 2);
    await withLink(["cut", "dc0", "dc1"], async () => {
      // While dc1 does not have it, it has to be depended on.
      await client.put(keys[1] as string, "theirs", client.createContext());
      const context = client.createContext();
      const writes = keys.map((key): TransactionWrite => ({ kind: "put", key, value: "mine", ifAbsent: true }));
      expect((await insist(() => client.putTrans(writes, context))).written).toBe(false);
      const { dots } = context.describe();
      expect(dots.map(({ partition }) => partition)).toEqual([partitionOfKey(keys[1] as string, client.topology)]);
    });
  });

  it("is written whole or not at all, and once, when a node is killed in the midst of it", async () => {
    const client = await clientOf(0);
    const keys = keysApart(client, "killed", 4);
    let over = false;
    const weather = (async () => {
      for (let kill = 0; kill < 2; kill++) {
        await sleep(300);
        const { pid } = cluster.node(0, kill);
        if (pid !== null) await killAndWait([pid]);
        await until(() => cluster.node(0, kill).pid !== null && cluster.node(0, kill).pid !== pid);
      }
      over = true;
    })();
    const threads = [0, 1, 2].map(async (thread) => {
      const own = keys.map((key) => `${key} of ${thread}`);
      const context = client.createContext();
      for (let round = 1; !over || round < 20; round++) {
        const result = await insist(() => client.putTrans(putAll(own, String(round)), context));
        expect(result.written).toBe(true);
        expect(new Set(await client.getTrans(own, context))).toEqual(new Set([String(round)]));
      }
    });
    await Promise.all([weather, ...threads]);
  });
});

describe("a read transaction", { timeout: timeoutMs }, () => {
  it("waits for no other datacenter", async () => {
    const client = await clientOf(0);
    const keys = keysApart(client, "cut", 3);
    await client.putTrans(putAll(keys, "before"));
    await withLink(["cut", "dc0", "dc1"], async () => {
      await client.putTrans(putAll(keys, "while cut off"));
      const values = await client.getTrans(keys, client.createContext());
      expect(values).toEqual(keys.map(() => "while cut off"));
    });
  });
});

describe("a value with an end, and a write of what was read", { timeout: timeoutMs }, () => {
  it("are the same to single reads and to transactions", async () => {
    const client = await clientOf(0);
    const [a = "", b = ""] = keysApart(client, "expiry", 2);
    const expiresAt = Date.now() + 1_500;
    await client.put(a, "1", undefined, { expiresAt });
    await client.putTrans([{ kind: "put", key: b, value: "1", ttlMs: 60_000 }]);
    const { values } = await client.getTransVersioned([a, b]);
    expect(values.map(({ text }) => text)).toEqual(["1", "1"]);
    expect(values[0]?.expiryUnixMs).toBe(expiresAt);
    const read = await client.getVersioned(a);
    expect(read.expiryUnixMs).toBe(expiresAt);
    await until(async () => (await client.get(a)) === null);
    expect(await client.getTrans([a, b])).toEqual([null, "1"]);
    expect((await client.getVersioned(a)).versionText).toBe("none");
    expect(await client.put(a, "2", undefined, { ifVersion: read.versionText })).toMatchObject({ written: false });
    const first = await client.put(a, "3", undefined, { ifVersion: "none" });
    if (!first.written) throw new Error("an expired value is none");
    const { versionText } = first.write;
    expect(await client.put(a, "4", undefined, { ifVersion: versionText })).toMatchObject({ written: true });
    expect(await client.put(a, "5", undefined, { ifVersion: versionText })).toMatchObject({ written: false });
    expect(await client.get(a)).toBe("4");
  });
});
