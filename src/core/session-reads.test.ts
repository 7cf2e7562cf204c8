import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { dirtyBytesMax, readsTogetherMax } from "../shared/limits.ts";

/** Three nodes of one datacenter; partition p is on node p. */
function threeNodes(): Cluster {
  const c = new Cluster({ datacenters: 1, nodes: 3, partitions: 3 });
  c.advance(100);
  const writer = c.session(0);
  for (const key of ["0:a", "1:a", "2:a", "1:b", "2:b"]) writer.put(key, `old ${key}`);
  c.settle();
  return c;
}

describe("reads of a pipeline that have several owners", () => {
  it("go to all of them at once, behind the first", () => {
    const c = threeNodes();
    const [self, one, two] = [c.node(0, 0), c.node(0, 1), c.node(0, 2)];
    c.hold(self, one);
    c.hold(self, two);
    const session = c.session(0, 0);
    const gets = ["1:a", "2:a", "0:a", "1:b", "2:b"].map((key) => session.get(key));
    c.settle();
    expect([c.underWay(self, one).length, c.underWay(self, two).length]).toEqual([1, 0]);
    c.deliver(self, one);
    c.settle();
    expect(gets.map(({ value }) => value)).toEqual(["old 1:a", ...gets.slice(1).map(() => undefined)]);
    expect([c.underWay(self, one).length, c.underWay(self, two).length]).toEqual([1, 1]);
    c.releaseAll();
    c.settle();
    expect(gets.map(({ value }) => value)).toEqual(["old 1:a", "old 2:a", "old 0:a", "old 1:b", "old 2:b"]);
    expect(session.session.idle).toBe(true);
  });

  it("see no effect without its cause, whichever is asked for first", () => {
    const c = threeNodes();
    const [self, one, two] = [c.node(0, 0), c.node(0, 1), c.node(0, 2)];
    c.hold(self, two);
    const session = c.session(0, 0);
    session.get("1:a");
    const [effect, cause] = [session.get("2:b"), session.get("1:b")];
    c.settle();
    // The cause is looked for, and not there; then both are written; then the effect is looked for.
    expect(c.underWay(self, one)).toEqual([]);
    const writer = c.session(0, 1);
    writer.put("1:b", "cause");
    c.settle();
    writer.put("2:b", "effect");
    c.settle();
    c.releaseAll();
    c.settle();
    expect([effect.value, cause.value]).toEqual(["effect", "cause"]);
  });

  it("have an outcome each where one of the owners cannot be reached", () => {
    const c = threeNodes();
    c.cut(c.node(0, 0), c.node(0, 2));
    c.settle();
    const session = c.session(0, 0);
    const gets = ["1:a", "2:a", "0:a", "2:b", "1:b"].map((key) => session.get(key));
    const put = session.put("0:a", "new");
    const last = session.get("0:a");
    c.settle();
    expect(gets.map(({ value, failure }) => failure ?? value)).toEqual([
      "old 1:a",
      "UNAVAILABLE",
      "old 0:a",
      "UNAVAILABLE",
      "old 1:b",
    ]);
    expect([put.state, last.value]).toEqual(["written", "new"]);
  });

  it("are waited for by the write behind them, which depends on all that they saw", () => {
    const c = new Cluster({ datacenters: 2, nodes: 3, partitions: 3 });
    c.advance(100);
    const writer = c.session(0);
    for (const key of ["1:a", "2:a", "0:a"]) writer.put(key, "1");
    c.settle();
    c.cutDatacenters(0, 1);
    for (const node of [0, 1, 2]) c.session(0, node).put(`${node}:a`, "2");
    c.settle();
    const session = c.session(0, 0);
    for (const key of ["1:a", "2:a", "0:a"]) session.get(key);
    const put = session.put("0:b", "effect");
    expect(put.done).toBe(false);
    c.settle();
    expect(put.dot).toBe("0/0/3");
    const shipped = c.node(0, 0).core.state.local(0)?.records.get("0:b");
    expect(shipped?.current?.value).toBe("effect");
    expect(session.dots).toEqual(["0/0/3"]);
    c.healDatacenters(0, 1);
    c.settle();
    const other = c.session(1, 0);
    expect(other.get("0:b").value).toBe("effect");
    const causes = ["1:a", "2:a"].map((key) => other.get(key));
    c.settle();
    expect(causes.map(({ value }) => value)).toEqual(["2", "2"]);
  });

  it("are no more than so many at once", () => {
    const c = threeNodes();
    const session = c.session(0, 0);
    const keys = Array.from({ length: 2 * readsTogetherMax + 10 }, (_, i) => `${i % 3}:a`);
    const gets = keys.map((key) => session.get(key));
    c.settle();
    expect(gets.map(({ value }) => value)).toEqual(keys.map((key) => `old ${key}`));
    // The first by itself, the others in three turns.
    expect(c.node(0, 0).core.state.counters.snapshots).toBe(3);
  });

  it("are dropped with their session, and not asked for again when they fail after that", () => {
    const c = threeNodes();
    const [self, two] = [c.node(0, 0), c.node(0, 2)];
    c.hold(self, two);
    const session = c.session(0, 0);
    const gets = ["1:a", "2:a", "1:b"].map((key) => session.get(key));
    c.settle();
    session.session.close();
    c.cut(self, two);
    c.settle();
    expect(gets.map(({ state }) => state)).toEqual(["read", "waiting", "waiting"]);
    expect(session.session.queued).toBe(0);
  });

  it("and read transactions go on while nothing may be proposed, as single reads do", () => {
    const c = threeNodes();
    for (const { core } of c.nodes) core.state.dirtyBytes = dirtyBytesMax;
    const gets = ["1:a", "2:a", "0:a"].map((key) => c.session(0, 0).get(key));
    const session = c.session(0, 0);
    const crossing = ["1:a", "2:a", "0:a"].map((key) => session.get(key));
    const snapshot = c.session(0, 0).snapshot("0:a", "1:a", "2:a");
    const put = c.session(0, 0).putAll({ "0:a": "new", "0:b": "new" });
    c.settle();
    const values = ["old 1:a", "old 2:a", "old 0:a"];
    expect([gets, crossing].map((reads) => reads.map(({ value }) => value))).toEqual([values, values]);
    expect([snapshot.done, put.done]).toEqual([true, false]);
  });
});
