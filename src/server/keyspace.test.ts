import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashEnd } from "./keyspace-walk.ts";
import { startMemoryNode, TurnNetwork } from "./resp/testing/memory-node.ts";
import type { MemoryNode } from "./resp/testing/memory-node.ts";
import { clientOf } from "./resp/testing/raw-client.ts";
import type { RawClient } from "./resp/testing/raw-client.ts";
import { Placement } from "../core/placement.ts";
import { murmur3 } from "../shared/murmur3.ts";

/** Few hashes, so that many keys share one and pages end among them. */
const crowded = new Placement([1], 4, (key) => murmur3(key, 0) % 13);

async function scanAll(node: MemoryNode, count: number, between: (step: number) => Promise<void> | void = () => {}) {
  const { keyspace } = node.server.services;
  const found: string[] = [];
  let cursor = 0;
  for (let step = 0; ; step++) {
    const page = await keyspace.scan(cursor, count);
    found.push(...page.keys);
    cursor = page.cursor;
    if (cursor === 0) return found;
    await between(step);
  }
}

describe("a walk over one node's keys", () => {
  let node: MemoryNode;
  let client: RawClient;
  beforeAll(async () => {
    node = await startMemoryNode({ placement: crowded });
    client = clientOf(node);
  });
  afterAll(async () => {
    client.close();
    await node.close();
  });

  it("finds each key once, from memory, from the store and from both", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `k${i}`);
    await client.call("MSET", ...names.slice(0, 200).flatMap((name) => [name, "1"]));
    await node.forgetMemory();
    await client.call("MSET", ...names.slice(150).flatMap((name) => [name, "2"]));
    await client.call("DEL", ...names.slice(0, 20), ...names.slice(290));
    for (const count of [1, 7, 50, 1000]) {
      expect((await scanAll(node, count)).toSorted()).toEqual(names.slice(20, 290).toSorted());
    }
    expect(await node.server.services.keyspace.count()).toBe(270);
  });

  it("returns what is there throughout, whatever changes and wherever records go meanwhile", async () => {
    const driver = node.driver;
    const steadyNames = Array.from({ length: 60 }, (_, i) => `steady${i}`);
    const passing = Array.from({ length: 40 }, (_, i) => `passing${i}`);
    const actions: readonly ((i: number) => Promise<unknown>)[] = [
      (i) => client.call("SET", steadyNames[i % 60] as string, String(i)),
      (i) => client.call("SET", passing[i % 40] as string, "1"),
      (i) => client.call("DEL", passing[i % 40] as string),
      () => driver.checkpointer.takeNow(),
      () => node.forgetMemory(),
      (i) => node.server.services.keyspace.scan((i % 4) * hashEnd, 1 + (i % 9)),
    ];
    const step = fc.tuple(fc.nat(actions.length - 1), fc.nat(1000), fc.boolean());
    const run = async (count: number, steps: [number, number, boolean][], stored: boolean): Promise<void> => {
      await client.call("FLUSHALL");
      await client.call("MSET", ...steadyNames.flatMap((name) => [name, "0"]));
      if (stored) await node.forgetMemory();
      const unawaited: Promise<unknown>[] = [];
      let next = 0;
      const found = await scanAll(node, count, async () => {
        for (let i = 0; i < 3 && next < steps.length; i++) {
          const [action, argument, wait] = steps[next++] as [number, number, boolean];
          const done = (actions[action] as (i: number) => Promise<unknown>)(argument);
          if (wait) await done;
          else unawaited.push(done);
        }
      });
      await Promise.all(unawaited);
      expect(steadyNames.filter((name) => !found.includes(name))).toEqual([]);
      expect(found.filter((name) => !steadyNames.includes(name) && !passing.includes(name))).toEqual([]);
    };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.array(step, { maxLength: 60 }), fc.boolean(), run),
      { numRuns: 40 },
    );
  });

  it("picks some key at random, and none where there is none", async () => {
    const { keyspace } = node.server.services;
    await client.pipeline(["FLUSHALL"], ["MSET", "a", "1", "b", "2", "c", "3"], ["DEL", "c"]);
    const picked = new Set<string | undefined>();
    for (let i = 0; i < 200; i++) picked.add(await keyspace.random());
    expect(picked).toEqual(new Set(["a", "b"]));
    await client.call("FLUSHALL");
    expect(await keyspace.random()).toBeUndefined();
  });
});

describe("the keyspace of several nodes", () => {
  const placement = new Placement([3], 10);
  let nodes: MemoryNode[];
  let client: RawClient;
  beforeAll(async () => {
    const network = new TurnNetwork();
    nodes = [];
    for (const self of [0, 1, 2]) nodes.push(await startMemoryNode({ self, placement, network }));
    client = clientOf(nodes[0] as MemoryNode);
  });
  afterAll(async () => {
    client.close();
    for (const node of nodes) await node.close();
  });

  it("is one: any node scans, counts, picks and lists the keys of all", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `key${i}`);
    await client.call("MSET", ...names.flatMap((name) => [name, "v"]));
    for (const node of nodes) {
      expect((await scanAll(node, 7)).toSorted()).toEqual(names.toSorted());
      const other = clientOf(node);
      expect(await other.call("DBSIZE")).toBe(100);
      expect(((await other.call("KEYS", "key1?")) as string[]).toSorted()).toEqual(
        names.filter((name) => /^key1\d$/.test(name)),
      );
      expect(names).toContain(await other.call("RANDOMKEY"));
      other.close();
    }
  });

  it("has a cursor that goes on at another node", async () => {
    const found = new Set<string>();
    let cursor = 0;
    for (let step = 0; step === 0 || cursor !== 0; step++) {
      const page = await (nodes[step % 3] as MemoryNode).server.services.keyspace.scan(cursor, 9);
      for (const key of page.keys) found.add(key);
      cursor = page.cursor;
    }
    expect(found.size).toBe(100);
  });

  it("is flushed by deletes that come after what the session saw, and before what it does next", async () => {
    await client.call("SET", "before", "1");
    expect(await client.pipeline(["FLUSHALL", "ASYNC"], ["SET", "after", "1"], ["DBSIZE"])).toEqual(["OK", "OK", 1]);
    for (const node of nodes) expect(await scanAll(node, 10)).toEqual(["after"]);
  });

  it("says which node does not answer", async () => {
    const network = new TurnNetwork();
    const here = await startMemoryNode({ self: 0, placement: new Placement([2], 4), network });
    const there = await startMemoryNode({ self: 1, placement: new Placement([2], 4), network });
    network.cut(1);
    const other = clientOf(here);
    expect(await other.error("DBSIZE")).toBe("UNAVAILABLE no link to node 1");
    expect(await other.error("FLUSHALL")).toBe("UNAVAILABLE no link to node 1");
    expect(await other.call("PING")).toBe("PONG");
    other.close();
    await there.close();
    await here.close();
  });
});
