import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { transTimeMs } from "../shared/limits.ts";

const valueBytes = 1_000;

function fill(c: Cluster, count: number): void {
  for (let i = 0; i < count; i++) c.session(0).put(`0:${i}`, "v".repeat(valueBytes));
  c.settle();
}

describe("RecordCache", () => {
  it("lets go what the store has too, until what is left fits, and brings it back when it is read", () => {
    const c = new Cluster({ datacenters: 1, cacheBytes: 20 * valueBytes });
    const { core } = c.node(0);
    fill(c, 100);
    c.advance(100);
    expect(core.state.counters.evictions).toBe(0);
    c.node(0).checkpoint();
    c.advance(100);
    // What a put hid that did not look, snapshots may ask for as long as for any older version.
    expect(core.state.counters.evictions).toBe(0);
    c.advance(transTimeMs + 1_000, 100);
    expect(core.cache.bytes).toBeLessThanOrEqual(20 * valueBytes);
    expect(core.state.counters.evictions).toBeGreaterThan(70);
    for (let i = 0; i < 100; i++) {
      const get = c.session(0).get(`0:${i}`);
      c.settle();
      expect(get.value?.length).toBe(valueBytes);
    }
  });

  it("keeps what is being written, waited for or not stored yet", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2, cacheBytes: 1 });
    const node = c.node(1, 0);
    c.hold(c.node(0, 1), c.node(1, 1));
    const alice = c.session(0);
    alice.put("1:cause", "1");
    c.settle();
    alice.put("0:waits", "2");
    c.session(1).put("0:dirty", "3");
    c.settle();
    node.diskHeld = true;
    c.session(1).put("0:writing", "4");
    c.settle();
    c.advance(200);
    const keys = [...(node.core.state.local(0)?.records.keys() ?? [])];
    expect(keys.toSorted()).toEqual(["0:dirty", "0:waits", "0:writing"]);
    node.diskHeld = false;
    c.settle();
    c.release(c.node(0, 1), c.node(1, 1));
    c.advance(200);
    node.checkpoint();
    c.advance(transTimeMs + 1_000, 100);
    expect(node.core.state.local(0)?.records.size).toBe(0);
    expect(node.core.cache.bytes).toBe(0);
    for (const [key, value] of [
      ["0:waits", "2"],
      ["0:dirty", "3"],
      ["0:writing", "4"],
    ] as const) {
      const get = c.session(1).get(key);
      c.settle();
      expect(get.value).toBe(value);
    }
  });

  it("keeps what a checkpoint is writing: the store would still answer with what was before", () => {
    const c = new Cluster({ datacenters: 1, cacheBytes: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "old");
    c.settle();
    node.checkpoint();
    c.session(0).put("0:x", "new");
    c.settle();
    const checkpoint = node.turn((core) => core.beginCheckpoint());
    checkpoint.take();
    c.advance(200);
    const get = c.session(0).get("0:x");
    c.settle();
    expect(get.value).toBe("new");
  });

  it("remembers, over a restart, how great its versions are: an older write does not win because the record left", () => {
    const c = new Cluster({ datacenters: 2, cacheBytes: 1 });
    const node = c.node(1);
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "older");
    c.settle();
    c.advance(10);
    c.session(1).put("0:x", "younger");
    c.settle();
    c.crash(node);
    c.restart(node);
    c.cutDatacenters(0, 1);
    c.settle();
    node.checkpoint();
    c.advance(transTimeMs + 1_000, 100);
    expect(node.core.state.local(0)?.records.size).toBe(0);
    c.healDatacenters(0, 1);
    c.settle();
    const get = c.session(1).get("0:x");
    c.settle();
    expect(get.value).toBe("younger");
  });

  it("counts its bytes as they are, whatever happens to records", () => {
    const c = new Cluster({ datacenters: 2, cacheBytes: 5 * valueBytes });
    for (let round = 0; round < 5; round++) {
      fill(c, 10 + round);
      c.session(1).delete("0:1");
      c.session(0).get("2:never");
      c.settle();
      c.node(0).checkpoint();
      c.advance(50);
    }
    let bytes = 0;
    for (const partition of c.node(0).core.state.partitions.values()) {
      for (const record of partition.records.values()) bytes += record.bytes;
    }
    expect(c.node(0).core.cache.bytes).toBe(bytes);
  });

  it("never shows an older version after a record left and came back while writes were under way", () => {
    const c = new Cluster({ datacenters: 1, cacheBytes: 1 });
    const node = c.node(0);
    for (let i = 1; i <= 20; i++) {
      c.session(0).put("0:x", String(i));
      c.settle();
      if (i % 3 === 0) node.checkpoint();
      c.advance(30);
      node.loadsHeld = true;
      const get = c.session(0).get("0:x");
      c.settle();
      c.session(0).put("0:x", `${i}+`);
      c.settle();
      node.loadsHeld = false;
      c.settle();
      expect([String(i), `${i}+`]).toContain(get.value);
      const after = c.session(0).get("0:x");
      c.settle();
      expect(after.value).toBe(`${i}+`);
    }
  });
});
