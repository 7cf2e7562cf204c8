/*
 * Every transaction writes the same three keys, on three nodes. So whatever is delivered when, and whoever crashes: a snapshot
 * shows one value, and a session that reads them one after the other never goes back.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Cluster } from "../testing/cluster.ts";
import type { Outcome } from "../testing/outcome.ts";
import type { TestSession } from "../testing/test-session.ts";
import type { TransactionOutcome } from "../testing/transaction-outcome.ts";

const keys = ["0:a", "1:b", "2:c"];
const nodes = 3;

const node = fc.nat(nodes * 2 - 1);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), node, first: fc.nat(2) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("snapshot" as const), node }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("read" as const), session: fc.nat(3), key: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), datacenter: fc.nat(1) }) },
  {
    weight: 30,
    arbitrary: fc.record({ do: fc.constant("deliver" as const), from: node, to: fc.nat(nodes), count: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("disk" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("checkpoint" as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(10, 200, 1_500) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Story {
  private readonly c = new Cluster({ datacenters: 2, nodes, partitions: nodes });
  private readonly snapshots: TransactionOutcome[] = [];
  private readonly readers: { readonly session: TestSession; readonly reads: Outcome[] }[] = [];
  private value = 0;

  constructor() {
    for (const [d, n] of [
      [0, 0],
      [0, 1],
      [1, 2],
      [1, 0],
    ] as const) {
      this.readers.push({ session: this.c.session(d, n), reads: [] });
    }
    this.c.advance(100);
    this.c.holdAll();
  }

  run(steps: readonly Step[]): void {
    for (const one of steps) {
      this.take(one);
      this.c.settle();
    }
    for (const one of this.c.nodes) one.diskHeld = false;
    this.c.releaseAll();
    this.c.advance(20_000, 500);
    this.check();
  }

  private take(one: Step): void {
    const { c } = this;
    const at = "node" in one ? c.nodes[one.node] : undefined;
    if (one.do === "advance") c.advance(one.ms, 100);
    else if (one.do === "read") this.read(one.session, one.key);
    else if (one.do === "pass") this.pass(one.datacenter);
    else if (one.do === "deliver") this.link(one);
    else if (at === undefined) return;
    else if (one.do === "write") this.write(one.node, one.first);
    else if (one.do === "snapshot") this.snapshots.push(this.sessionAt(one.node).snapshot(...keys));
    else if (one.do === "disk") at.diskHeld = !at.diskHeld;
    else if (one.do === "checkpoint") at.checkpoint();
    else {
      c.crash(at);
      at.diskHeld = false;
      c.restart(at);
      // Sessions of this node are gone with it.
      for (const [i, { session }] of this.readers.entries()) {
        const reads = this.readers[i]?.reads.filter(({ done }) => done) ?? [];
        if (c.nodes.indexOf(at) === homes[i]) this.readers[i] = { session: this.sessionAt(homes[i] ?? 0), reads: [] };
        else this.readers[i] = { session, reads };
      }
    }
  }

  private sessionAt(which: number): TestSession {
    return this.c.session(Math.floor(which / nodes), which % nodes);
  }

  private write(which: number, first: number): void {
    const value = String(++this.value);
    const order = [...keys.slice(first), ...keys.slice(0, first)];
    this.sessionAt(which).putAll(Object.fromEntries(order.map((key) => [key, value])));
  }

  /** One key after the other. */
  private read(which: number, key: number): void {
    const { session, reads } = this.readers[which] as (typeof this.readers)[number];
    for (let i = 0; i < keys.length; i++) reads.push(session.get(keys[(key + i) % keys.length] as string));
  }

  /** Something goes from one node to another of its datacenter, or to its equivalent elsewhere. */
  private link({ from, to, count }: Step & { readonly do: "deliver" }): void {
    const { c } = this;
    const there = to === nodes ? (from + nodes) % (2 * nodes) : from - (from % nodes) + to;
    const [source, target] = [c.nodes[from], c.nodes[there]];
    if (source === undefined || target === undefined || !c.arePeers(source, target)) return;
    for (let i = 0; i <= count && c.underWay(source, target).length > 0; i++) c.deliver(source, target);
  }

  /** Everything that is under way inside a datacenter arrives, and what it leads to stays under way. */
  private pass(datacenter: number): void {
    const { c } = this;
    const there = c.nodes.filter(({ core }) => core.state.datacenter === datacenter);
    for (const from of there) {
      for (const to of there) {
        if (from === to) continue;
        for (let left = c.underWay(from, to).length; left > 0; left--) c.deliver(from, to);
      }
    }
  }

  private check(): void {
    const { c } = this;
    for (const { values } of this.snapshots) if (typeof values !== "string") expect(new Set(values).size).toBe(1);
    for (const { reads } of this.readers) {
      let seen = 0;
      for (const { version, state } of reads) {
        if (state !== "read") continue;
        expect(version?.time ?? 0).toBeGreaterThanOrEqual(seen);
        seen = version?.time ?? 0;
      }
    }
    const last = [0, 1].map((d) => c.session(d, d).snapshot(...keys));
    c.settle();
    expect(new Set(last.flatMap(({ values }) => values)).size).toBe(1);
    for (const { core } of c.nodes) {
      expect([core.coordinator.table.size, core.cohort.table.size, core.remoteTransactions.count]).toEqual([0, 0, 0]);
      expect([core.gate.waitingCount, core.state.settling.count, core.cohort.bytes]).toEqual([0, 0, 0]);
      for (const partition of core.state.partitions.values()) {
        for (const applied of partition.applied) expect(applied.rangeCount).toBe(0);
        for (const { pins, prepared } of partition.records.values()) expect([pins, prepared]).toEqual([0, undefined]);
      }
    }
  }
}

/** Where the readers' sessions are, as indexes of nodes. */
const homes = [0, 1, 5, 3];

describe("transactions on the same keys", () => {
  it("are seen whole or not at all, whatever is late, lost with a crash, or held up by a disk", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => new Story().run(steps)),
      { numRuns: 80 },
    );
  });
});
