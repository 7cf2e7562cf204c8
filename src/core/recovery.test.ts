import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { restoreMeta, metaFormat, metaKey } from "./node-meta.ts";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { dotOf } from "./testing/outcome.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import { seqReserveAhead } from "../shared/limits.ts";

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

describe("a node that crashed", () => {
  it("has every write that it answered, and none that it lost and never answered", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    const answered = c.session(0).put("0:x", "answered");
    c.settle();
    node.diskHeld = true;
    const lost = c.session(0).put("0:x", "lost");
    c.settle();
    node.diskHeld = false;
    restart(c, node);
    expect([answered.done, lost.done]).toEqual([true, false]);
    expect(visible(c, 0, "0:x")).toBe("answered");
  });

  it("never gives out a seq again, and tells everybody of the hole, so that nobody waits for it", () => {
    const c = new Cluster({ datacenters: 2 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.settle();
    node.diskHeld = true;
    c.session(0).put("0:x", "lost");
    c.settle();
    node.diskHeld = false;
    restart(c, node);
    const next = c.session(0).put("0:x", "2");
    c.settle();
    expect(next.version?.seq).toBeGreaterThan(seqReserveAhead);
    for (const d of [0, 1]) {
      expect(c.node(d).core.state.local(0)?.appliedOf(0).watermark).toBe(next.version?.seq);
    }
    c.advance(1_000, 100);
    expect(
      c
        .node(1)
        .core.state.local(0)
        ?.isStable(0, next.version?.seq as number),
    ).toBe(true);
  });

  it("tells the hole again when it crashed before that was durable", () => {
    const c = new Cluster({ datacenters: 2 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.settle();
    node.diskHeld = true;
    restart(c, node);
    restart(c, node);
    node.diskHeld = false;
    const next = c.session(0).put("0:x", "2");
    c.settle();
    expect(c.node(1).core.state.local(0)?.appliedOf(0).watermark).toBe(next.version?.seq);
  });

  it("gives out times above every one that it told, although its wall clock went back", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.settle();
    c.advance(1_500);
    const told = node.core.clockTold;
    node.skewMs = -3_600_000;
    restart(c, node);
    const put = c.session(0).put("0:x", "2");
    c.settle();
    expect(put.version?.time).toBeGreaterThan(told);
    expect(visible(c, 0, "0:x")).toBe("2");
  });

  it("ships what the others have not got", () => {
    const c = new Cluster({ datacenters: 2 });
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "1");
    c.settle();
    restart(c, c.node(0));
    c.healDatacenters(0, 1);
    c.settle();
    expect(visible(c, 1, "0:x")).toBe("1");
  });

  it("asks for nothing again that it had applied, and for everything that only waited", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    const [far, owner, source] = [c.node(1, 0), c.node(1, 1), c.node(0, 1)];
    c.session(0).put("0:applied", "1");
    c.settle();
    c.hold(source, owner);
    const alice = c.session(0);
    alice.put("1:cause", "2");
    c.settle();
    alice.put("0:waits", "3");
    c.settle();
    restart(c, far);
    expect(far.core.state.counters.writesReceived).toBe(1);
    expect(far.core.gate.waitingCount).toBe(1);
    c.release(source, owner);
    c.advance(5_000, 500);
    expect(visible(c, 1, "0:waits")).toBe("3");
  });
});

describe("a fuzzy checkpoint", () => {
  it("is replayed over without applying anything twice, whatever happens while it is taken", () => {
    const key = fc.constantFrom("0:a", "0:b", "1:c", "1:d");
    const step = fc.oneof(
      fc.record({ do: fc.constant("put" as const), key, at: fc.constantFrom(0, 1) }),
      fc.record({ do: fc.constant("delete" as const), key, at: fc.constantFrom(0, 1) }),
      fc.constant({ do: "begin" as const }),
      fc.constant({ do: "batch" as const }),
      fc.constant({ do: "abandon" as const }),
      fc.constant({ do: "crash" as const }),
      fc.constant({ do: "advance" as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const c = new Cluster({ datacenters: 2, partitions: 2 });
        const node = c.node(0);
        let checkpoint: ReturnType<typeof node.core.beginCheckpoint> | undefined;
        let value = 0;
        for (const event of steps) {
          if (event.do === "put") c.session(event.at).put(event.key, String(++value));
          else if (event.do === "delete") c.session(event.at).delete(event.key);
          else if (event.do === "begin") checkpoint ??= node.turn((core) => core.beginCheckpoint());
          else if (event.do === "batch" && checkpoint !== undefined) {
            if (node.writeBatch(checkpoint)) {
              node.truncate(checkpoint);
              checkpoint = undefined;
            }
          } else if (event.do === "abandon" && checkpoint !== undefined) {
            checkpoint.take();
            checkpoint.abandon();
            checkpoint = undefined;
          } else if (event.do === "crash") {
            checkpoint = undefined;
            restart(c, node);
          } else c.advance(20);
          c.settle();
        }
        c.advance(5_000, 500);
        restart(c, node);
        expect(stateOf(c, 0)).toEqual(stateOf(c, 1));
        for (const partition of node.core.state.partitions.values()) {
          expect(partition.appliedOf(0).rangeCount + partition.appliedOf(1).rangeCount).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("knows nothing of a write that is in the log, but not durable, when it begins", () => {
    const c = new Cluster({ datacenters: 2 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.settle();
    node.diskHeld = true;
    const lost = c.session(0).put("0:x", "lost");
    c.settle();
    node.checkpoint();
    node.diskHeld = false;
    restart(c, node);
    const next = c.session(0).put("0:x", "2");
    c.settle();
    expect(lost.done).toBe(false);
    expect(c.node(1).core.state.local(0)?.appliedOf(0).watermark).toBe(next.version?.seq);
    expect(visible(c, 1, "0:x")).toBe("2");
  });

  it("that is abandoned leaves every record for the next one", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    const value = "v".repeat(700_000);
    for (let i = 0; i < 4; i++) c.session(0).put(`0:${i}`, value);
    c.settle();
    const dirtyBytes = node.core.state.dirtyBytes;
    const first = node.turn((core) => core.beginCheckpoint());
    expect(node.writeBatch(first)).toBe(false);
    first.take();
    c.session(0).put("0:2", "changed while it was being written");
    c.settle();
    first.abandon();
    expect(node.core.state.dirty.length).toBe(2);
    expect(node.core.state.dirtyBytes).toBeLessThan(dirtyBytes / 2 + 10_000);
    node.checkpoint();
    node.frames = [];
    restart(c, node);
    expect(visible(c, 0, "0:2")).toBe("changed while it was being written");
    for (const i of [0, 1, 3]) expect(visible(c, 0, `0:${i}`)).toBe(value);
  });

  it("keeps the log that a destination, as the checkpoint knows it, still needs", () => {
    const c = new Cluster({ datacenters: 2 });
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "1");
    c.settle();
    c.node(0).checkpoint();
    expect(c.node(0).logStart).toBe(0);
  });
});

describe("the meta record", () => {
  it("of another format, or cut short, is refused", () => {
    const c = new Cluster({ datacenters: 2 });
    c.session(0).put("0:x", "1", { request: { client: "c", number: 1, answeredBelow: 0 } });
    c.settle();
    c.node(0).checkpoint();
    const meta = c.node(0).store.get(metaKey);
    if (meta === undefined) throw new Error("there is a meta record");
    for (let length = 0; length < meta.length; length++) {
      const core = new Cluster({ datacenters: 2 }).node(0).core;
      if (length % 7 === 0) expect(() => restoreMeta(core, meta.subarray(0, length))).toThrow(DecodeError);
    }
    meta[0] = metaFormat + 1;
    expect(() => restoreMeta(c.node(0).core, meta)).toThrow("checkpoint format");
  });

  it("of format 1, as it was before there were transactions, is read: it ends where those begin", () => {
    const c = new Cluster({ datacenters: 2 });
    c.session(0).put("0:x", "1", { request: { client: "c", number: 1, answeredBelow: 0 } });
    c.settle();
    const node = c.node(0);
    node.checkpoint();
    const meta = node.store.get(metaKey);
    if (meta === undefined) throw new Error("there is a meta record");
    // Two counts of nothing: prepared parts, and decisions that are not done.
    expect([...meta.subarray(meta.length - 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const old = meta.subarray(0, meta.length - 8);
    old[0] = 1;
    node.store.set(metaKey, old);
    restart(c, node);
    expect(visible(c, 0, "0:x")).toBe("1");
    expect(node.core.head.requests.size).toBe(1);
    expect(node.core.state.local(0)?.appliedOf(0).watermark).toBeGreaterThanOrEqual(1);
  });

  it("keeps what is prepared and what is decided and not done, wherever its node was when it was written", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    const [coordinator, cohort] = [c.node(0, 0), c.node(0, 1)];
    c.advance(100);
    c.hold(coordinator, cohort);
    c.session(0).putAll({ "0:a": "1", "1:b": "1" });
    c.settle();
    c.deliver(coordinator, cohort);
    c.settle();
    for (const node of [coordinator, cohort]) {
      node.checkpoint();
      const meta = node.store.get(metaKey);
      if (meta === undefined) throw new Error("there is a meta record");
      const { core } = new Cluster({ datacenters: 2, nodes: 2 }).node(0, node === coordinator ? 0 : 1);
      restoreMeta(core, meta);
      expect(core.coordinator.table.size).toBe(node === coordinator ? 1 : 0);
      expect(core.cohort.table.size).toBe(node === cohort ? 1 : 0);
      expect([...core.cohort.prepared()].flatMap(({ indexes }) => indexes)).toEqual(node === cohort ? [1] : []);
      const [part] = [...core.cohort.table.values()].flatMap(({ parts }) => parts);
      expect(part?.record.prepared).toEqual(node === cohort ? [part] : undefined);
      expect(part?.record.pins).toBe(node === cohort ? 1 : undefined);
    }
  });
});

/** What readers of a datacenter find: key, dot, value. Whether a tombstone was collected already is each one's own business. */
function stateOf(c: Cluster, datacenter: number): string[] {
  const found: string[] = [];
  for (const key of ["0:a", "0:b", "1:c", "1:d"]) {
    const get = c.session(datacenter).get(key);
    c.settle();
    const { version } = get;
    found.push(
      version === undefined || version.deleted ? `${key} nothing` : `${key} ${dotOf(version)} ${version.value}`,
    );
  }
  return found;
}
