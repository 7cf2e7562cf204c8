/*
 * A steady load of overwrites, deletes, expiries and transactions for an hour of virtual time keeps nothing that it should not
 * (invariant 12): every half hour looks like the one before, and without load all of it goes. (The log is not looked at here:
 * it goes in steps of some MiB.)
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { assign } from "./testing/test-session.ts";
import { requestRetentionMs } from "../shared/limits.ts";

const stepMs = 10_000;
const keys = 8;

/** Everything that a node keeps, by name, in numbers. */
function keptBy({ core, store }: TestNode): Record<string, number> {
  const { state, collector, coordinator, cohort, transactions, remoteTransactions, gate, head } = core;
  let records = 0;
  let ranges = 0;
  for (const partition of state.partitions.values()) {
    records += partition.records.size;
    for (const applied of partition.applied) ranges += applied.rangeCount;
  }
  return {
    records,
    ranges,
    older: state.older.count,
    olderBytes: state.older.bytes,
    candidates: collector.count,
    collected: state.collected.size,
    unlisted: state.unlisted.size,
    dirty: state.dirty.length,
    settling: state.settling.count,
    requests: head.requests.size,
    clients: head.requests.clientCount,
    coordinated: coordinator.table.size,
    prepared: cohort.table.size,
    preparedBytes: cohort.bytes,
    delayed: transactions.allDelayed.length,
    arrived: remoteTransactions.count,
    waiting: gate.waitingCount,
    stored: [...store.keys()].filter((key) => key !== "m").length,
  };
}

class Load {
  private readonly c: Cluster;
  private round = 0;
  private request = 0;

  constructor(c: Cluster) {
    this.c = c;
  }

  /** One step: every key is overwritten here and there, some are deleted, some expire, some go in transactions. */
  step(): void {
    const { c } = this;
    const round = ++this.round;
    for (let i = 0; i < keys; i++) {
      const at = (round + i) % 2;
      const session = c.session(at, i % 2);
      const key = `${i % 4}:k${i}`;
      if ((round + i) % 3 === 0) session.delete(key);
      else if ((round + i) % 3 === 1) session.put(key, "v", { expiry: c.nowMs + 7_000 });
      else session.put(key, "v".repeat(100));
    }
    const request = { client: "c", number: ++this.request, answeredBelow: this.request };
    c.session(0).putAll([assign("0:t", String(round)), assign("1:t", String(round))], request);
    c.session(1, 1).putAll({ "1:t": "other", "2:u": "other" });
    c.session(0, 1).snapshot("0:t", "1:t", "2:u");
    c.advance(stepMs, 2_000);
  }

  /** Half an hour of it, with checkpoints; answers the greatest that each number was at a checkpoint. */
  halfAnHour(): Map<string, number> {
    const greatest = new Map<string, number>();
    const steps = 1_800_000 / stepMs;
    for (let i = 1; i <= steps; i++) {
      this.step();
      if (i % 10 !== 0) continue;
      for (const node of this.c.nodes) {
        node.checkpoint();
        for (const [what, count] of Object.entries(keptBy(node))) {
          greatest.set(what, Math.max(count, greatest.get(what) ?? 0));
        }
      }
    }
    return greatest;
  }
}

describe("an hour of overwrites, deletes, expiries and transactions", () => {
  it("keeps no more in its second half than in its first, and nothing when it is over", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    c.advance(1_000, 100);
    const load = new Load(c);
    const first = load.halfAnHour();
    const second = load.halfAnHour();
    for (const [what, count] of second) {
      expect(
        `${what} ${count <= (first.get(what) ?? 0) * 1.2 + 2 ? "as before" : `${first.get(what)}, then ${count}`}`,
      ).toBe(`${what} as before`);
    }
    for (let i = 0; i < keys; i++) c.session(0).delete(`${i % 4}:k${i}`);
    for (const key of ["0:t", "1:t", "2:u"]) c.session(0).delete(key);
    c.advance(requestRetentionMs + 1_000, 1_000);
    for (const node of c.nodes) node.checkpoint();
    c.advance(20_000, 1_000);
    for (const node of c.nodes) node.checkpoint();
    const nothing = Object.fromEntries([...first.keys()].map((what) => [what, 0]));
    for (const node of c.nodes) expect(keptBy(node)).toEqual(nothing);
  });
});
