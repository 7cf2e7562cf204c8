import { describe, expect, test } from "vitest";
import { Cluster } from "../testing/cluster.ts";
import { assign } from "../testing/test-session.ts";
import { conditionAbsent } from "../../protocol/messages/forward.ts";

/** Partition p is on node p mod 2: keys "0:..." are on node 0, "1:..." on node 1. */
function pair(datacenters = 1): Cluster {
  return new Cluster({ datacenters, nodes: 2 });
}

/** The oldest frame between two nodes of datacenter 1, if there is any. */
function deliverOne(c: Cluster, from: number, to: number): void {
  if (c.underWay(c.node(1, from), c.node(1, to)).length > 0) c.deliver(c.node(1, from), c.node(1, to));
  c.settle();
}

describe("a write transaction on keys of one node", () => {
  test("is one frame, shown whole, and known by the dot of its first key", () => {
    const c = new Cluster({ datacenters: 1 });
    const alice = c.session(0);
    c.advance(100);
    const put = alice.putAll({ "0:a": "1", "1:b": "2", "2:c": "3" });
    c.advance(100);
    expect(put.dot).toBe("0/0/1");
    expect(alice.dots).toEqual(["0/0/1"]);
    const got = c.session(0).snapshot("0:a", "1:b", "2:c");
    expect(got.values).toEqual(["1", "2", "3"]);
  });

  test("survives a crash whole or not at all", () => {
    const c = new Cluster({ datacenters: 1 });
    const alice = c.session(0);
    c.advance(100);
    c.node(0).diskHeld = true;
    alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.crash(c.node(0));
    c.node(0).diskHeld = false;
    c.restart(c.node(0));
    const got = c.session(0).snapshot("0:a", "1:b");
    c.settle();
    expect(got.values).toEqual([undefined, undefined]);
  });
});

describe("a write transaction over two nodes", () => {
  test("is committed on both, and its dot applied", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    const put = alice.putAll({ "0:a": "1", "1:b": "2" });
    c.advance(100);
    expect(put.dot).toBe("0/0/1");
    const bob = c.session(0, 1).snapshot("0:a", "1:b");
    c.settle();
    expect(bob.values).toEqual(["1", "2"]);
    expect(c.node(0, 0).core.state.local(0)?.appliedOf(0).watermark).toBe(1);
    expect(c.node(0, 1).core.state.local(1)?.appliedOf(0).watermark).toBe(1);
    expect(c.node(0, 0).core.coordinator.table.size).toBe(0);
    expect(c.node(0, 1).core.cohort.table.size).toBe(0);
  });

  test("goes by way of the owner of the first key", () => {
    const c = pair();
    const alice = c.session(0, 1);
    c.advance(100);
    const put = alice.putAll({ "0:a": "1", "1:b": "2" });
    c.advance(100);
    expect(put.dot).toBe("0/0/1");
  });

  test("is aborted when a condition fails on the other node, and nothing of it shows", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    alice.put("1:b", "old");
    c.advance(100);
    const put = alice.putAll([
      assign("0:a", "1", { condition: conditionAbsent }),
      assign("1:b", "2", { condition: conditionAbsent }),
    ]);
    c.advance(100);
    expect(put.dot).toBe("nothing");
    const bob = c.session(0).snapshot("0:a", "1:b");
    c.settle();
    expect(bob.values).toEqual([undefined, "old"]);
    expect(c.node(0, 1).core.cohort.table.size).toBe(0);
  });

  test("whose coordinator crashed before the decision leaves nothing, once it is back", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    c.hold(c.node(0, 1), c.node(0, 0));
    const put = alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    expect(c.node(0, 1).core.cohort.table.size).toBe(1);
    c.crash(c.node(0, 0));
    c.releaseAll();
    c.advance(1_000);
    c.restart(c.node(0, 0));
    c.advance(3_000);
    expect(put.dot).toBe("UNAVAILABLE");
    expect(c.node(0, 1).core.cohort.table.size).toBe(0);
    const bob = c.session(0, 1).snapshot("0:a", "1:b");
    c.advance(100);
    expect(bob.values).toEqual([undefined, undefined]);
  });

  test("whose coordinator crashed after the decision is committed on both, once it is back", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    c.hold(c.node(0, 0), c.node(0, 1));
    alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.deliver(c.node(0, 0), c.node(0, 1));
    c.settle();
    // The decision is durable and on its way.
    expect(c.session(0).get("0:a").value).toBe("1");
    c.crash(c.node(0, 0));
    c.releaseAll();
    c.restart(c.node(0, 0));
    c.advance(3_000);
    const bob = c.session(0, 1).snapshot("0:a", "1:b");
    c.advance(100);
    expect(bob.values).toEqual(["1", "2"]);
    expect(c.node(0, 0).core.coordinator.table.size).toBe(0);
  });

  test("whose cohort crashed when it was prepared is committed there, once it is back", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    c.hold(c.node(0, 0), c.node(0, 1));
    const put = alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.deliver(c.node(0, 0), c.node(0, 1));
    c.settle();
    c.crash(c.node(0, 1));
    c.releaseAll();
    c.restart(c.node(0, 1));
    c.advance(3_000);
    expect(put.dot).toBe("0/0/1");
    const bob = c.session(0, 1).snapshot("0:a", "1:b");
    c.advance(100);
    expect(bob.values).toEqual(["1", "2"]);
  });

  test("survives checkpoints and crashes of both at every point between prepare and commit", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    c.hold(c.node(0, 0), c.node(0, 1));
    alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.deliver(c.node(0, 0), c.node(0, 1));
    c.settle();
    for (const node of c.nodes) node.checkpoint();
    for (const node of c.nodes) c.crash(node);
    c.releaseAll();
    for (const node of c.nodes) c.restart(node);
    c.advance(3_000);
    const bob = c.session(0, 1).snapshot("0:a", "1:b");
    c.advance(100);
    expect(bob.values).toEqual(["1", "2"]);
    expect(c.node(0, 0).core.coordinator.table.size).toBe(0);
    expect(c.node(0, 0).core.state.local(0)?.appliedOf(0).rangeCount).toBe(0);
  });
});

describe("a session that has seen one part", () => {
  test("never misses another: a single read waits for the commit", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    c.hold(c.node(0, 0), c.node(0, 1));
    alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.deliver(c.node(0, 0), c.node(0, 1));
    c.settle();
    const bob = c.session(0);
    expect(bob.get("0:a").value).toBe("1");
    const second = bob.get("1:b");
    c.releaseAll();
    c.advance(100);
    expect(second.value).toBe("2");
  });

  test("finds it in a snapshot too, though its commit has not arrived", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    c.hold(c.node(0, 0), c.node(0, 1));
    alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.deliver(c.node(0, 0), c.node(0, 1));
    c.settle();
    const bob = c.session(0);
    expect(bob.get("0:a").value).toBe("1");
    const both = bob.snapshot("1:b");
    c.releaseAll();
    c.advance(100);
    expect(both.values).toEqual(["2"]);
  });
});

describe("a snapshot", () => {
  test("shows a transaction whole while its commit is on its way to one of the nodes", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    c.hold(c.node(0, 0), c.node(0, 1));
    alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.deliver(c.node(0, 0), c.node(0, 1));
    c.settle();
    const bob = c.session(0, 1).snapshot("0:a", "1:b");
    c.releaseAll();
    c.advance(100);
    expect(bob.values).toEqual(["1", "2"]);
  });

  test("is not held up by a transaction that is prepared and not decided: it gets a fence", () => {
    const c = pair();
    const alice = c.session(0);
    c.advance(100);
    alice.put("1:b", "before");
    c.advance(100);
    // The vote does not arrive.
    c.hold(c.node(0, 1), c.node(0, 0));
    alice.putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    c.drop(c.node(0, 1), c.node(0, 0));
    c.releaseAll();
    expect(c.node(0, 1).core.cohort.table.size).toBe(1);
    // A later write on the same node makes the snapshot's time lie above the prepare.
    c.session(0, 1).put("3:d", "later");
    c.settle();
    const bob = c.session(0, 1).snapshot("1:b", "3:d");
    c.settle();
    expect(bob.values).toEqual(["before", "later"]);
  });
});

describe("a transaction in another datacenter", () => {
  test("becomes visible there whole, under its own version", () => {
    const c = pair(2);
    c.advance(100);
    const alice = c.session(0);
    const put = alice.putAll({ "0:a": "1", "1:b": "2" });
    c.advance(1_000);
    expect(put.done).toBe(true);
    const bob = c.session(1, 1).snapshot("0:a", "1:b");
    c.settle();
    expect(bob.values).toEqual(["1", "2"]);
    for (const node of c.nodes) {
      expect(node.core.coordinator.table.size).toBe(0);
      expect(node.core.cohort.table.size).toBe(0);
      expect(node.core.gate.waitingCount).toBe(0);
    }
    expect(c.node(1, 0).core.state.local(0)?.appliedOf(0).watermark).toBe(1);
    expect(c.node(1, 1).core.state.local(1)?.appliedOf(0).watermark).toBe(1);
  });

  test("shows nothing while one part is missing", () => {
    const c = pair(2);
    c.advance(100);
    c.hold(c.node(0, 1), c.node(1, 1));
    c.session(0).putAll({ "0:a": "1", "1:b": "2" });
    c.advance(1_000);
    expect(c.session(1, 0).get("0:a").value).toBeUndefined();
    c.releaseAll();
    c.advance(1_000);
    const bob = c.session(1, 1).snapshot("0:a", "1:b");
    c.settle();
    expect(bob.values).toEqual(["1", "2"]);
  });

  test("waits for what it depends on", () => {
    const c = pair(2);
    c.advance(100);
    c.hold(c.node(0, 1), c.node(1, 1));
    const alice = c.session(0, 1);
    alice.put("3:x", "cause");
    c.advance(100);
    alice.putAll({ "0:a": "1", "2:c": "3" });
    c.advance(1_000);
    expect(c.session(1, 0).get("0:a").value).toBeUndefined();
    c.releaseAll();
    c.advance(1_000);
    expect(c.session(1, 0).get("0:a").value).toBe("1");
  });

  test("survives a crash of each node there at any point", () => {
    for (const crashed of [0, 1]) {
      for (let deliveries = 0; deliveries < 8; deliveries++) {
        const c = pair(2);
        c.advance(100);
        c.hold(c.node(1, 0), c.node(1, 1));
        c.hold(c.node(1, 1), c.node(1, 0));
        c.session(0).putAll({ "0:a": "1", "1:b": "2" });
        c.advance(500);
        for (let i = 0; i < deliveries; i++) {
          for (const [from, to] of [
            [0, 1],
            [1, 0],
          ] as const) {
            deliverOne(c, from, to);
          }
        }
        if (deliveries % 2 === 0) c.node(1, crashed).checkpoint();
        c.crash(c.node(1, crashed));
        c.releaseAll();
        c.restart(c.node(1, crashed));
        c.advance(10_000);
        const bob = c.session(1, 1).snapshot("0:a", "1:b");
        c.advance(100);
        expect(bob.values).toEqual(["1", "2"]);
        for (const node of c.nodes) expect(node.core.coordinator.table.size).toBe(0);
        expect(c.node(1, 0).core.state.local(0)?.appliedOf(0).watermark).toBe(1);
      }
    }
  });
});
