import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Placement } from "../../../core/placement.ts";
import { startMemoryNode, TurnNetwork } from "../testing/memory-node.ts";
import type { MemoryNode } from "../testing/memory-node.ts";
import { clientOf } from "../testing/raw-client.ts";
import type { RawClient } from "../testing/raw-client.ts";

type Entry = [key: string, value: string, version: string, expiry: number];

let nodes: MemoryNode[];
let client: RawClient;
beforeAll(async () => {
  const network = new TurnNetwork();
  const placement = new Placement([2], 8);
  nodes = [
    await startMemoryNode({ self: 0, placement, network }),
    await startMemoryNode({ self: 1, placement, network }),
  ];
  client = clientOf(nodes[0] as MemoryNode);
});
afterAll(async () => {
  client.close();
  for (const node of nodes) await node.close();
});

async function errorOf(...words: string[]): Promise<string> {
  const reply = (await client.call(...words)) as { readonly kind: string; readonly message: string };
  expect(reply.kind).toBe("error");
  return reply.message;
}

async function walk(id: string, ...options: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let cursor = "0"; ;) {
    const [next, entries] = (await client.call("COPS.SNAPSHOT", "SCAN", id, cursor, ...options)) as [string, Entry[]];
    for (const [key, value] of entries) found.set(key, value);
    if (next === "0") return found;
    cursor = next;
  }
}

describe("COPS.SNAPSHOT", () => {
  it("shows every key as it was when it was opened, whatever is written, deleted and checkpointed meanwhile", async () => {
    for (let i = 0; i < 60; i++) await client.call("SET", `k${i}`, `old ${i}`);
    const [id] = (await client.call("COPS.SNAPSHOT", "OPEN")) as [string, number];
    for (let i = 0; i < 60; i += 2) await client.call("SET", `k${i}`, `new ${i}`);
    for (let i = 0; i < 60; i += 3) await client.call("DEL", `k${i}`);
    await client.call("SET", "later", "v");
    for (const { driver } of nodes) await driver.checkpointer.takeNow();
    const found = await walk(id, "COUNT", "7");
    expect([...found.keys()].toSorted()).toEqual(Array.from({ length: 60 }, (_, i) => `k${i}`).toSorted());
    for (const [key, value] of found) expect(value).toBe(`old ${key.slice(1)}`);
    expect((await walk(id, "PREFIX", "k1")).size).toBe(11);
    expect(await client.call("COPS.SNAPSHOT", "LIST")).toHaveLength(1);
    expect(await client.call("COPS.SNAPSHOT", "CLOSE", id)).toBe("OK");
    expect(await client.call("COPS.SNAPSHOT", "LIST")).toEqual([]);
    expect(await errorOf("COPS.SNAPSHOT", "SCAN", id, "0")).toContain("SNAPSHOTTOOOLD");
  });

  it("says what it takes, and that no snapshot has an id", async () => {
    expect(await errorOf("COPS.SNAPSHOT", "SCAN")).toContain("OPEN, SCAN id cursor");
    expect(await errorOf("COPS.SNAPSHOT", "SCAN", "nonsense", "0")).toContain("no snapshot has this id");
    expect(await errorOf("COPS.SNAPSHOT", "SCAN", "1.2", "x")).toContain("invalid cursor");
  });

  it("pins a bounded number at once", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      const opened = await client.call("COPS.SNAPSHOT", "OPEN");
      if (!Array.isArray(opened)) {
        expect((opened as { readonly message: string }).message).toContain("BUSY");
        break;
      }
      ids.push(opened[0] as string);
    }
    expect(ids.length).toBeGreaterThan(1);
    expect(ids.length).toBeLessThan(20);
    for (const id of ids) await client.call("COPS.SNAPSHOT", "CLOSE", id);
    expect(await client.call("COPS.SNAPSHOT", "LIST")).toEqual([]);
  });
});
