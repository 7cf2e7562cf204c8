/*
 * Collection of tombstones and expired values (design, 3.8).
 */
import { describe, expect, it, test } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { Outcome } from "./testing/outcome.ts";
import type { TestNode } from "./testing/test-node.ts";
import { assign } from "./testing/test-session.ts";
import type { TestSession } from "./testing/test-session.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { conditionAbsent, conditionPresent } from "../protocol/messages/forward.ts";
import { unixMsOfHybridTime } from "../protocol/hybrid-time.ts";
import { messageStreamData } from "../protocol/messages/message.ts";
import { recordKey, listedKey } from "../protocol/record.ts";
import { effectExpire } from "../protocol/version.ts";
import type { Bytes } from "../shared/bytes.ts";

/** What a node still has of a key of partition p: in memory, in the store, in the store's listing. */
function remains(node: TestNode, key: string): string[] {
  const p = Number.parseInt(key, 10);
  const places: string[] = [];
  if (node.core.state.local(p)?.records.has(key) === true) places.push("memory");
  if (node.store.has(recordKey(p, p, key))) places.push("store");
  if (node.store.has(listedKey(p, p, key))) places.push("listing");
  return places;
}

/** What holds the candidate of this key back; undefined when nothing does, or it is no candidate. */
function heldBy(node: TestNode, key: string): string | undefined {
  const record = [...node.core.collector.all()].find((candidate) => candidate.key === key);
  return record === undefined ? undefined : node.turn((core) => core.collector.heldBy(record));
}

/** Long enough for whatever may go to go. */
const longMs = 20_000;

function expire(c: Cluster, datacenter: number, key: string, expiry: number): Outcome {
  const outcome = new Outcome();
  c.session(datacenter).session.write({ ...assign(key, "", { expiry }), effect: effectExpire }, outcome, 0);
  c.settle();
  return outcome;
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

/** A frame of the network without the writes in it. */
function withoutStreamData(frame: Bytes): Bytes {
  const rest = new ByteWriter();
  const reader = new ByteReader(frame);
  while (reader.remaining > 0) {
    const start = reader.offset;
    const type = reader.u8();
    reader.skip(reader.u32());
    if (type !== messageStreamData) rest.raw(frame, start, reader.offset);
  }
  return rest.copy();
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

  it("stays while a datacenter is cut off that has not applied it, and goes when that is back", () => {
    const c = new Cluster({ datacenters: 3 });
    c.advance(100);
    c.session(0).put("0:x", "1");
    c.advance(100);
    c.cutDatacenters(0, 2);
    c.cutDatacenters(1, 2);
    c.session(0).delete("0:x");
    c.advance(longMs, 100);
    for (const d of [0, 1]) expect(heldBy(c.node(d), "0:x")).toBe("stability");
    expect(visible(c, 2, "0:x")).toBe("1");
    c.healDatacenters(0, 2);
    c.healDatacenters(1, 2);
    c.advance(longMs, 100);
    for (const node of c.nodes) node.checkpoint();
    for (const node of c.nodes) expect(remains(node, "0:x")).toEqual([]);
  });

  it("stays while an older write of another datacenter may still arrive, which then changes nothing", () => {
    const c = new Cluster({ datacenters: 3 });
    c.advance(100);
    // Datacenter 1 wrote before the delete and its stream to 2 is slow; all have the tombstone.
    c.cutDatacenters(1, 2);
    c.session(1).put("0:x", "older");
    c.advance(100);
    c.session(0).delete("0:x");
    c.advance(longMs, 100);
    expect(c.node(0).core.state.counters.tombstonesCollected).toBe(1);
    expect(heldBy(c.node(2), "0:x")).toBe("closed time");
    c.healDatacenters(1, 2);
    c.advance(longMs, 100);
    for (const node of c.nodes) {
      expect(visible(c, node.core.state.datacenter, "0:x")).toBeUndefined();
      expect(node.core.state.counters.tombstonesCollected).toBe(1);
    }
  });

  it("stays while an older write waits here for what it depends on", () => {
    const c = new Cluster({ datacenters: 3, nodes: 2 });
    c.advance(100);
    c.hold(c.node(1, 1), c.node(2, 1));
    const alice = c.session(1);
    alice.put("1:cause", "1");
    c.advance(50);
    alice.put("0:x", "older, and waits in 2");
    c.advance(100);
    c.session(0).delete("0:x");
    c.advance(longMs, 100);
    expect(c.node(2, 0).core.gate.waitingCount).toBe(1);
    expect(heldBy(c.node(2, 0), "0:x")).toBe("use");
    c.releaseAll();
    c.advance(longMs, 100);
    expect(visible(c, 2, "0:x")).toBeUndefined();
    expect(c.node(2, 0).core.state.counters.tombstonesCollected).toBe(1);
  });

  it("stays while a transaction that assigns below it is prepared at its origin", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    c.advance(100);
    const [coordinator, cohort] = [c.node(0, 0), c.node(0, 1)];
    c.hold(coordinator, cohort);
    c.session(0).putAll({ "0:a": "1", "1:b": "older" });
    c.settle();
    c.deliver(coordinator, cohort);
    c.settle();
    // Decided at 0; its commit is on its way to 1, where the key is deleted meanwhile.
    c.advance(100);
    c.session(0, 1).delete("1:b");
    c.advance(longMs, 1_000);
    for (const node of [cohort, c.node(1, 1)]) {
      expect(node.core.state.counters.tombstonesCollected).toBe(0);
      expect(remains(node, "1:b")).toContain("memory");
    }
    c.releaseAll();
    c.advance(longMs, 100);
    for (const d of [0, 1]) expect(visible(c, d, "1:b")).toBeUndefined();
    for (const d of [0, 1]) expect(c.node(d, 1).core.state.counters.tombstonesCollected).toBe(1);
  });

  it("that went leaves a key that is written and judged as if it had never been there", () => {
    const c = new Cluster({ datacenters: 2 });
    c.advance(100);
    c.session(0).put("0:x", "1");
    c.session(0).delete("0:x");
    c.advance(longMs, 100);
    const put = c.session(1).put("0:x", "2", { condition: conditionAbsent, wantOld: true });
    c.settle();
    expect([put.dot, put.old]).toEqual(["1/0/1", undefined]);
    for (const node of c.nodes) node.checkpoint();
    c.advance(longMs, 100);
    for (const node of c.nodes) node.checkpoint();
    for (const node of c.nodes) restart(c, node);
    for (const d of [0, 1]) expect(visible(c, d, "0:x")).toBe("2");
  });

  it("that went is not missed by an effect on the expiry of what it had deleted, which comes after it", () => {
    const c = new Cluster({ datacenters: 2 });
    c.advance(100);
    const [home, far] = [c.node(0), c.node(1)];
    c.session(0).put("0:x", "1");
    c.advance(1_000, 100);
    c.hold(home, far);
    c.session(0).delete("0:x");
    // The other datacenter says that nothing below this time is to come, and then prolongs what is not deleted there yet.
    c.advance(2_000, 100);
    c.hold(far, home);
    const effect = expire(c, 1, "0:x", c.nowMs + 3_600_000);
    c.release(home, far);
    // All but its writes arrives.
    for (let i = 0; i < longMs / 100; i++) {
      c.advance(100, 100);
      const frames = c.underWay(far, home).splice(0);
      for (const frame of frames) home.turn((core) => core.onFrame(far.id, withoutStreamData(frame)));
    }
    expect(effect.dot).toBe("0/0/1");
    expect(home.core.state.counters.tombstonesCollected).toBe(1);
    c.releaseAll();
    c.advance(5_000, 100);
    expect(home.core.state.local(0)?.appliedOf(1).watermark).toBe(1);
    const put = c.session(0).put("0:x", "2", { condition: conditionAbsent, wantOld: true });
    c.settle();
    expect([put.version?.value, put.old]).toEqual(["2", undefined]);
    c.advance(longMs, 100);
    for (const d of [0, 1]) expect(visible(c, d, "0:x")).toBe("2");
  });
});

describe("an expired value", () => {
  it("stays while an effect that prolongs it may still arrive, and then lives on", () => {
    const c = new Cluster({ datacenters: 2 });
    c.advance(100);
    const end = c.nowMs + 5_000;
    c.session(0).put("0:x", "1", { expiry: end });
    c.advance(3_000, 100);
    c.cutDatacenters(0, 1);
    expect(expire(c, 1, "0:x", end + 3_600_000).state).toBe("written");
    c.advance(longMs, 100);
    expect(visible(c, 0, "0:x")).toBeUndefined();
    expect(heldBy(c.node(0), "0:x")).toBe("closed time");
    c.healDatacenters(0, 1);
    c.advance(longMs, 100);
    for (const d of [0, 1]) expect(visible(c, d, "0:x")).toBe("1");
  });

  it("whose expiry was ended is no candidate any more, and the store stops listing it", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1", { expiry: c.nowMs + 60_000 });
    c.advance(100);
    node.checkpoint();
    expect(remains(node, "0:x")).toEqual(["memory", "store", "listing"]);
    expire(c, 0, "0:x", 0);
    node.checkpoint();
    c.advance(70_000, 500);
    node.checkpoint();
    expect(node.core.collector.count).toBe(0);
    expect(remains(node, "0:x")).toEqual(["memory", "store"]);
    expect(visible(c, 0, "0:x")).toBe("1");
  });
});

describe("whoever finds nothing where something ended", () => {
  const present = { condition: conditionPresent } as const;
  test.each<[string, number, (session: TestSession) => unknown]>([
    ["a read here", 0, (session) => session.get("0:x")],
    ["a read at another node", 1, (session) => session.get("0:x")],
    ["a condition here (4987)", 0, (session) => session.put("0:x", "2", present)],
    ["a condition at another node", 1, (session) => session.put("0:x", "2", present)],
    ["a transaction here", 0, (session) => session.putAll([assign("0:x", "2", present)])],
    ["a transaction's other part", 0, (session) => session.putAll([assign("1:y", "2"), assign("0:x", "2", present)])],
    ["a part elsewhere", 1, (session) => session.putAll([assign("1:y", "2"), assign("0:x", "2", present)])],
    ["a snapshot", 1, (session) => session.snapshot("0:x", "1:y")],
  ])("is past its end, and stays so elsewhere: %s", (_what, node, find) => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    c.advance(100);
    const expiry = c.nowMs + 1_000;
    c.session(0).put("0:x", "1", { expiry });
    c.advance(longMs, 100);
    expect(c.node(0).core.state.counters.expiredCollected).toBe(1);
    const session = c.session(0, node);
    find(session);
    c.settle();
    expect(unixMsOfHybridTime(session.session.context.floor)).toBeGreaterThanOrEqual(expiry);
  });
});

describe("a crash", () => {
  it("between a collection and the next checkpoint brings nothing back, not what the tombstone had beaten either", () => {
    const c = new Cluster({ datacenters: 2 });
    const node = c.node(0);
    c.advance(100);
    c.session(0).put("0:x", "stored");
    c.advance(100);
    node.checkpoint();
    // Written at 1 before the delete, arriving here after it.
    c.hold(c.node(1), node);
    c.session(1).put("0:x", "beaten");
    c.advance(100);
    c.session(0).delete("0:x");
    c.advance(100);
    c.releaseAll();
    c.advance(longMs, 100);
    expect(node.core.state.counters.tombstonesCollected).toBe(1);
    expect(remains(node, "0:x")).toEqual(["memory", "store"]);
    restart(c, node);
    expect(visible(c, 0, "0:x")).toBeUndefined();
    c.advance(longMs, 100);
    const checkpoint = node.turn((core) => core.beginCheckpoint());
    while (!node.writeBatch(checkpoint));
    // Before the log is cut, and after.
    for (const cut of [false, true]) {
      if (cut) node.truncate(checkpoint);
      restart(c, node);
      expect(visible(c, 0, "0:x")).toBeUndefined();
    }
    expect(node.store.has(recordKey(0, 0, "0:x"))).toBe(false);
  });

  it("between two batches of a checkpoint brings nothing back: deletes come with the position that covers them", () => {
    const c = new Cluster({ datacenters: 2 });
    const node = c.node(0);
    c.advance(100);
    c.session(0).put("0:x", "stored");
    c.advance(100);
    node.checkpoint();
    c.hold(c.node(1), node);
    c.session(1).put("0:x", "beaten");
    c.advance(100);
    c.session(0).delete("0:x");
    c.advance(100);
    c.releaseAll();
    c.advance(longMs, 100);
    for (const i of [1, 2, 3]) c.session(0).put(`1:${i}`, "v".repeat(700_000));
    c.settle();
    const checkpoint = node.turn((core) => core.beginCheckpoint());
    expect(node.writeBatch(checkpoint)).toBe(false);
    expect(node.store.has(recordKey(0, 0, "0:x"))).toBe(true);
    restart(c, node);
    expect(visible(c, 0, "0:x")).toBeUndefined();
    for (const i of [1, 2, 3]) expect(visible(c, 0, `1:${i}`)?.length).toBe(700_000);
  });

  it("does not hide what ends from the collector: the store's list is swept, also for what left memory", () => {
    const c = new Cluster({ datacenters: 2, cacheBytes: 1 });
    c.advance(100);
    for (let i = 0; i < 5; i++) {
      c.session(0).put(`0:${i}`, "1", { expiry: c.nowMs + 60_000 });
      c.session(0).delete(`1:${i}`);
    }
    c.session(0).put("0:stays", "1");
    c.advance(1_000, 100);
    for (const node of c.nodes) node.checkpoint();
    restart(c, c.node(0));
    c.advance(80_000, 100);
    for (const node of c.nodes) node.checkpoint();
    c.advance(10_000, 100);
    for (const node of c.nodes) {
      expect([...node.store.keys()].filter((key) => key !== "m")).toEqual([recordKey(0, 0, "0:stays")]);
      expect(node.core.collector.count).toBe(0);
    }
    for (const d of [0, 1]) expect(visible(c, d, "0:stays")).toBe("1");
  });
});

describe("a line of the store's list", () => {
  it("that is wrong goes with the next checkpoint, but not one that became right again meanwhile", () => {
    const c = new Cluster({ datacenters: 1, cacheBytes: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1", { expiry: c.nowMs + 60_000 });
    c.advance(100);
    node.checkpoint();
    c.session(0).put("0:x", "2");
    c.advance(100);
    node.checkpoint();
    expect(remains(node, "0:x")).toEqual(["memory", "store", "listing"]);
    // Swept again and again, with hardly any memory, and found to be wrong.
    c.advance(longMs, 100);
    expect([node.core.state.unlisted.size, remains(node, "0:x")]).toEqual([1, ["memory", "store", "listing"]]);
    c.session(0).delete("0:x");
    c.settle();
    node.checkpoint();
    expect(remains(node, "0:x")).toContain("listing");
    restart(c, node);
    c.advance(longMs, 100);
    node.checkpoint();
    expect(remains(node, "0:x")).toEqual([]);
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
