/*
 * How write transactions end for those who asked for them.
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "../testing/cluster.ts";
import { assign } from "../testing/test-session.ts";
import type { TransactionOutcome } from "../testing/transaction-outcome.ts";
import { conditionAbsent } from "../../protocol/messages/forward.ts";

/** Partition p is on node p mod 2: keys "0:..." are on node 0, "1:..." on node 1. */
function pair(datacenters = 1): Cluster {
  const c = new Cluster({ datacenters, nodes: 2 });
  c.advance(100);
  return c;
}

describe("a condition that fails", () => {
  it.each([0, 1])("is told when what it was judged against is durable, on node %i", (n) => {
    const c = pair();
    const owner = c.node(0, n);
    owner.diskHeld = true;
    c.session(0, n).put(`${n}:a`, "1");
    c.settle();
    const request = { client: "c", number: 1, answeredBelow: 0 };
    const attempt = (): TransactionOutcome => {
      const writes = [assign("0:b", "2"), assign(`${n}:a`, "2", { condition: conditionAbsent, wantOld: true })];
      const outcome = c.session(0).putAll(writes, request);
      c.settle();
      return outcome;
    };
    const attempts = [attempt(), attempt()];
    expect(attempts.map(({ dot }) => dot)).toEqual(["open", "open"]);
    owner.diskHeld = false;
    c.settle();
    expect(attempts.map(({ dot }) => dot)).toEqual(["nothing", "nothing"]);
    expect(attempts[0]?.olds[1]?.value).toBe("1");
  });

  it("makes what its author writes next depend on what was found, on whichever node", () => {
    for (const n of [0, 1]) {
      const c = pair(2);
      c.cutDatacenters(0, 1);
      c.session(0, n).put(`${n}:a`, "1");
      c.advance(100);
      const bob = c.session(0);
      bob.putAll([assign("0:b", "2"), assign(`${n}:a`, "2", { condition: conditionAbsent })]);
      c.settle();
      expect(bob.dots).toEqual([`0/${n}/1`]);
    }
  });
});
