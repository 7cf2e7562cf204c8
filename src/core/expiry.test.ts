/*
 * Expiry (design, 3.7, 3.8): an absolute time inside the write, the same everywhere.
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { assign } from "./testing/test-session.ts";
import { conditionPresent } from "../protocol/messages/forward.ts";

/** Partition p is on node p mod 2. */
function pair(): Cluster {
  const c = new Cluster({ datacenters: 1, nodes: 2 });
  c.advance(100);
  return c;
}

describe("a value that has expired", () => {
  it("is nothing to single reads and snapshots, on a node where nothing has happened since either", () => {
    const c = pair();
    c.session(0).put("0:x", "1", { expiry: c.nowMs + 5_000 });
    c.advance(4_000, 100);
    expect(c.session(0).get("0:x").value).toBe("1");
    c.advance(20_000, 100);
    expect(c.session(0).get("0:x").value).toBeUndefined();
    const far = c.session(0, 1).get("0:x");
    const [near, both] = [c.session(0).snapshot("0:x"), c.session(0).snapshot("0:x", "1:y")];
    c.settle();
    expect(far.value).toBeUndefined();
    expect([near.values, both.values]).toEqual([[undefined], [undefined, undefined]]);
  });

  it("is nothing to those who are told of it by another node, whose clock is behind the owner's", () => {
    const c = pair();
    c.node(0, 0).skewMs = -30_000;
    const expiring = (): void => {
      c.session(0, 1).put("1:a", "1", { expiry: c.nowMs + 1_000 });
      c.advance(5_000);
    };
    expiring();
    const replacing = c.session(0).put("1:a", "2", { wantOld: true });
    c.settle();
    expect([replacing.old?.deleted, replacing.old?.value]).toEqual([true, ""]);
    expiring();
    const conditional = c.session(0).put("1:a", "2", { condition: conditionPresent });
    c.settle();
    expect([conditional.version, conditional.old?.deleted]).toEqual([undefined, true]);
    const inTransaction = c.session(0).putAll([assign("1:a", "3", { wantOld: true })]);
    c.settle();
    expect([inTransaction.olds[0]?.deleted, inTransaction.olds[0]?.value]).toEqual([true, ""]);
  });

  it("stays nothing to a session that has seen it so, also where a clock is behind", () => {
    const c = pair();
    c.node(0, 0).skewMs = -30_000;
    c.session(0, 1).put("1:a", "1", { expiry: c.nowMs + 1_000 });
    c.advance(5_000);
    // Nothing more happens at the owner; the other node's wall clock says that it is alive.
    const bob = c.session(0);
    const conditional = bob.put("1:a", "2", { condition: conditionPresent });
    c.settle();
    expect(conditional.version).toBeUndefined();
    const [get, snapshot] = [bob.get("1:a"), bob.snapshot("1:a")];
    c.settle();
    expect([get.value, snapshot.values]).toEqual([undefined, [undefined]]);
  });
});
