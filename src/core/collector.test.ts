/*
 * Collection of tombstones and expired values (design, 3.8).
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { recordKey, listedKey } from "../protocol/record.ts";

/** What a node still has of a key of partition p: in memory, in the store, in the store's listing. */
function remains(node: TestNode, key: string): string[] {
  const p = Number.parseInt(key, 10);
  const remains: string[] = [];
  if (node.core.state.local(p)?.records.has(key) === true) remains.push("memory");
  if (node.store.has(recordKey(p, p, key))) remains.push("store");
  if (node.store.has(listedKey(p, p, key))) remains.push("listing");
  return remains;
}

function restart(c: Cluster, node: TestNode): void {
  c.crash(node);
  c.restart(node);
  c.settle();
}

function visible(c: Cluster, datacenter: number, key: string): string | undefined {
  const get = c.session(datacenter).get(key);
  c.settle();
  return get.value;
}

describe("a tombstone", () => {
  it("goes in every datacenter, although nothing happens any more, and so does an expired value", () => {
    const c = new Cluster({ datacenters: 3 });
    c.advance(100);
    c.session(0).put("0:x", "1");
    c.session(0).put("1:e", "1", { expiry: c.nowMs + 3_000 });
    c.advance(100);
    c.session(1).delete("0:x");
    c.advance(100);
    for (const node of c.nodes) node.checkpoint();
    c.advance(20_000, 100);
    for (const node of c.nodes) {
      const { collector, state } = node.core;
      expect(collector.count).toBe(0);
      expect([state.counters.tombstonesCollected, state.counters.expiredCollected]).toEqual([1, 1]);
      expect([state.older.count, state.older.bytes]).toEqual([0, 0]);
      node.checkpoint();
      expect(state.collected.size).toBe(0);
      for (const key of ["0:x", "1:e"]) expect(remains(node, key)).toEqual([]);
    }
  });
});

describe("a checkpoint", () => {
  it("that began before a collection stores the tombstone: its position may be behind the delete", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.settle();
    node.checkpoint();
    c.session(0).delete("0:x");
    c.settle();
    const checkpoint = node.turn((core) => core.beginCheckpoint());
    c.advance(20_000, 100);
    while (!node.writeBatch(checkpoint));
    node.truncate(checkpoint);
    restart(c, node);
    expect(visible(c, 0, "0:x")).toBeUndefined();
    c.advance(20_000, 100);
    node.checkpoint();
    expect(remains(node, "0:x")).toEqual([]);
  });
});
