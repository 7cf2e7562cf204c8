import { describe, expect, it } from "vitest";
import { Cluster } from "../testing/cluster.ts";

/** Partition p is on node p mod 2: keys "0:..." are on node 0, "1:..." on node 1. */
function pair(datacenters = 1): Cluster {
  const c = new Cluster({ datacenters, nodes: 2 });
  c.advance(100);
  return c;
}

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
