/*
 * How write transactions end for those who asked for them.
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "../testing/cluster.ts";
import { assign } from "../testing/test-session.ts";
import type { TransactionOutcome } from "../testing/transaction-outcome.ts";
import { Outcome } from "../testing/outcome.ts";
import { conditionAbsent, conditionPresent } from "../../protocol/messages/forward.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import { effectDelete, effectExpire } from "../../protocol/version.ts";
import type { RequestId } from "../../protocol/write.ts";
import {
  forwardedRequestTimeoutMs,
  prepareMsMax,
  preparedBytesMax,
  transactionBytesMax,
  transactionKeysMax,
} from "../../shared/limits.ts";

/** Partition p is on node p mod 2: keys "0:..." are on node 0, "1:..." on node 1. */
function pair(datacenters = 1): Cluster {
  const c = new Cluster({ datacenters, nodes: 2 });
  c.advance(100);
  return c;
}

/** What is under way from the coordinator, node 0, to the cohort, node 1, stays there. */
function heldPair(datacenters = 1): Cluster {
  const c = pair(datacenters);
  c.hold(c.node(0, 0), c.node(0, 1));
  return c;
}

/** Everything that is under way to the cohort arrives; what it leads to does not. */
function step(c: Cluster): void {
  const [coordinator, cohort] = [c.node(0, 0), c.node(0, 1)];
  for (let left = c.underWay(coordinator, cohort).length; left > 0; left--) c.deliver(coordinator, cohort);
  c.settle();
}

function visible(c: Cluster, datacenter: number, ...keys: string[]): readonly (string | undefined)[] | string {
  const snapshot = c.session(datacenter).snapshot(...keys);
  c.settle();
  return snapshot.values;
}

const both: Readonly<Record<string, string>> = { "0:a": "1", "1:b": "1" };

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

describe("a transaction that meets another one", () => {
  it("waits for those that judged its keys, and for nobody else", () => {
    const c = heldPair();
    const judged = c.session(0).putAll([assign("0:a", "1"), assign("1:b", "1", { condition: conditionAbsent })]);
    c.settle();
    step(c);
    // Prepared at the cohort. A plain write queues behind it, on another key it does not.
    const [queued, free] = [c.session(0, 1).put("1:b", "2"), c.session(0, 1).put("3:d", "2")];
    c.settle();
    expect([queued.done, free.done]).toEqual([false, true]);
    c.releaseAll();
    c.advance(100);
    expect([judged.dot, queued.state]).toEqual(["0/0/1", "written"]);
    expect(visible(c, 0, "0:a", "1:b")).toEqual(["1", "2"]);
  });

  it("does not wait for one that judged nothing: the greater version wins", () => {
    const c = heldPair();
    c.session(0).putAll(both);
    c.settle();
    step(c);
    const put = c.session(0, 1).put("1:b", "2");
    c.settle();
    expect(put.state).toBe("written");
    c.releaseAll();
    c.advance(100);
    // Decided before that write, committed after it.
    expect(visible(c, 0, "0:a", "1:b")).toEqual(["1", "2"]);
  });

  it("is begun again when both are judged, and finds what the first one left", () => {
    const c = heldPair();
    const first = c
      .session(0)
      .putAll([assign("0:a", "1", { condition: conditionAbsent }), assign("1:b", "1", { condition: conditionAbsent })]);
    c.settle();
    step(c);
    const writes = [assign("1:b", "2", { condition: conditionPresent }), assign("0:a", "2")];
    const second = c.session(0, 1).putAll(writes);
    c.settle();
    expect([first.dot, second.dot]).toEqual(["open", "open"]);
    c.releaseAll();
    c.advance(1_000);
    expect([first.dot, second.dot]).toEqual(["0/0/1", "0/1/2"]);
    expect(visible(c, 0, "0:a", "1:b")).toEqual(["2", "2"]);
    expect(c.node(0, 1).core.state.counters.transactionsInConflict).toBeGreaterThan(0);
  });

  it("gives up after some attempts, having done nothing", () => {
    const c = heldPair();
    c.session(0).putAll([assign("0:a", "1"), assign("1:b", "1", { condition: conditionAbsent })]);
    c.settle();
    step(c);
    // The decision does not come through for long.
    const second = c.session(0, 1).putAll([assign("1:b", "2", { condition: conditionPresent }), assign("3:c", "2")]);
    c.advance(4_000, 20);
    expect(second.dot).toBe("CONFLICT");
    c.releaseAll();
    c.advance(1_000);
    expect(visible(c, 0, "1:b", "3:c")).toEqual(["1", undefined]);
  });

  it("never waits in a circle: many that judge the same keys in every order all end", () => {
    const c = pair();
    const keys = ["0:a", "1:b", "2:c", "3:d"];
    const all = Array.from({ length: 24 }, (_, i) => {
      const order = [...keys.slice(i % 4), ...keys.slice(0, i % 4)];
      const writes = (i % 2 === 0 ? order : order.toReversed()).map((key) => assign(key, String(i), { wantOld: true }));
      return c.session(0, i % 2).putAll(writes);
    });
    c.advance(20_000, 20);
    const dots = all.map(({ dot }) => dot);
    expect(dots.filter((dot) => dot === "open")).toEqual([]);
    expect(dots.filter((dot) => dot.startsWith("0/")).length).toBeGreaterThan(0);
    expect(new Set(visible(c, 0, ...keys)).size).toBe(1);
    for (const { core } of c.nodes) expect([core.coordinator.table.size, core.cohort.table.size]).toEqual([0, 0]);
  });
});

describe("a numbered transaction that is repeated", () => {
  const request: RequestId = { client: "c", number: 7, answeredBelow: 7 };

  it("gets the one outcome, while it is under way, afterwards, and after a restart", () => {
    const c = heldPair();
    const again = (node = 0): TransactionOutcome => {
      const outcome = c.session(0, node).putAll(both, request);
      c.settle();
      return outcome;
    };
    const early = [again(), again()];
    expect(early.map(({ dot }) => dot)).toEqual(["open", "open"]);
    c.releaseAll();
    c.advance(100);
    expect([...early, again(), again(1)].map(({ dot }) => dot)).toEqual(["0/0/1", "0/0/1", "0/0/1", "0/0/1"]);
    for (const stored of [false, true]) {
      if (stored) c.node(0, 0).checkpoint();
      c.crash(c.node(0, 0));
      c.restart(c.node(0, 0));
      c.settle();
      const late = [again(), again(1)];
      expect(late.map(({ dot }) => dot)).toEqual(["0/0/1", "0/0/1"]);
    }
    expect(c.node(0, 0).core.state.counters.requestsRepeated).toBeGreaterThan(0);
    expect(visible(c, 0, "0:a", "1:b")).toEqual(["1", "1"]);
  });

  it("has failed for good when its condition failed, also once the condition would hold", () => {
    const c = pair();
    c.session(0).put("1:b", "there");
    c.settle();
    const writes = [assign("0:a", "2"), assign("1:b", "2", { condition: conditionAbsent })];
    const first = c.session(0).putAll(writes, request);
    c.advance(100);
    c.session(0, 1).delete("1:b");
    c.settle();
    const second = c.session(0).putAll(writes, request);
    c.advance(100);
    expect([first.dot, second.dot]).toEqual(["nothing", "nothing"]);
    expect(visible(c, 0, "0:a")).toEqual([undefined]);
  });

  it("does not depend on it anew: the session has seen it", () => {
    const c = pair(2);
    c.cutDatacenters(0, 1);
    c.session(0).putAll(both, request);
    c.advance(100);
    c.session(0).put("0:x", "1");
    c.settle();
    const bob = c.session(0);
    bob.get("0:x");
    bob.putAll(both, request);
    c.settle();
    expect(bob.dots.toSorted()).toEqual(["0/0/1", "0/0/2"]);
  });

  it("with another first key, or a number that was answered long ago, is refused", () => {
    const c = pair();
    c.session(0).putAll(both, request);
    c.advance(100);
    const other = c.session(0).putAll({ "2:c": "1", "0:a": "1" }, request);
    const old = c.session(0).putAll(both, { ...request, number: 3 });
    c.settle();
    expect([other.dot, old.dot]).toEqual(["STALEREQUEST", "STALEREQUEST"]);
  });
});

describe("the limits of transactions", () => {
  it("are on keys and bytes, and say so before anything is done", () => {
    const c = pair();
    const many = Array.from({ length: transactionKeysMax + 1 }, (_, i) => assign(`0:${i}`, "1"));
    const large = [assign("0:a", "v".repeat(transactionBytesMax)), assign("1:b", "1")];
    const outcomes = [many, large].map((writes) => c.session(0).putAll(writes));
    const most = c.session(0).putAll(many.slice(1));
    c.advance(100);
    for (const outcome of outcomes) expect(outcome.failure).toBeDefined();
    expect(most.dot).toMatch(/^0\/0\//);
    expect(visible(c, 0, "0:0", "0:1", "0:a")).toEqual([undefined, "1", undefined]);
  });

  it("let a cohort that has prepared enough refuse more, and take more when that has ended", () => {
    const c = pair();
    const { cohort } = c.node(0, 1).core;
    cohort.bytes += preparedBytesMax;
    const refused = c.session(0).putAll(both);
    c.advance(100);
    cohort.bytes -= preparedBytesMax;
    const taken = c.session(0).putAll(both);
    c.advance(100);
    expect([refused.dot, taken.dot, cohort.bytes]).toEqual(["BUSY", "0/0/1", 0]);
  });

  it("let a part of another datacenter's transaction wait for room, and lose nothing", () => {
    const c = pair(2);
    const { cohort } = c.node(1, 1).core;
    cohort.bytes += preparedBytesMax;
    c.session(0).putAll(both);
    c.advance(3_000, 100);
    expect(visible(c, 1, "0:a", "1:b")).toEqual([undefined, undefined]);
    cohort.bytes -= preparedBytesMax;
    c.advance(3_000, 100);
    expect(visible(c, 1, "0:a", "1:b")).toEqual(["1", "1"]);
  });
});

describe("a cohort that stays away", () => {
  it("before it has voted aborts the transaction: nothing was done", () => {
    const c = heldPair();
    const put = c.session(0).putAll(both);
    c.advance(prepareMsMax + 100, 100);
    expect(put.dot).toBe("UNAVAILABLE");
    c.releaseAll();
    c.advance(3_000, 100);
    expect(visible(c, 0, "0:a", "1:b")).toEqual([undefined, undefined]);
    expect(c.node(0, 1).core.cohort.table.size).toBe(0);
  });

  it("after the decision leaves its author without an answer in time, and commits when it is back", () => {
    const c = heldPair();
    const put = c.session(0).putAll(both);
    c.settle();
    step(c);
    c.crash(c.node(0, 1));
    c.advance(forwardedRequestTimeoutMs + 1_000, 100);
    expect(put.dot).toBe("UNKNOWNOUTCOME");
    expect(c.session(0).get("0:a").value).toBe("1");
    c.releaseAll();
    c.restart(c.node(0, 1));
    c.advance(3_000, 100);
    expect(visible(c, 0, "0:a", "1:b")).toEqual(["1", "1"]);
    expect(c.node(0, 0).core.coordinator.table.size).toBe(0);
  });

  it("before it was asked is noticed at once", () => {
    const c = pair();
    c.cut(c.node(0, 0), c.node(0, 1));
    const put = c.session(0).putAll(both);
    c.settle();
    expect(put.dot).toBe("UNAVAILABLE");
  });
});

describe("what transactions leave behind", () => {
  it("is one dot, for their author and for whoever reads any part", () => {
    const c = pair(2);
    c.cutDatacenters(0, 1);
    const alice = c.session(0);
    alice.put("2:before", "1");
    c.settle();
    alice.putAll(both);
    c.advance(100);
    expect(alice.dots).toEqual(["0/0/1"]);
    for (const key of ["0:a", "1:b"]) {
      const bob = c.session(0, 1);
      bob.get(key);
      c.settle();
      expect(bob.dots).toEqual(["0/0/1"]);
    }
  });

  it("is not depended on once it is applied everywhere", () => {
    const c = pair(2);
    c.session(0).putAll(both);
    c.advance(2_000, 100);
    const bob = c.session(1);
    bob.get("0:a");
    c.settle();
    expect(bob.dots).toEqual([]);
  });

  it("is waited for whole by what depends on one part, in a third datacenter", () => {
    const c = pair(3);
    c.hold(c.node(0, 1), c.node(2, 1));
    c.session(0).putAll(both);
    c.advance(500);
    const bob = c.session(1);
    bob.get("0:a");
    bob.put("2:after", "1");
    c.advance(1_000);
    expect(visible(c, 1, "0:a", "1:b", "2:after")).toEqual(["1", "1", "1"]);
    expect(visible(c, 2, "0:a", "1:b", "2:after")).toEqual([undefined, undefined, undefined]);
    expect(c.node(2, 0).core.gate.waitingCount).toBeGreaterThan(0);
    c.releaseAll();
    c.advance(3_000);
    expect(visible(c, 2, "0:a", "1:b", "2:after")).toEqual(["1", "1", "1"]);
  });

  it("may be one key, many keys of one partition, deletions and values that expire", () => {
    const c = pair(2);
    const end = c.nowMs + 5_000;
    c.session(0).put("1:gone", "1");
    c.session(0).put("1:prolonged", "1", { expiry: end });
    c.advance(500);
    const one = c.session(0).putAll({ "0:one": "1" });
    const same = c.session(0).putAll({ "0:s": "1", "0:t": "1", "0:u": "1" });
    const mixed = c
      .session(0)
      .putAll([
        assign("0:mixed", "1", { expiry: end }),
        { ...assign("1:gone", ""), effect: effectDelete },
        { ...assign("1:prolonged", "", { expiry: end + 60_000 }), effect: effectExpire },
      ]);
    c.advance(500);
    for (const outcome of [one, same, mixed]) expect(outcome.dot).toMatch(/^0\/0\//);
    const keys = ["0:one", "0:s", "0:t", "0:u", "0:mixed", "1:gone", "1:prolonged"];
    const before = ["1", "1", "1", "1", "1", undefined, "1"];
    for (const d of [0, 1]) expect(visible(c, d, ...keys)).toEqual(before);
    c.advance(6_000, 100);
    for (const d of [0, 1]) expect(visible(c, d, ...keys)).toEqual(before.with(4, undefined));
    c.advance(60_000, 500);
    for (const d of [0, 1]) expect(visible(c, d, ...keys)).toEqual(before.with(4, undefined).with(6, undefined));
    c.advance(20_000, 500);
    for (const node of c.nodes) node.checkpoint();
    for (const node of c.nodes) expect([...node.store.keys()].filter((key) => key.startsWith("g"))).toEqual([]);
  });

  it("is nothing, where an expiry is to be set on a key that is not there", () => {
    const c = pair();
    const expiring: WriteRequest = { ...assign("1:none", "", { expiry: c.nowMs + 1_000 }), effect: effectExpire };
    const put = c.session(0).putAll([assign("0:a", "1"), expiring]);
    c.advance(100);
    expect([put.dot, visible(c, 0, "0:a")]).toEqual(["nothing", [undefined]]);
  });

  it("comes in order with the session's other operations, pipelined", () => {
    const c = pair();
    const alice = c.session(0);
    alice.put("0:a", "before");
    alice.putAll({ "0:a": "1", "2:c": "1" });
    const after = alice.put("2:c", "after");
    const read = alice.get("0:a");
    const snapshot = alice.snapshot("0:a", "2:c", "1:b");
    alice.putAll(both);
    const barrier = new Outcome();
    alice.session.barrier(barrier, 0);
    c.advance(100);
    expect([after.state, read.value, snapshot.values]).toEqual(["written", "1", ["1", "after", undefined]]);
    expect(barrier.state).toBe("reached");
    expect(visible(c, 0, "0:a", "1:b", "2:c")).toEqual(["1", "1", "after"]);
  });
});
