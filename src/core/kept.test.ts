import { describe, expect, test } from "vitest";
import type { Kept } from "./kept-tally.ts";
import { nodeIdOf } from "./placement.ts";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";

/** Keys "0:..." are on node 0, "1:..." on node 1. */
function pair(datacenters = 1): Cluster {
  const c = new Cluster({ datacenters, nodes: 2 });
  c.advance(100);
  return c;
}

function line(node: TestNode, what: string): Kept {
  const found = node.turn((core) => core.kept()).find((kept) => kept.what === what);
  if (found === undefined) throw new Error(`nothing says ${what}`);
  return found;
}

/** What a node keeps, without what stays: records in memory. */
function keptBy(node: TestNode): string[] {
  const all = node.turn((core) => core.kept());
  return all.filter(({ what, count }) => count > 0 && what !== "records in memory").map(({ what }) => what);
}

describe("what a node keeps", () => {
  test("is nothing but its records when all is done everywhere", () => {
    const c = new Cluster({ datacenters: 2 });
    const alice = c.session(0);
    for (let i = 0; i < 10; i++) alice.put("0:a", String(i));
    alice.delete("0:b");
    c.settle();
    expect(keptBy(c.node(0))).toContain("superseded versions");
    c.advance(10_000);
    for (const node of c.nodes) node.checkpoint();
    expect(c.nodes.flatMap(keptBy)).toEqual([]);
    expect(line(c.node(0), "records in memory").count).toBe(1);
  });

  test("counts superseded versions until transTime has passed", () => {
    const c = new Cluster({ datacenters: 1 });
    const alice = c.session(0);
    alice.put("0:a", "x".repeat(1_000));
    alice.put("0:a", "2");
    c.advance(2_000);
    const { count, bytes, oldestMs, heldBy } = line(c.node(0), "superseded versions");
    expect([count, heldBy]).toEqual([1, [{ why: "transTime", count: 1 }]]);
    expect(bytes).toBeGreaterThan(1_000);
    expect(oldestMs).toBeGreaterThanOrEqual(1_990);
    c.advance(4_000);
    expect(line(c.node(0), "superseded versions")).toMatchObject({ count: 0, bytes: 0, oldestMs: 0, heldBy: [] });
  });

  test("names the datacenter that holds a tombstone and the log, at its origin and elsewhere", () => {
    const c = new Cluster({ datacenters: 3 });
    c.advance(100);
    c.cutDatacenters(0, 2);
    c.session(0).delete("0:a");
    c.advance(20_000);
    const what = "tombstones and expiring values";
    expect(line(c.node(0), what)).toMatchObject({ count: 1, heldBy: [{ why: "stability", datacenter: 2, count: 1 }] });
    expect(line(c.node(1), what)).toMatchObject({ count: 1, heldBy: [{ why: "stability", datacenter: 0, count: 1 }] });
    const { count, oldestMs, heldBy } = line(c.node(0), "writes for shipping");
    expect([count, heldBy]).toEqual([1, [{ why: "link", datacenter: 2, node: nodeIdOf(2, 0), count: 1 }]]);
    expect(oldestMs).toBeGreaterThanOrEqual(19_900);
    c.healDatacenters(0, 2);
    c.advance(20_000);
    for (const node of c.nodes) expect(line(node, what).count).toBe(0);
  });

  test("names the datacenter whose closed time is missing for a tombstone that is applied everywhere", () => {
    const c = new Cluster({ datacenters: 3 });
    c.advance(100);
    c.cutDatacenters(1, 2);
    c.session(0).delete("0:a");
    c.advance(20_000);
    const { heldBy } = line(c.node(1), "tombstones and expiring values");
    expect(heldBy).toEqual([{ why: "closed time", datacenter: 2, count: 1 }]);
  });

  test("names what a collected value waits for, and lets it go with the checkpoint", () => {
    const c = new Cluster({ datacenters: 1 });
    c.session(0).delete("0:a");
    c.advance(20_000);
    expect(line(c.node(0), "collected values")).toMatchObject({ count: 1, heldBy: [{ why: "checkpoint", count: 1 }] });
    c.node(0).checkpoint();
    expect(line(c.node(0), "collected values").count).toBe(0);
  });
});

describe("what transactions keep", () => {
  test("is told by both sides while a vote is missing", () => {
    const c = pair();
    c.hold(c.node(0, 1), c.node(0, 0));
    c.session(0).putAll({ "0:a": "1", "1:b": "22" });
    c.settle();
    const [first, second] = [nodeIdOf(0, 0), nodeIdOf(0, 1)];
    expect(line(c.node(0, 0), "transactions coordinated")).toMatchObject({
      count: 1,
      bytes: 9,
      heldBy: [{ why: "vote", node: second, count: 1 }],
    });
    const prepared = line(c.node(0, 1), "transactions prepared");
    expect(prepared.heldBy).toEqual([{ why: "decision", node: first, count: 1 }]);
    expect(prepared.bytes).toBeGreaterThan(5);
    c.releaseAll();
    c.advance(20_000);
    for (const node of c.nodes) node.checkpoint();
    expect(c.nodes.flatMap(keptBy)).toEqual([]);
  });

  test("names the datacenter that has not sent a part", () => {
    const c = pair(2);
    c.hold(c.node(0, 1), c.node(1, 1));
    c.session(0).putAll({ "0:a": "1", "1:b": "2" });
    c.advance(1_000);
    const atCoordinator = c.node(1, 0);
    const missing = { why: "parts", datacenter: 0, count: 1 };
    expect(line(atCoordinator, "transactions arrived in part").heldBy).toEqual([missing]);
    expect(line(atCoordinator, "transactions coordinated").heldBy).toEqual([missing]);
    expect(line(atCoordinator, "waiting writes").heldBy).toEqual([{ why: "parts", count: 1 }]);
  });

  test("names the coordinator that a part waits for, and the write that the transaction depends on", () => {
    const c = pair(2);
    c.hold(c.node(0, 1), c.node(1, 1));
    const alice = c.session(0, 1);
    alice.put("3:x", "cause");
    c.advance(100);
    c.release(c.node(0, 1), c.node(1, 1));
    c.cut(c.node(0, 1), c.node(1, 1));
    alice.put("1:y", "cause");
    c.settle();
    alice.putAll({ "0:a": "1", "2:c": "2" });
    c.advance(1_000);
    const heldBy = line(c.node(1, 0), "waiting writes").heldBy;
    expect(heldBy).toContainEqual({ why: "dependency", datacenter: 0, count: 1 });
    expect(line(c.node(1, 0), "transactions coordinated").heldBy).toEqual([{ why: "dependency", count: 1 }]);
  });
});
