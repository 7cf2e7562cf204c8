import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { assign } from "./testing/test-session.ts";

/** Up to when nothing of an origin can still arrive in a partition of a node. */
function closedAt(node: TestNode, partition: number, datacenter: number): number {
  const here = node.core.state.local(partition);
  return here?.closed.closedOf(datacenter, here.appliedOf(datacenter).watermark) ?? 0;
}

function written(c: Cluster, datacenter: number, key: string): number {
  const put = c.session(datacenter).put(key, "1");
  c.settle();
  return put.version?.time ?? 0;
}

describe("closed times", () => {
  it("reach the other datacenters, and go on while nothing is written", () => {
    const c = new Cluster({ datacenters: 2 });
    const time = written(c, 0, "0:x");
    c.advance(3_000, 100);
    expect(closedAt(c.node(1), 0, 0)).toBeGreaterThan(time);
    expect(closedAt(c.node(1), 1, 0)).toBeGreaterThan(time);
  });

  it("do not count while a write before them is missing", () => {
    const c = new Cluster({ datacenters: 2 });
    const [home, far] = [c.node(0), c.node(1)];
    c.hold(home, far);
    const time = written(c, 0, "0:x");
    const frames = c.underWay(home, far);
    const [data] = frames.splice(frames.length - 1, 1);
    c.advance(3_000, 100);
    while (frames.length > 0) c.deliver(home, far);
    expect(closedAt(far, 0, 0)).toBeLessThan(time);
    // Another partition, of which nothing is missing.
    expect(closedAt(far, 1, 0)).toBeGreaterThan(time);
    if (data !== undefined) frames.push(data);
    c.releaseAll();
    expect(closedAt(far, 0, 0)).toBeGreaterThan(time);
  });

  it("stay below what is prepared: its commit may lie just above its prepare", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    c.advance(100);
    const [coordinator, cohort] = [c.node(0, 0), c.node(0, 1)];
    c.hold(coordinator, cohort);
    c.session(0).putAll([assign("0:a", "1"), assign("1:b", "1")]);
    c.settle();
    c.deliver(coordinator, cohort);
    c.settle();
    const prepared = cohort.core.cohort.oldestHome;
    expect(prepared).toBeLessThan(Number.POSITIVE_INFINITY);
    c.advance(2_000, 100);
    expect(cohort.core.closing.time).toBe(prepared - 1);
    expect(closedAt(c.node(1, 1), 1, 0)).toBeLessThan(prepared);
    // Nothing is prepared at the other node.
    expect(closedAt(c.node(1, 0), 2, 0)).toBeGreaterThan(prepared);
    c.releaseAll();
    c.advance(3_000, 100);
    expect(closedAt(c.node(1, 1), 1, 0)).toBeGreaterThan(prepared);
  });

  it("stay below what is prepared when its node has restarted, from the log and from a checkpoint", () => {
    for (const from of ["log", "checkpoint"]) {
      const c = new Cluster({ datacenters: 2, nodes: 2 });
      c.advance(100);
      const [coordinator, cohort] = [c.node(0, 0), c.node(0, 1)];
      c.hold(coordinator, cohort);
      c.session(0).putAll([assign("0:a", "1"), assign("1:b", "1")]);
      c.settle();
      c.deliver(coordinator, cohort);
      c.settle();
      const prepared = cohort.core.cohort.oldestHome;
      if (from === "checkpoint") cohort.checkpoint();
      c.crash(coordinator);
      c.crash(cohort);
      c.restart(cohort);
      c.advance(3_000, 100);
      expect(cohort.core.closing.time).toBe(prepared - 1);
    }
  });

  it("are not broken by a crash: what is written afterwards lies above all that was announced", () => {
    const c = new Cluster({ datacenters: 2 });
    const home = c.node(0);
    written(c, 0, "0:x");
    c.advance(1_900, 100);
    const announced = closedAt(c.node(1), 0, 0);
    c.crash(home);
    home.skewMs = -3_600_000;
    c.restart(home);
    expect(written(c, 0, "0:x")).toBeGreaterThan(announced);
  });

  it("are true at every moment: whatever is applied later of an origin has a greater time", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("put" as const), at: fc.nat(1), key: fc.constantFrom("0:a", "1:b") }),
      fc.record({ do: fc.constant("transaction" as const), at: fc.nat(1), node: fc.nat(1) }),
      fc.record({ do: fc.constant("hold" as const), from: fc.nat(3), to: fc.nat(3) }),
      fc.record({ do: fc.constant("deliver" as const), from: fc.nat(3), to: fc.nat(3), which: fc.nat(9) }),
      fc.record({ do: fc.constant("restart" as const), node: fc.nat(3) }),
      fc.constantFrom({ do: "advance" as const }, { do: "advance" as const }, { do: "release" as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 2 });
        const watch = new ClosedWatch(c);
        for (const one of steps) {
          const [from, to] = "from" in one ? [c.nodes[one.from], c.nodes[one.to]] : [c.nodes[0], c.nodes[0]];
          const arePeers = from !== undefined && to !== undefined && c.arePeers(from, to);
          if (one.do === "put") c.session(one.at).put(one.key, "1");
          else if (one.do === "transaction") c.session(one.at, one.node).putAll({ "0:a": "t", "1:b": "t" });
          else if (one.do === "hold" && arePeers) c.hold(from, to);
          else if (one.do === "deliver" && arePeers) {
            const frames = c.underWay(from, to);
            if (frames.length > 0) c.deliver(from, to, one.which % frames.length);
          } else if (one.do === "restart") {
            const node = c.nodes[one.node] as TestNode;
            c.crash(node);
            c.restart(node);
            watch.look();
          } else if (one.do === "advance") c.advance(1_100, 550);
          else if (one.do === "release") c.releaseAll();
          c.settle();
          watch.look();
        }
        c.releaseAll();
        c.advance(8_000, 500);
        watch.look();
      }),
      { numRuns: 60 },
    );
  });
});

/** Looks whether a version that became visible since the last look breaks what was closed then. */
class ClosedWatch {
  private readonly c: Cluster;
  private readonly closed = new Map<string, number>();
  private readonly seen = new Map<string, number>();

  constructor(c: Cluster) {
    this.c = c;
  }

  look(): void {
    for (const node of this.c.nodes) {
      for (const [id, partition] of node.core.state.partitions) {
        for (const { key, current } of partition.records.values()) {
          if (current === undefined) continue;
          const name = `${node.name} ${key} ${current.datacenter}`;
          if (current.time <= (this.seen.get(name) ?? 0)) continue;
          this.seen.set(name, current.time);
          const closed = this.closed.get(`${node.name} ${id} ${current.datacenter}`) ?? 0;
          expect(current.time).toBeGreaterThan(closed);
        }
        for (let d = 0; d < 2; d++) {
          const name = `${node.name} ${id} ${d}`;
          const time = d === node.core.state.datacenter ? 0 : closedAt(node, id, d);
          this.closed.set(name, Math.max(time, this.closed.get(name) ?? 0));
        }
      }
    }
  }
}
