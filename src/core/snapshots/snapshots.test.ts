import { describe, expect, it } from "vitest";
import { Cluster } from "../testing/cluster.ts";
import type { TestNode } from "../testing/test-node.ts";
import { maxSkewMs, transTimeMs } from "../../shared/limits.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import { ticksPerMs } from "../../protocol/hybrid-time.ts";

/** Partition p is on node p mod 2: keys "0:..." are on node 0, "1:..." on node 1. */
function pair(datacenters = 1): Cluster {
  const c = new Cluster({ datacenters, nodes: 2 });
  c.advance(100);
  return c;
}

/** Partition p is on node p. */
function three(): Cluster {
  const c = new Cluster({ datacenters: 1, nodes: 3, partitions: 3 });
  c.advance(100);
  return c;
}

interface Answer {
  done: boolean;
  values: readonly (string | undefined)[];
  failure: string | undefined;
}

/** What keys of a node show at a time; now, where that is 0. */
function readAt(node: TestNode, time: HybridTime, ...keys: string[]): Answer {
  const answer: Answer = { done: false, values: [], failure: undefined };
  node.turn((core) =>
    core.snapshots.read(keys, 0, time, (answers, failure) => {
      answer.done = true;
      answer.values = answers.map(({ version }) => (version?.deleted === true ? "deleted" : version?.value));
      answer.failure = failure;
    }),
  );
  return answer;
}

function now(node: TestNode): HybridTime {
  return node.turn((core) => core.clockTold);
}

describe("a snapshot of a key that was collected", () => {
  it("is taken at a time at which it was gone, also where another owner's clock is behind", () => {
    const c = pair();
    const [ahead, behind] = [c.node(0, 0), c.node(0, 1)];
    behind.skewMs = -25_000;
    c.session(0, 1).put("1:b", "b");
    const alice = c.session(0);
    alice.put("0:a", "a");
    alice.put("2:x", "x");
    c.advance(1_000);
    const deleted = alice.delete("2:x");
    c.advance(transTimeMs * 4);
    expect(deleted.done).toBe(true);
    expect(ahead.core.state.local(2)?.records.get("2:x")?.current).toBeUndefined();
    const snapshot = c.session(0).snapshot("2:x", "0:a", "1:b");
    c.advance(100);
    expect(snapshot.values).toEqual([undefined, "a", "b"]);
    expect(snapshot.time).toBeGreaterThanOrEqual(deleted.version?.visible ?? 0);
  });
});

describe("while one frame becomes durable", () => {
  it("a snapshot hears of the writes behind it in the same frame: what is not visible yet bounds what is promised", () => {
    const c = pair();
    const node = c.node(0, 0);
    c.session(0).put("0:x", "old");
    c.session(0).put("1:y", "old");
    c.advance(100);
    node.diskHeld = true;
    c.session(0).put("2:earlier", "1");
    c.settle();
    // One frame: Carol's write, behind which her snapshot waits, and then a new x.
    const carol = c.session(0);
    carol.put("2:a", "1");
    const both = carol.snapshot("0:x", "1:y");
    c.session(0).put("0:x", "new");
    c.settle();
    node.sync();
    c.advance(20);
    c.session(0, 1).put("1:y", "new");
    c.advance(20);
    node.diskHeld = false;
    c.settle();
    expect(both.values).toEqual(["new", "new"]);
  });

  it("whoever waits for one part of a transaction is told when all parts are visible", () => {
    const c = pair();
    const node = c.node(0, 0);
    c.session(0).putAll({ "0:a": "old", "2:b": "old" });
    c.advance(20);
    node.diskHeld = true;
    c.session(0).putAll({ "0:a": "new", "2:b": "new" });
    c.settle();
    c.advance(20);
    c.session(0, 1).put("1:later", "1");
    c.settle();
    const bob = c.session(0);
    const snapshot = bob.snapshot("2:b", "1:later");
    c.settle();
    const single = bob.get("0:a");
    node.diskHeld = false;
    c.settle();
    expect(snapshot.values).toEqual(["new", "1"]);
    expect(single.value).toBe("new");
  });
});

describe("a read of keys at one time", () => {
  it("shows what was visible then, tombstones too, for as long as that is kept, and then says that it is too old", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:other", "1");
    c.advance(100);
    const times: HybridTime[] = [now(node)];
    for (const value of ["1", "2"]) {
      c.session(0).put("0:x", value);
      c.advance(100);
      times.push(now(node));
    }
    c.session(0).delete("0:x");
    c.advance(100);
    times.push(now(node));
    const read = (): Answer[] => times.map((time) => readAt(node, time, "0:x"));
    const [, ...kept] = read();
    expect(kept.map(({ values }) => values)).toEqual([["1"], ["2"], ["deleted"]]);
    c.advance(transTimeMs + 100, 100);
    expect(read().map(({ failure }) => failure)).toEqual([
      "SNAPSHOTTOOOLD",
      "SNAPSHOTTOOOLD",
      "SNAPSHOTTOOOLD",
      undefined,
    ]);
    expect(node.core.state.counters.snapshotsTooOld).toBeGreaterThanOrEqual(3);
  });

  it("is not answered with nothing where older versions went with a restart, or left the store unread", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.session(0).put("0:y", "1");
    c.advance(500);
    const before = now(node);
    c.session(0).put("0:x", "2");
    c.advance(100);
    node.checkpoint();
    expect(readAt(node, before, "0:x", "0:y").values).toEqual(["1", "1"]);
    c.crash(node);
    c.restart(node);
    const [x, y] = [readAt(node, before, "0:x"), readAt(node, before, "0:y")];
    c.settle();
    expect(x.failure).toBe("SNAPSHOTTOOOLD");
    // What has not changed since is known.
    expect([y.failure, y.values]).toEqual([undefined, ["1"]]);
    // Written over without a look at what was there.
    c.session(0).put("0:z", "1");
    c.settle();
    expect(readAt(node, before, "0:z").failure).toBe("SNAPSHOTTOOOLD");
  });

  it("waits for the writes of its keys that are not durable yet, and for no others", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.session(0).put("0:y", "1");
    c.advance(100);
    node.diskHeld = true;
    c.session(0).put("0:x", "2");
    c.settle();
    const time = node.core.state.clock.peek(0);
    c.advance(10);
    const [x, y, first] = [readAt(node, time, "0:x"), readAt(node, time, "0:y"), readAt(node, 0, "0:x")];
    expect([x.done, y.values, first.values]).toEqual([false, ["1"], ["1"]]);
    node.diskHeld = false;
    c.settle();
    expect(x.values).toEqual(["2"]);
  });

  it("far ahead is answered once the disk knows that nothing will come at or below it, also after a crash", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1");
    c.advance(100);
    node.diskHeld = true;
    const time = node.core.state.clock.durableBound + 10_000 * ticksPerMs;
    const answer = readAt(node, time, "0:x");
    c.settle();
    expect(answer.done).toBe(false);
    node.diskHeld = false;
    c.settle();
    expect(answer.values).toEqual(["1"]);
    expect(node.core.state.clock.durableBound).toBeGreaterThanOrEqual(time);
    c.crash(node);
    c.restart(node);
    const put = c.session(0).put("0:x", "2");
    c.settle();
    expect(put.version?.time).toBeGreaterThan(time);
  });

  it("further ahead than clocks may be is refused", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    const time = node.core.state.clock.physicalTime + (maxSkewMs + 1_000) * ticksPerMs;
    const answer = readAt(node, time, "0:x");
    c.settle();
    expect(answer.failure).toBe("CLOCKSKEW");
  });

  it("that is pinned shows the same for as long as the pin is there, also what was not in memory", () => {
    const c = new Cluster({ datacenters: 1, cacheBytes: 1 });
    const node = c.node(0);
    for (const key of ["0:x", "0:y", "0:z"]) c.session(0).put(key, "old");
    c.advance(100);
    node.checkpoint();
    c.advance(transTimeMs * 2, 100);
    expect(node.core.state.local(0)?.records.size).toBe(0);
    const pin = node.turn((core) => core.pin());
    const time = pin?.time ?? 0;
    c.session(0).put("0:x", "new");
    c.session(0).delete("0:y");
    c.session(0).put("0:w", "new");
    c.advance(60_000, 500);
    node.checkpoint();
    c.advance(60_000, 500);
    const answer = readAt(node, time, "0:w", "0:x", "0:y", "0:z");
    c.settle();
    expect(answer.values).toEqual([undefined, "old", "old", "old"]);
    if (pin !== undefined) node.core.state.older.unpin(pin);
    expect(readAt(node, time, "0:x").failure).toBe("SNAPSHOTTOOOLD");
    c.advance(60_000, 500);
    expect(node.core.state.counters.tombstonesCollected).toBe(1);
  });

  it("asks the store for all of its keys at once", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    const keys = ["0:a", "1:b", "2:c", "0:a"];
    for (const key of keys) c.session(0).put(key, key);
    c.settle();
    node.checkpoint();
    c.crash(node);
    c.restart(node);
    node.loadsHeld = true;
    const snapshot = c.session(0).snapshot(...keys);
    c.settle();
    expect(node.loads.map(({ key }) => key)).toEqual(["0:a", "1:b", "2:c"]);
    for (const key of ["2:c", "0:a"]) node.answerLoads(key);
    expect(snapshot.done).toBe(false);
    node.loadsHeld = false;
    c.settle();
    expect(snapshot.values).toEqual(keys);
    for (const { records } of node.core.state.partitions.values()) {
      for (const { pins } of records.values()) expect(pins).toBe(0);
    }
  });
});

describe("a read transaction", () => {
  it("takes one round where every answer holds at the time of the newest, and a second one for those that do not", () => {
    const c = pair();
    c.session(0).put("0:x", "1");
    c.session(0, 1).put("1:y", "1");
    c.advance(100);
    const { counters } = c.node(0, 0).core.state;
    const quiet = c.session(0).snapshot("0:x", "1:y");
    c.settle();
    expect([quiet.values, counters.snapshots, counters.snapshotsSecondRound]).toEqual([["1", "1"], 1, 0]);
    // x is asked for first; y and a newer x are written before y is.
    c.hold(c.node(0, 0), c.node(0, 1));
    const busy = c.session(0).snapshot("0:x", "1:y");
    c.settle();
    c.advance(10);
    c.session(0).put("0:x", "2");
    c.settle();
    c.advance(10);
    c.session(0, 1).put("1:y", "2");
    c.releaseAll();
    expect([busy.values, counters.snapshots, counters.snapshotsSecondRound]).toEqual([["2", "2"], 2, 1]);
  });

  it("begins again by itself when its second round comes too late", () => {
    const c = three();
    const [a, b, bob] = [c.node(0, 0), c.node(0, 1), c.node(0, 2)];
    c.session(0, 0).put("0:x", "1");
    c.session(0, 1).put("1:y", "1");
    c.advance(100);
    c.hold(bob, b);
    const snapshot = c.session(0, 2).snapshot("0:x", "1:y");
    c.settle();
    c.advance(10);
    c.session(0, 1).put("1:y", "2");
    c.settle();
    c.hold(bob, a);
    c.release(bob, b);
    for (const value of ["2", "3"]) {
      c.session(0, 0).put("0:x", value);
      c.advance(10);
    }
    c.advance(transTimeMs + 1_000, 100);
    expect(snapshot.done).toBe(false);
    c.release(bob, a);
    expect(snapshot.values).toEqual(["3", "2"]);
    expect(a.core.state.counters.snapshotsTooOld).toBe(1);
    expect(bob.core.state.counters.snapshots).toBe(1);
  });

  it("shows no less than its session has seen elsewhere, by whichever node's clock", () => {
    const c = three();
    c.node(0, 1).skewMs = 20_000;
    c.session(0, 1).put("1:ahead", "1");
    c.settle();
    const bob = c.session(0, 2);
    bob.get("1:ahead");
    c.settle();
    const put = bob.put("0:x", "after");
    c.settle();
    const [both, alone] = [bob.snapshot("0:x", "2:z"), bob.snapshot("0:x")];
    c.settle();
    expect([both.values, alone.values]).toEqual([["after", undefined], ["after"]]);
    expect(both.time).toBeGreaterThanOrEqual(put.version?.visible ?? Number.POSITIVE_INFINITY);
  });

  it("adds what it showed to the context, a tombstone's dot too, and nothing for a key that was never written", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "1");
    c.session(0).delete("1:y");
    c.settle();
    const bob = c.session(0);
    bob.snapshot("0:x", "1:y", "2:never");
    c.settle();
    expect(bob.dots.toSorted()).toEqual(["0/0/1", "0/1/1"]);
  });

  it("fails when the owner of a key cannot be reached, and lets the session go on", () => {
    const c = pair();
    c.cut(c.node(0, 0), c.node(0, 1));
    const bob = c.session(0);
    const [snapshot, put] = [bob.snapshot("0:x", "1:y"), bob.put("0:x", "1")];
    c.settle();
    expect([snapshot.values, put.state]).toEqual(["UNAVAILABLE", "written"]);
  });

  it("waits for no other datacenter: with every link cut it is answered", () => {
    const c = pair(3);
    c.session(0).putAll({ "0:x": "1", "1:y": "1" });
    c.advance(500);
    c.cutAll();
    c.session(0).putAll({ "0:x": "2", "1:y": "2" });
    c.settle();
    const all = [0, 1, 2].map((d) => c.session(d).snapshot("0:x", "1:y"));
    c.settle();
    expect(all.map(({ values }) => values)).toEqual([
      ["2", "2"],
      ["1", "1"],
      ["1", "1"],
    ]);
  });
});
