/*
 * The access-control list and the album (paper, 4.6): Alice first makes her album "friends only" and then adds personal photos.
 * Eve must never see the new photos under the old list. Single reads would show her that, in either order; a read transaction
 * never does.
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TransactionOutcome } from "./testing/transaction-outcome.ts";

const acl = "0:acl";
const album = "1:album";

/** The list on node 0, the album on node 1, Eve at node 2 of the other datacenter; what Alice will do is under way there. */
function scene(alice: (put: (key: string, value: string) => void) => void): Cluster {
  const c = new Cluster({ datacenters: 2, nodes: 3, partitions: 3 });
  c.advance(100);
  const session = c.session(0);
  const put = (key: string, value: string): void => {
    session.put(key, value);
    c.settle();
    c.advance(10);
  };
  put(acl, "public");
  put(album, "harmless");
  c.advance(1_000, 100);
  for (const n of [0, 1]) {
    c.hold(c.node(0, n), c.node(1, n));
    c.hold(c.node(1, 2), c.node(1, n));
  }
  alice(put);
  return c;
}

function restrict(put: (key: string, value: string) => void): void {
  put(acl, "friends only");
  put(album, "personal");
}

/** What may happen, each once, in any order. */
const events: Readonly<Record<string, (c: Cluster) => void>> = {
  "the new list arrives": (c) => c.release(c.node(0, 0), c.node(1, 0)),
  "the new album arrives": (c) => c.release(c.node(0, 1), c.node(1, 1)),
  "Eve's question about the list arrives": (c) => c.release(c.node(1, 2), c.node(1, 0)),
  "Eve's question about the album arrives": (c) => c.release(c.node(1, 2), c.node(1, 1)),
};

function orders<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((first, i) => orders(list.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}

/** What Eve finds, in every order of events. */
function everyOrder(eve: (c: Cluster) => () => string): Set<string> {
  const found = new Set<string>();
  for (const order of orders(Object.keys(events))) {
    const c = scene(restrict);
    const finds = eve(c);
    c.settle();
    for (const event of order) {
      events[event]?.(c);
      c.advance(20);
    }
    c.advance(3_000, 100);
    found.add(finds());
  }
  return found;
}

function inWords({ values }: TransactionOutcome): string {
  return typeof values === "string" ? values : values.join(", ");
}

describe("Alice restricts her album and then adds personal photos", () => {
  it("and a snapshot shows Eve the old ones under the old list or the new list, never the new ones under the old list", () => {
    const found = everyOrder((c) => {
      const snapshot = c.session(1, 2).snapshot(acl, album);
      return () => inWords(snapshot);
    });
    expect([...found].toSorted()).toEqual(["friends only, harmless", "friends only, personal", "public, harmless"]);
  });

  it("whichever of the two Eve names first", () => {
    const found = everyOrder((c) => {
      const snapshot = c.session(1, 2).snapshot(album, acl);
      return () => inWords(snapshot);
    });
    expect(found).not.toContain("personal, public");
  });

  it("and single reads, first the list and then the album, do show her the new ones under the old list", () => {
    const found = everyOrder((c) => {
      const eve = c.session(1, 2);
      const [list, photos] = [eve.get(acl), eve.get(album)];
      return () => `${list.value}, ${photos.value}`;
    });
    expect(found).toContain("public, personal");
  });

  it("and opens it again when they are gone: reading the album first would not have helped", () => {
    const reopen = (put: (key: string, value: string) => void): void => {
      restrict(put);
      put(album, "harmless again");
      put(acl, "public again");
    };
    const c = scene(restrict);
    for (const event of Object.values(events)) event(c);
    c.advance(1_000, 100);
    const eve = c.session(1, 2);
    const photos = eve.get(album);
    c.settle();
    const snapshot = c.session(1, 2).snapshot(acl, album);
    c.settle();
    c.session(0).put(album, "harmless again");
    c.advance(1_000, 100);
    const alice = c.session(0);
    alice.get(album);
    alice.put(acl, "public again");
    c.advance(1_000, 100);
    const list = eve.get(acl);
    c.settle();
    expect([photos.value, list.value]).toEqual(["personal", "public again"]);
    expect(inWords(snapshot)).toBe("friends only, personal");
    // A snapshot at any moment of all this shows one of the states that Alice left behind, or one on the way to the next.
    const allowed = new Set([
      "public, harmless",
      "friends only, harmless",
      "friends only, personal",
      "friends only, harmless again",
      "public again, harmless again",
    ]);
    const moving = scene(reopen);
    const found: TransactionOutcome[] = [];
    for (const n of [0, 1]) moving.release(moving.node(1, 2), moving.node(1, n));
    const left = (n: number): number => moving.underWay(moving.node(0, n), moving.node(1, n)).length;
    for (let i = 0; left(0) + left(1) > 0; i++) {
      const n = left(i % 2) > 0 ? i % 2 : 1 - (i % 2);
      moving.deliver(moving.node(0, n), moving.node(1, n));
      found.push(moving.session(1, 2).snapshot(acl, album));
      moving.settle();
    }
    expect(found.length).toBeGreaterThan(3);
    for (const one of found) expect(allowed).toContain(inWords(one));
  });

  it("in one write transaction, and even single reads in that order never show the new photos first", () => {
    const c = scene(() => undefined);
    c.session(0).putAll({ [acl]: "friends only", [album]: "personal" });
    c.settle();
    c.advance(100);
    const eve = c.session(1, 2);
    for (const n of [0, 1]) c.release(c.node(1, 2), c.node(1, n));
    c.release(c.node(0, 1), c.node(1, 1));
    c.advance(1_000, 100);
    const before = [eve.get(album), eve.get(acl)];
    c.settle();
    c.release(c.node(0, 0), c.node(1, 0));
    c.advance(1_000, 100);
    const after = [eve.get(album), eve.get(acl)];
    c.settle();
    expect(before.map(({ value }) => value)).toEqual(["harmless", "public"]);
    expect(after.map(({ value }) => value)).toEqual(["personal", "friends only"]);
  });
});
