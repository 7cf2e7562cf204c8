import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { Outcome } from "./testing/outcome.ts";
import type { TestNode } from "./testing/test-node.ts";
import { conditionAbsent, conditionPresent } from "../protocol/messages/forward.ts";
import { originOf } from "../protocol/version.ts";
import { contextDotsMax, forwardedRequestTimeoutMs, sessionQueueMax } from "../shared/limits.ts";

/** One datacenter of three nodes; partition p is at node p. */
function oneDatacenter(): { c: Cluster; a: TestNode; b: TestNode; d: TestNode } {
  const c = new Cluster({ datacenters: 1, nodes: 3, partitions: 3 });
  return { c, a: c.node(0, 0), b: c.node(0, 1), d: c.node(0, 2) };
}

describe("writes of a session to this node's log", () => {
  it("are answered only when durable", () => {
    const { c, a } = oneDatacenter();
    a.diskHeld = true;
    const put = c.session(0).put("0:x", "1");
    c.settle();
    expect(put.done).toBe(false);
    a.sync();
    expect(put.dot).toBe("0/0/1");
  });

  it("follow one another without waiting for the disk: one sync for a whole pipeline", () => {
    const { c, a } = oneDatacenter();
    a.diskHeld = true;
    const alice = c.session(0);
    const puts = ["1", "2", "3", "4"].map((value) => alice.put("0:x", value));
    c.settle();
    a.sync();
    expect(puts.map((put) => put.dot)).toEqual(["0/0/1", "0/0/2", "0/0/3", "0/0/4"]);
    expect(a.core.state.counters.frames).toBe(1);
  });

  it("depend each on the one before", () => {
    const { c } = oneDatacenter();
    const alice = c.session(0);
    alice.put("0:x", "1");
    expect(alice.dots).toEqual(["0/0/1"]);
    alice.put("0:y", "2");
    expect(alice.dots).toEqual(["0/0/2"]);
  });

  it("wait, before a write at another node, until they are durable", () => {
    const { c, a, b } = oneDatacenter();
    a.diskHeld = true;
    const alice = c.session(0);
    alice.put("0:x", "1");
    const second = alice.put("1:y", "2");
    c.settle();
    expect(b.core.state.counters.writesLocal).toBe(0);
    a.sync();
    c.settle();
    expect(second.dot).toBe("0/1/1");
  });

  it("wait for the answer of a write at another node", () => {
    const { c, a, b } = oneDatacenter();
    c.hold(b, a);
    const alice = c.session(0);
    alice.put("1:y", "1");
    const second = alice.put("0:x", "2");
    c.settle();
    expect(second.done).toBe(false);
    expect(alice.dots).toEqual([]);
    c.release(b, a);
    expect(second.done).toBe(true);
    expect(alice.dots).toEqual(["0/0/1"]);
  });
});

describe("reads of a session", () => {
  it("of a key that it is writing wait for that write; of another key they do not", () => {
    const { c, a } = oneDatacenter();
    a.diskHeld = true;
    const alice = c.session(0);
    alice.put("0:x", "1");
    const other = alice.get("0:y");
    const own = alice.get("0:x");
    c.settle();
    a.answerLoads();
    expect(other.state).toBe("read");
    expect(own.done).toBe(false);
    a.sync();
    expect(own.value).toBe("1");
  });

  it("of somebody else's write that is not durable show what was there before", () => {
    const { c, a } = oneDatacenter();
    c.session(0).put("0:x", "old");
    c.settle();
    a.diskHeld = true;
    c.session(0).put("0:x", "new");
    const get = c.session(0).get("0:x");
    c.settle();
    expect(get.value).toBe("old");
  });

  it("at one other node may be under way together, at two they may not", () => {
    const { c, a, b, d } = oneDatacenter();
    c.hold(a, b);
    c.hold(a, d);
    const alice = c.session(0);
    alice.get("1:x");
    alice.get("1:y");
    alice.get("2:z");
    c.settle();
    expect(a.core.state.counters.readsForwarded).toBe(2);
    expect(c.underWay(a, d)).toEqual([]);
    c.release(a, b);
    expect(c.underWay(a, d).length).toBe(1);
  });

  it("here wait for those at another node: the first could see an effect, the second miss its cause", () => {
    const { c, a, b } = oneDatacenter();
    c.hold(a, b);
    const alice = c.session(0);
    const effect = alice.get("1:effect");
    const cause = alice.get("0:cause");
    c.settle();
    c.session(0).put("0:cause", "1");
    c.settle();
    c.session(0, 1).put("1:effect", "2");
    c.settle();
    expect(cause.done).toBe(false);
    c.release(a, b);
    expect([effect.value, cause.value]).toEqual(["2", "1"]);
  });

  it("are answered by their owner in their order, also when the first has to wait for the store", () => {
    const { c, a, b } = oneDatacenter();
    const writer = c.session(0, 1);
    writer.put("1:y", "in memory");
    c.settle();
    b.loadsHeld = true;
    const order: string[] = [];
    const alice = c.session(0);
    const first = alice.get("1:x");
    const second = alice.get("1:y");
    c.settle();
    expect(second.done).toBe(false);
    b.answerLoads();
    c.settle();
    order.push(first.state, second.state);
    expect(order).toEqual(["read", "read"]);
    expect(second.value).toBe("in memory");
    expect(a.core.state.counters.readsForwarded).toBe(2);
  });

  it("are waited for by the writes behind them, which depend on what they saw", () => {
    const { c, a, b } = oneDatacenter();
    c.session(0, 1).put("1:x", "seen");
    c.settle();
    c.hold(b, a);
    const alice = c.session(0);
    alice.get("1:x");
    const put = alice.put("0:y", "1");
    c.settle();
    expect(a.core.state.counters.writesLocal).toBe(0);
    c.release(b, a);
    expect(put.dot).toBe("0/0/1");
  });

  it("raise the floor to the clock of whoever answered, also for a key that was never written", () => {
    const { c, b } = oneDatacenter();
    b.skewMs = 20_000;
    const warm = c.session(0, 1);
    warm.put("1:x", "1");
    c.settle();
    const alice = c.session(0);
    const get = alice.get("1:never");
    c.settle();
    expect(get.state).toBe("read");
    expect(alice.session.context.floor).toBe(b.core.clockTold);
    const put = alice.put("0:y", "2");
    c.settle();
    expect(put.version?.time).toBeGreaterThan(b.core.clockTold);
  });

  it("add what they saw to the context, a tombstone too, and a key never written nothing", () => {
    const c = new Cluster({ datacenters: 2, nodes: 1, partitions: 4 });
    c.cutDatacenters(0, 1);
    const alice = c.session(0);
    alice.put("0:x", "1");
    alice.delete("1:y");
    c.settle();
    const bob = c.session(0);
    bob.get("0:x");
    bob.get("1:y");
    bob.get("2:never");
    c.settle();
    expect(bob.dots).toEqual(["0/0/1", "0/1/1"]);
    expect(bob.get("1:y").version?.deleted).toBe(true);
  });
});

describe("the context of a session", () => {
  it("collapses where it saw too much, and the node counts it", () => {
    const { c, a } = oneDatacenter();
    const { session } = c.session(0);
    for (let seq = 1; seq <= contextDotsMax + 1; seq++) session.context.saw(originOf(1, 0), seq);
    expect(session.context.dependencies()).toEqual({ dots: [], prefixes: [originOf(1, 0), contextDotsMax + 1] });
    expect(a.core.state.counters.contextCollapses).toBe(1);
  });
});

describe("an operation that cannot be carried out", () => {
  it("fails at once when the owner's link is down: nothing was done", () => {
    const { c, a, b } = oneDatacenter();
    c.cut(a, b);
    const alice = c.session(0);
    const [get, put, here] = [alice.get("1:x"), alice.put("1:x", "1"), alice.put("0:x", "1")];
    c.settle();
    expect([get.failure, put.failure, here.state]).toEqual(["UNAVAILABLE", "UNAVAILABLE", "written"]);
  });

  it("has an unknown outcome when the link breaks under a write, and did nothing when it was a read", () => {
    const { c, a, b } = oneDatacenter();
    c.hold(b, a);
    const alice = c.session(0);
    const [bob, carol] = [c.session(0), c.session(0)];
    const put = alice.put("1:x", "1");
    const get = bob.get("1:x");
    const behind = alice.put("0:x", "2");
    c.settle();
    c.cut(a, b);
    c.settle();
    expect([put.failure, get.failure, behind.state]).toEqual(["UNKNOWNOUTCOME", "UNAVAILABLE", "written"]);
    c.heal(a, b);
    c.releaseAll();
    const after = carol.get("1:x");
    c.settle();
    expect(after.value).toBe("1");
  });

  it("fails once, also where what waits behind it fails as soon as it may start", () => {
    const { c, a, b } = oneDatacenter();
    c.hold(a, b);
    const alice = c.session(0);
    const first = alice.put("1:x", "1");
    const behind = [alice.get("0:x"), alice.get("1:y"), alice.put("1:z", "2"), alice.get("2:w"), alice.put("0:x", "3")];
    c.settle();
    c.cut(a, b);
    c.settle();
    expect(first.failure).toBe("UNKNOWNOUTCOME");
    expect(behind.map(({ state }) => state)).toEqual(["read", "failed", "failed", "read", "written"]);
  });

  it("fails when no answer comes in time, although the link is up", () => {
    const { c, a, b } = oneDatacenter();
    c.hold(a, b);
    const alice = c.session(0);
    const [get, put] = [c.session(0).get("1:x"), alice.put("1:x", "1")];
    c.settle();
    c.drop(a, b);
    c.advance(forwardedRequestTimeoutMs + 1_000, 500);
    expect([get.failure, put.failure]).toEqual(["UNAVAILABLE", "UNKNOWNOUTCOME"]);
    expect(a.core.forwarding.count).toBe(0);
  });

  it("does not mind an answer that comes after it failed", () => {
    const { c, a, b } = oneDatacenter();
    c.hold(b, a);
    const put = c.session(0).put("1:x", "1");
    c.settle();
    c.advance(forwardedRequestTimeoutMs + 1_000, 500);
    expect(put.failure).toBe("UNKNOWNOUTCOME");
    c.release(b, a);
    expect(put.failure).toBe("UNKNOWNOUTCOME");
  });

  it("is refused when too much waits before it", () => {
    const { c, a, b } = oneDatacenter();
    c.hold(a, b);
    const alice = c.session(0);
    alice.put("1:x", "1");
    for (let i = 0; i < sessionQueueMax; i++) alice.get("0:x");
    expect(alice.session.queued).toBe(sessionQueueMax);
    expect(alice.get("0:x").failure).toBe("BUSY");
    alice.session.close();
    expect(alice.session.queued).toBe(0);
  });

  it("is a write while writes are refused; reads go on", () => {
    const { c, a } = oneDatacenter();
    const alice = c.session(0);
    alice.put("0:x", "1");
    c.settle();
    a.turn((core) => core.refuseWrites("the disk is full"));
    expect(alice.put("0:x", "2").failure).toBe("READONLY");
    const forwarded = c.session(0, 1).put("0:x", "3");
    c.settle();
    expect(forwarded.failure).toBe("READONLY");
    expect(alice.get("0:x").value).toBe("1");
    a.turn((core) => core.refuseWrites(undefined));
    alice.put("0:x", "4");
    c.settle();
    expect(alice.get("0:x").value).toBe("4");
  });
});

describe("a barrier", () => {
  it("is reached when everything before it is answered, and durable", () => {
    const { c, a, b } = oneDatacenter();
    a.diskHeld = true;
    const alice = c.session(0);
    const put = alice.put("0:x", "1");
    const barrier = alice.barrier();
    const behind = alice.get("1:y");
    c.settle();
    expect([put.done, barrier.done, behind.done]).toEqual([false, false, false]);
    a.sync();
    c.settle();
    expect([put.done, barrier.done, behind.done]).toEqual([true, true, true]);
    expect(b.isUp).toBe(true);
  });
});

describe("a conditional write", () => {
  it("is judged with writes that are not durable yet, and answered only when those are", () => {
    const { c, a } = oneDatacenter();
    a.diskHeld = true;
    c.session(0).put("0:x", "first");
    const nx = c.session(0).put("0:x", "second", { condition: conditionAbsent });
    const xx = c.session(0).put("0:x", "third", { condition: conditionPresent, wantOld: true });
    c.settle();
    expect([nx.done, xx.done]).toEqual([false, false]);
    a.sync();
    c.settle();
    if (a.isSyncing) a.sync();
    expect([nx.state, nx.dot, nx.old?.value]).toEqual(["written", undefined, "first"]);
    expect([xx.dot, xx.old?.value]).toEqual(["0/0/2", "first"]);
  });

  it("lets exactly one of two through, here or forwarded", () => {
    const { c } = oneDatacenter();
    for (const key of ["0:x", "1:x"]) {
      const [one, other] = [c.session(0), c.session(0)];
      const outcomes = [one, other].map((session) => session.put(key, "mine", { condition: conditionAbsent }));
      c.settle();
      expect(outcomes.map((outcome) => outcome.version !== undefined)).toEqual([true, false]);
    }
  });

  it("takes a deleted key for absent, and what it saw for a dependency", () => {
    const c = new Cluster({ datacenters: 2, nodes: 1 });
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "1");
    const nx = c.session(0);
    nx.put("0:x", "2", { condition: conditionAbsent });
    expect(nx.dots).toEqual(["0/0/1"]);
    c.session(0).delete("0:x");
    const xx = c.session(0);
    const failed = xx.put("0:x", "3", { condition: conditionPresent });
    c.settle();
    expect([failed.state, failed.dot]).toEqual(["written", undefined]);
    expect(xx.dots).toEqual(["0/0/2"]);
    const again = c.session(0).put("0:x", "4", { condition: conditionAbsent });
    c.settle();
    expect(again.dot).toBe("0/0/3");
  });

  it("is judged against the store when the key is not in memory", () => {
    const { c, a } = oneDatacenter();
    c.session(0).put("0:x", "stored");
    c.settle();
    a.checkpoint();
    c.crash(a);
    c.restart(a);
    c.settle();
    a.loadsHeld = true;
    const nx = c.session(0).put("0:x", "new", { condition: conditionAbsent });
    const forwarded = c.session(0, 1).put("0:x", "new", { condition: conditionAbsent });
    c.settle();
    expect([nx.done, forwarded.done]).toEqual([false, false]);
    a.loadsHeld = false;
    c.settle();
    for (const outcome of [nx, forwarded]) expect([outcome.state, outcome.dot]).toEqual(["written", undefined]);
    expect(nx.old?.value).toBe("stored");
  });
});

describe("callbacks of a session", () => {
  it("may submit more, which takes effect behind what is queued, and sees the session's own writes", () => {
    const { c, a } = oneDatacenter();
    const { session } = c.session(0);
    const story = c.session(0);
    const seen: (string | undefined)[] = [];
    const reads: Outcome[] = [];
    a.diskHeld = true;
    const first = story.put("0:a", "1");
    const original = first.writeDone.bind(first);
    first.writeDone = (tag, version, old) => {
      original(tag, version, old);
      reads.push(story.get("0:b"));
    };
    story.put("0:b", "2");
    c.settle();
    a.sync();
    c.settle();
    for (const read of reads) seen.push(read.value);
    expect(seen).toEqual(["2"]);
    expect(session.idle).toBe(true);
  });

  it("may each submit the next for as long as they like: what has started takes no room in the queue", () => {
    const { c } = oneDatacenter();
    const alice = c.session(0);
    alice.put("0:x", "1");
    c.settle();
    // Something that waits, so that what follows is queued.
    alice.get("1:y");
    let left = sessionQueueMax * 2;
    let failed: string | undefined;
    const submit = (): void => {
      const read = alice.get("0:x");
      const answered = read.readDone.bind(read);
      read.readDone = (tag, version) => {
        answered(tag, version);
        if (--left > 0) submit();
      };
      failed ??= read.failure;
    };
    submit();
    c.settle();
    expect([left, failed]).toEqual([0, undefined]);
    expect(alice.session.queued).toBe(0);
  });

  it("of a long pipeline of reads do not pile up on the stack", () => {
    const { c } = oneDatacenter();
    const alice = c.session(0);
    alice.put("0:x", "1");
    c.settle();
    const held = alice.get("1:y");
    const reads = Array.from({ length: 50_000 }, () => alice.get("0:x"));
    c.settle();
    expect(held.state).toBe("read");
    expect(reads.every((read) => read.value === "1")).toBe(true);
  });
});
