import { afterEach, describe, expect, it } from "vitest";
import { startMemoryNode, TurnNetwork } from "./testing/memory-node.ts";
import type { MemoryNode } from "./testing/memory-node.ts";
import { clientOf } from "./testing/raw-client.ts";
import type { RawClient } from "./testing/raw-client.ts";
import { Placement } from "../../core/placement.ts";

let network = new TurnNetwork();
const nodes: MemoryNode[] = [];
const clients: RawClient[] = [];

/** A client at each node: of the first datacenter, then of the second. */
async function startNodes(nodesOf: readonly number[]): Promise<RawClient[]> {
  network = new TurnNetwork();
  const placement = new Placement(nodesOf, 16);
  for (const [datacenter, count] of nodesOf.entries()) {
    for (let i = 0; i < count; i++) {
      nodes.push(await startMemoryNode({ self: datacenter * 256 + i, placement, network }));
    }
  }
  clients.push(...nodes.map(clientOf));
  return clients;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const node of nodes.splice(0)) {
    expect(node.bugs).toEqual([]);
    await node.close();
  }
});

const names = Array.from({ length: 40 }, (_, i) => `k${i}`);

describe("transactions over the keys of two nodes", () => {
  it("write and read all of them, from either node", async () => {
    const [a, b] = (await startNodes([2])) as [RawClient, RawClient];
    expect(await a.call("MSET", ...names.flatMap((name) => [name, `a ${name}`]))).toBe("OK");
    expect(await b.call("MGET", ...names, "none", "k0")).toEqual([...names.map((name) => `a ${name}`), null, "a k0"]);
    expect(await b.call("MSETNX", "new", "1", "k7", "2")).toBe(0);
    expect(await b.pipeline(["GET", "new"], ["MSETNX", "new", "1", "newer", "2"], ["MGET", "new", "newer"])).toEqual([
      null,
      1,
      ["1", "2"],
    ]);
    expect(await a.pipeline(["EXISTS", ...names, "none"], ["DEL", "none", ...names], ["EXISTS", ...names])).toEqual([
      40, 40, 0,
    ]);
  });

  it("carry out MULTI at one moment, with the replies of each command", async () => {
    const [a, b] = (await startNodes([2])) as [RawClient, RawClient];
    await a.call("MSET", ...names.flatMap((name) => [name, "old"]));
    const written = await b.pipeline(
      ["MULTI"],
      ...names.map((name) => ["GETSET", name, "new"]),
      ["DEL", "k0", "k1", "none"],
      ["SETEX", "k2", "100", "newer"],
      ["EXEC"],
      ["MULTI"],
      ["MGET", ...names],
      ["TTL", "k2"],
      ["EXEC"],
    );
    expect(written[43]).toEqual([...names.map(() => "old"), 2, "OK"]);
    const left = names.map((name) => (/^k[01]$/.test(name) ? null : name === "k2" ? "newer" : "new"));
    expect(written.at(-1)).toEqual([left, 100]);
    expect(await a.call("MGET", ...names)).toEqual(left);
  });

  it("are never seen in part, however reads and writes meet", async () => {
    const [a, b] = (await startNodes([2])) as [RawClient, RawClient];
    await a.call("MSET", ...names.flatMap((name) => [name, "0"]));
    const writes = Array.from({ length: 60 }, (_, i) => ["MSET", ...names.flatMap((name) => [name, `${i + 1}`])]);
    const [, ...seen] = await Promise.all([
      a.pipeline(...writes),
      ...Array.from({ length: 60 }, async () => {
        const one = (await b.call("MGET", ...names)) as string[];
        await new Promise(setImmediate);
        return one;
      }),
      b.pipeline(...Array.from({ length: 60 }, () => ["MGET", ...names])),
    ]);
    for (const values of seen.flat() as (string | string[])[]) {
      if (Array.isArray(values)) expect(new Set(values).size).toBe(1);
    }
    expect(new Set((await b.call("MGET", ...names)) as string[])).toEqual(new Set(["60"]));
  });

  it("show their versions to clients with contexts of their own", async () => {
    const [a, b] = (await startNodes([2])) as [RawClient, RawClient];
    await a.call("MSET", ...names.flatMap((name) => [name, name]));
    await a.call("PEXPIREAT", "k3", "4000000000000");
    const [, clock, entries] = (await b.call("COPS.GETTRANS", "FLOOR", "0", ...names)) as [number, number, unknown[][]];
    expect(entries.map(([value]) => value)).toEqual(names);
    const dots = new Set(entries.map((entry) => [entry[8], entry[9], entry[4]].join("/")));
    expect(dots.size).toBe(2);
    expect(entries[3]?.[10]).toBe(4_000_000_000_000);
    const nothing = "\0\0\0\0";
    const ops = names.flatMap((name) => ["SET", name, "after"]);
    const put = (await b.call("COPS.PUTTRANS", "CONTEXT", nothing, "FLOOR", String(clock), "40", ...ops)) as number[];
    expect(put[0]).toBe(1);
    expect(new Set((await a.call("MGET", ...names)) as string[])).toEqual(new Set(["after"]));
    const read = (await a.pipeline(...names.map((name) => ["COPS.GETVER", name]))) as number[][];
    for (const entry of read) expect(entry.slice(1, 5)).toEqual(put.slice(1, 5));
  });
});

describe("transactions over large values of another node", () => {
  const large = "v".repeat(24 * 1024 * 1024);
  const three = ["l0", "l1", "l2"];

  /** A client at one node, and three keys of the other with more in all than a frame holds. */
  async function startWithLarge(): Promise<{ client: RawClient; keys: string[] }> {
    const [client, other] = (await startNodes([2])) as [RawClient, RawClient];
    const { core } = (nodes[1] as MemoryNode).driver;
    const keys = three.map((name) => {
      for (let i = 0; ; i++) {
        const key = `${name}:${i}`;
        if (core.state.local(core.placement.partitionOfHash(core.placement.hash(key))) !== undefined) return key;
      }
    });
    for (const key of keys) await other.call("SET", key, large);
    return { client, keys };
  }

  it("read them in several messages", async () => {
    const { client, keys } = await startWithLarge();
    // How many there are is told in few bytes; between the nodes the values come all the same.
    expect(await client.call("EXISTS", ...keys, "none", ...keys.slice(1))).toBe(5);
    expect(await client.call("DEL", ...keys, "none")).toBe(3);
  }, 120_000);

  it("refuse to tell more of what they replace than a message holds, and write nothing", async () => {
    const { client, keys } = await startWithLarge();
    const replies = await client.pipeline(["MULTI"], ...keys.map((key) => ["GETSET", key, "new"]), ["EXEC"]);
    expect(replies.at(-1)).toMatchObject({ code: "TOOLARGE" });
    const [first, second] = keys as [string, string];
    const fine = await client.pipeline(
      ["MULTI"],
      ["GETDEL", first],
      ["SET", second, "new"],
      ["EXEC"],
      ["EXISTS", ...keys],
    );
    expect([(fine[3] as string[])[0]?.length, fine[4]]).toEqual([large.length, 2]);
  }, 120_000);
});

describe("a client with contexts of its own that has seen a part of a transaction", () => {
  it("is told of the other part, or waits for it; so does what it asks for behind that, and what is judged", async () => {
    const [a, b] = (await startNodes([2])) as [RawClient, RawClient];
    const [first, second] = nodes as [MemoryNode, MemoryNode];
    const ownedBy = ({ driver: { core } }: MemoryNode, n: number): string =>
      names.filter((name) => core.state.local(core.placement.partitionOfHash(core.placement.hash(name))) !== undefined)[
        n
      ] as string;
    const [here, there, beside] = [ownedBy(first, 0), ownedBy(second, 0), ownedBy(second, 1)];
    await a.call("MSET", here, "old", there, "old");
    await b.call("SET", beside, "beside");
    const { core } = second.driver;
    const partition = core.state.local(core.placement.partitionOfHash(core.placement.hash(there)));
    const written = a.call("MSET", here, "new", there, "new");
    while (partition?.records.get(there)?.prepared === undefined) await new Promise(setImmediate);
    network.hold(0);
    // The first part shows at its node, once the transaction is decided; its clock is what the client has then seen.
    let seen = ["", 0, 0, 0, 0, 0] as [string, ...number[]];
    const other = clientOf(first);
    clients.push(other);
    while (seen[0] !== "new") seen = (await other.call("COPS.GETVER", here)) as typeof seen;
    const floor = String(seen[5]);
    const answers: unknown[] = [];
    const asked = [
      b.call("COPS.GETVER", there, "FLOOR", floor),
      b.call("COPS.GETVER", beside, "FLOOR", floor),
      b.call("COPS.PUTAFTER", there, "never", "CONTEXT", "\0\0\0\0", "FLOOR", floor, "NX"),
    ].map(async (reply) => {
      const answer = await reply;
      answers.push(Array.isArray(answer) ? answer[0] : answer);
    });
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(answers).toEqual([]);
    network.release();
    await Promise.all(asked);
    expect(answers).toEqual(["new", "beside", 0]);
    expect(await written).toBe("OK");
  });
});

describe("the album and its access control list (paper, 4.6)", () => {
  it("are never read as the new album under the old list, in the other datacenter either", async () => {
    const [alice, eve] = (await startNodes([1, 1])) as [RawClient, RawClient];
    await alice.call("MSET", "acl", "everybody", "album", "harmless");
    while ((await eve.call("GET", "album")) === null) await new Promise(setImmediate);
    const writing = alice.pipeline(
      ...Array.from({ length: 50 }, () => [
        ["SET", "acl", "friends only"],
        ["SET", "album", "private"],
        ["SET", "album", "harmless"],
        ["SET", "acl", "everybody"],
      ]).flat(),
    );
    let isOver = false;
    void writing.then(() => (isOver = true));
    const seen = new Set<string>();
    while (!isOver) {
      seen.add(((await eve.call("MGET", "acl", "album")) as string[]).join());
      await new Promise(setImmediate);
    }
    await writing;
    expect(seen).not.toContain("everybody,private");
  });

  it("change together in one transaction", async () => {
    const [alice, eve] = (await startNodes([2, 1])) as [RawClient, RawClient, RawClient];
    await alice.call("MSET", "acl", "everybody", "album", "harmless");
    const writing = alice.pipeline(
      ...Array.from({ length: 50 }, () => [
        ["MULTI"],
        ["SET", "album", "private"],
        ["SET", "acl", "friends only"],
        ["EXEC"],
        ["MSET", "acl", "everybody", "album", "harmless"],
      ]).flat(),
    );
    let isOver = false;
    void writing.then(() => (isOver = true));
    const seen = new Set<string>();
    while (!isOver) {
      for (const reader of [eve, clients[2] as RawClient]) {
        seen.add(((await reader.call("MGET", "acl", "album")) as string[]).join());
      }
    }
    await writing;
    // Nothing at all, before the first has come to the other datacenter.
    const whole = new Set([",", "everybody,harmless", "friends only,private"]);
    expect([...seen].filter((read) => !whole.has(read))).toEqual([]);
  });
});
