/*
 * Expiry (design, 3.7, 3.8): an absolute time inside the write, the same everywhere.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { Outcome } from "./testing/outcome.ts";
import { assign } from "./testing/test-session.ts";
import type { TestSession } from "./testing/test-session.ts";
import { conditionPresent, expiryKept } from "../protocol/messages/forward.ts";
import { effectExpire } from "../protocol/version.ts";

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

/** Sets an expiry; with 0, ends it. */
function expire(session: TestSession, key: string, expiry: number): Outcome {
  const outcome = new Outcome();
  session.session.write({ ...assign(key, "", { expiry }), effect: effectExpire }, outcome, 0);
  return outcome;
}

/** What a datacenter shows of a key, and until when. */
function shown(c: Cluster, datacenter: number, key: string): string {
  const get = c.session(datacenter).get(key);
  c.settle();
  const { version } = get;
  return version === undefined
    ? "nothing"
    : `${version.value} until ${version.expiry}, ${version.deleted ? "dead" : "alive"}`;
}

/** One key, the same in three datacenters, which are then left alone. */
function apart(): { c: Cluster; end: number } {
  const c = new Cluster({ datacenters: 3 });
  c.advance(100);
  const end = c.nowMs + 1_000_000;
  c.session(0).put("0:x", "old", { expiry: end });
  c.advance(1_000, 100);
  c.cutAll();
  return { c, end };
}

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** The datacenters come together, pair by pair, in some order. */
function join(c: Cluster, order: readonly number[]): void {
  const pairs = [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const;
  for (const which of order) {
    const [a, b] = pairs[which] ?? pairs[0];
    c.healDatacenters(a, b);
    c.advance(200, 100);
  }
  c.advance(3_000, 500);
}

describe("setting an expiry", () => {
  it("changes what everybody sees of the value, and ending it does so again", () => {
    const { c, end } = apart();
    join(c, orders[0]);
    expire(c.session(1), "0:x", end + 5);
    c.advance(500);
    for (const d of [0, 1, 2]) expect(shown(c, d, "0:x")).toBe(`old until ${end + 5}, alive`);
    const reader = c.session(2);
    reader.get("0:x");
    c.settle();
    expire(c.session(2), "0:x", 0);
    c.advance(500);
    for (const d of [0, 1, 2]) expect(shown(c, d, "0:x")).toBe("old until 0, alive");
  });

  it.each(orders)(
    "concurrently with a new value leaves that value as it is, whatever comes first (%i, %i, %i)",
    (...order) => {
      const { c, end } = apart();
      const setter = c.session(0);
      setter.put("0:x", "new");
      c.advance(10);
      // Later, but on the version before.
      expire(c.session(1), "0:x", end + 5);
      c.settle();
      expect(shown(c, 1, "0:x")).toBe(`old until ${end + 5}, alive`);
      join(c, order);
      for (const d of [0, 1, 2]) expect(shown(c, d, "0:x")).toBe("new until 0, alive");
    },
  );

  it.each(orders)("twice concurrently ends with the later one everywhere (%i, %i, %i)", (...order) => {
    const { c, end } = apart();
    expire(c.session(0), "0:x", end + 7);
    c.advance(10);
    expire(c.session(1), "0:x", end + 5);
    c.settle();
    join(c, order);
    for (const d of [0, 1, 2]) expect(shown(c, d, "0:x")).toBe(`old until ${end + 5}, alive`);
  });

  it("is something to depend on: who has seen it is shown nowhere without it", () => {
    const { c } = apart();
    expire(c.session(0), "0:x", 0);
    c.settle();
    const bob = c.session(0);
    bob.get("0:x");
    c.settle();
    expect(bob.dots).toEqual(["0/0/2"]);
  });

  it("converges with everything else that may be done to a key, in whatever order it comes", () => {
    const kind = fc.constantFrom("set", "set with expiry", "keep", "expire", "persist", "delete");
    const action = fc.record({ kind, at: fc.nat(2), gap: fc.nat(20), later: fc.integer({ min: 1, max: 2_000 }) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 14 }), fc.infiniteStream(fc.nat(99)), (actions, random) => {
        const c = new Cluster({ datacenters: 3, partitions: 1 });
        c.advance(100);
        c.holdAll();
        for (const [i, { kind: what, at, gap, later }] of actions.entries()) {
          const session = c.session(at);
          const expiry = c.nowMs + later;
          if (what === "set") session.put("0:x", `${i}`);
          else if (what === "set with expiry") session.put("0:x", `${i}`, { expiry });
          else if (what === "keep") session.put("0:x", `${i}`, { expiry: expiryKept });
          else if (what === "expire") expire(session, "0:x", expiry);
          else if (what === "persist") expire(session, "0:x", 0);
          else session.delete("0:x");
          c.advance(gap, 20);
          const which = random.next().value as number;
          const [from, to] = [c.node(which % 3), c.node((which + 1 + (which % 2)) % 3)];
          const frames = c.underWay(from, to);
          if (frames.length > 0) c.deliver(from, to, which % frames.length);
          c.settle();
        }
        c.releaseAll();
        c.advance(1_000, 500);
        expect(new Set([0, 1, 2].map((d) => shown(c, d, "0:x"))).size).toBe(1);
        c.advance(20_000, 500);
        for (const node of c.nodes) node.checkpoint();
        const last = new Set([0, 1, 2].map((d) => shown(c, d, "0:x")));
        expect(last.size).toBe(1);
        for (const node of c.nodes) {
          c.crash(node);
          c.restart(node);
        }
        c.advance(1_000, 500);
        expect(new Set([0, 1, 2].map((d) => shown(c, d, "0:x")))).toEqual(last);
      }),
      { numRuns: 60 },
    );
  });
});
