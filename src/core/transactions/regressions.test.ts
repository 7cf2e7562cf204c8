/*
 * What simulation found in transactions and snapshots, each as the shortest story that shows it (in brackets a seed that found it
 * first). Partition p is on node p mod 2.
 */
import { describe, expect, test } from "vitest";
import { KeyRecord } from "../key-record.ts";
import { OlderVersions } from "../older-versions.ts";
import { maxSkewMs, transTimeMs } from "../../shared/limits.ts";
import { Cluster } from "../testing/cluster.ts";
import { Outcome } from "../testing/outcome.ts";
import { TransactionOutcome } from "../testing/transaction-outcome.ts";
import { assign } from "../testing/test-session.ts";
import { conditionAbsent, conditionPresent } from "../../protocol/messages/forward.ts";
import { ticksPerMs } from "../../protocol/hybrid-time.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { EntryCursor, isNodeEntry } from "../../protocol/log-entry.ts";
import { decodeRecord, encodeRecord } from "../../protocol/record.ts";
import { effectAssign, originOf, Version } from "../../protocol/version.ts";

describe("bugs that simulation found in transactions stay away", () => {
  test("a transaction on one node is seen whole by whoever is told of an entry between its parts (25)", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.advance(100);
    c.session(0).putAll({ "0:a": "1", "1:b": "1" });
    c.settle();
    node.diskHeld = true;
    // While something of its own is under way, a session waits for what others are writing.
    const reader = c.session(0);
    reader.put("2:c", "2");
    c.session(0).putAll({ "0:a": "2", "1:b": "2" });
    const seen: (string | undefined)[] = [];
    const note = ({ value }: Outcome): void => void seen.push(value);
    node.turn(() => {
      const first = new Outcome((outcome) => {
        note(outcome);
        reader.session.read("0:a", new Outcome(note), 0);
      });
      reader.session.read("1:b", first, 0);
    });
    node.flush();
    while (node.isSyncing) node.sync();
    expect(seen).toEqual(["2", "2"]);
  });

  test("a read behind a transaction of its session is answered after it (2)", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.advance(100);
    const told: string[] = [];
    const { session } = c.session(0);
    const put = new TransactionOutcome();
    node.turn(() => {
      session.writeTransaction([assign("0:a", "1"), assign("1:b", "1")], undefined, put, 0);
      session.read("1:b", new Outcome(() => told.push(put.done ? "after" : "before")), 0);
    });
    c.settle();
    expect(told).toEqual(["after"]);
  });

  test("nothing is promised of a key of which a write of the same frame is not applied yet (29)", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.advance(100);
    c.session(0).put("1:b", "0");
    c.settle();
    node.diskHeld = true;
    const { core } = node;
    let promised = 0;
    node.turn(() => {
      const first = new Outcome(() => {
        core.snapshots.read(["1:b"], 0, 0, ([answer]) => (promised = answer?.validThrough ?? 0));
      });
      c.session(0).session.write(assign("0:a", "1"), first, 0);
    });
    const second = c.session(0).put("1:b", "1");
    c.advance(100);
    node.flush();
    while (node.isSyncing) node.sync();
    expect(promised).toBeGreaterThan(0);
    expect(promised).toBeLessThan(second.version?.visible ?? 0);
  });

  test("a snapshot tells of no time at which something that is being written will have been there (10)", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.advance(100);
    c.session(0).putAll({ "0:a": "1", "1:b": "0" });
    c.settle();
    node.diskHeld = true;
    const put = c.session(0).put("1:b", "1");
    c.advance(100);
    const snapshot = c.session(0).snapshot("0:a", "1:b");
    expect(snapshot.values).toEqual(["1", "0"]);
    while (node.isSyncing) node.sync();
    expect(snapshot.time).toBeLessThan(put.version?.visible ?? 0);
  });

  test.each([0, 1])("no crash takes back what a condition failed on, at node %i (6)", (where) => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const node = c.node(0, where);
    c.advance(100);
    node.diskHeld = true;
    c.session(0, where).put(`${where}:x`, "1");
    c.settle();
    const other = `${1 - where}:y`;
    const judged = c
      .session(0)
      .putAll([assign("0:z", "1"), assign(other, "1"), assign(`${where}:x`, "2", { condition: conditionAbsent })]);
    c.advance(100);
    expect(judged.dot).toBe("open");
    node.diskHeld = false;
    c.advance(3_000);
    expect(judged.dot).toBe("nothing");
  });

  test("nor what the others of its conditions held on (116)", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const node = c.node(0, 0);
    c.advance(100);
    c.session(0, 1).put("1:y", "1");
    c.settle();
    node.diskHeld = true;
    c.session(0, 0).put("0:x", "1");
    c.settle();
    const holds = assign("0:x", "2", { condition: conditionPresent });
    const judged = c.session(0).putAll([holds, assign("1:y", "2", { condition: conditionAbsent })]);
    c.advance(100);
    expect(judged.dot).toBe("open");
    node.diskHeld = false;
    c.advance(3_000);
    expect(judged.dot).toBe("nothing");
  });

  test("a numbered one that is repeated after a restart is answered once every part is committed (10)", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const [coordinator, cohort] = [c.node(0, 0), c.node(0, 1)];
    c.advance(100);
    c.hold(coordinator, cohort);
    const request = { client: "c", number: 1, answeredBelow: 1 };
    c.session(0).putAll({ "0:a": "1", "1:b": "1" }, request);
    c.settle();
    c.deliver(coordinator, cohort);
    c.settle();
    c.crash(coordinator);
    c.restart(coordinator);
    c.hold(coordinator, cohort);
    const again = c.session(0).putAll({ "0:a": "1", "1:b": "1" }, request);
    c.advance(100);
    expect(again.dot).toBe("open");
    c.releaseAll();
    c.advance(3_000);
    expect(again.dot).toBe("0/0/1");
    expect(cohort.core.state.local(1)?.records.get("1:b")?.current?.value).toBe("1");
  });

  test("an expired value is none for a session at another node that is told of it as what was there (6)", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    c.advance(1_000);
    c.session(0, 0).put("0:x", "1", { expiry: 1 });
    c.settle();
    const judged = c.session(0, 1).put("0:x", "2", { condition: conditionPresent });
    c.settle();
    expect(judged.version).toBeUndefined();
    expect(judged.old?.deleted).toBe(true);
  });

  test("superseded versions go at an idle node too, whose clock stands still (11)", () => {
    const c = new Cluster({ datacenters: 1 });
    const alice = c.session(0);
    c.advance(100);
    for (const value of ["1", "2", "3"]) {
      alice.put("0:a", value);
      c.settle();
    }
    expect(c.node(0).core.state.older.count).toBe(2);
    c.advance(20_000);
    expect(c.node(0).core.state.older.count).toBe(0);
  });

  test("a commit that comes when what superseded it has gone is not taken for what was there since (6, transTime cut short)", () => {
    const older = new OlderVersions();
    const record = new KeyRecord("k", 1);
    const at = (time: number, visible: number): Version =>
      new Version(effectAssign, "", time, 0, 0, time, visible, 1, 0);
    for (const version of [at(10, 10), at(20, 20), at(30, 30)]) older.place(record, version);
    older.expire(transTimeMs * ticksPerMs + 30, 0);
    older.place(record, at(15, 15));
    expect(older.at(record, 25)).toBe("gone");
    expect(older.at(record, 35)).toBe(record.current);
  });

  test.each([0, 1])(
    "who has seen a part waits for the others under a floor that nobody believes, at node %i (755)",
    (at) => {
      const c = new Cluster({ datacenters: 1, nodes: 2 });
      c.advance(100);
      c.hold(c.node(0, 0), c.node(0, 1));
      c.session(0).putAll({ "0:a": "1", "1:b": "2" });
      c.settle();
      c.deliver(c.node(0, 0), c.node(0, 1));
      c.settle();
      // The decision is durable, and on its way to the second key.
      expect(c.session(0).get("0:a").value).toBe("1");
      const bob = c.session(0, at);
      bob.session.context.raiseFloor(c.node(0, 0).core.clockTold + 2 * maxSkewMs * ticksPerMs);
      const second = bob.get("1:b");
      c.settle();
      expect(second.done).toBe(false);
      c.releaseAll();
      c.advance(2_000);
      expect(second.value).toBe("2");
      expect(c.node(0, 1).core.clockTold).toBeLessThan(bob.session.context.floor);
    },
  );

  test("a checkpoint right behind a decision knows the last entry of the log (1016)", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const node = c.node(0, 0);
    c.advance(100);
    c.hold(node, c.node(0, 1));
    c.session(0).putAll({ "0:a": "1", "0:b": "1", "1:x": "1" });
    c.settle();
    c.deliver(node, c.node(0, 1));
    c.settle();
    // Both parts of partition 0 are visible, and the others do not know of it.
    expect(c.session(0).get("0:b").value).toBe("1");
    const index = node.core.state.local(0)?.index ?? 0;
    node.checkpoint();
    c.crash(node);
    const before = node.frames.length;
    c.restart(node);
    c.releaseAll();
    c.settle();
    const numbers: number[] = [];
    for (const { payload } of node.frames.slice(before)) {
      const cursor = new EntryCursor().over(payload, 0, payload.length);
      while (cursor.next()) if (!isNodeEntry(cursor.kind) && cursor.partition === 0) numbers.push(cursor.index);
    }
    expect(numbers[0]).toBe(index + 1);
  });

  test.each([1, 2])("on %i nodes a transaction hides nothing unread from a pinned time (2513, 2966)", (nodes) => {
    const c = new Cluster({ datacenters: 1, nodes, cacheBytes: 0 });
    const node = c.node(0, 0);
    c.advance(100);
    c.session(0).put("0:a", "before");
    c.settle();
    node.checkpoint();
    c.advance(2 * transTimeMs);
    expect(node.core.state.local(0)?.records.get("0:a")).toBeUndefined();
    const pin = node.turn((core) => core.pin());
    c.session(0).putAll({ "0:a": "after", "1:b": "after" });
    c.advance(100);
    node.checkpoint();
    // Longer than anything stays that is not pinned.
    c.advance(3 * transTimeMs);
    let shown: string | undefined = "open";
    node.turn((core) =>
      core.snapshots.read(["0:a"], 0, pin?.time ?? 0, ([answer]) => (shown = answer?.version?.value)),
    );
    c.settle();
    expect(shown).toBe("before");
  });

  test("what waited for one part and writes the key of another stays pending on it (8893)", () => {
    const c = new Cluster({ datacenters: 2 });
    const [home, away] = [c.node(0), c.node(1)];
    c.advance(100);
    const writer = c.session(1);
    writer.putAll({ "0:a": "1", "1:b": "1" });
    c.settle();
    // From afar comes a write to 0:a that waits for everything up to the next dot of 1:b's partition.
    const seq = (away.core.state.local(1)?.seq ?? 0) + 1;
    const far = c.session(0);
    far.attach({ dependencies: { dots: [], prefixes: [originOf(1, 1), seq] }, floor: 0, datacenter: 0 });
    far.put("0:a", "2");
    c.settle();
    expect(away.core.gate.waitingCount).toBe(1);
    const record = away.core.state.local(0)?.records.get("0:a");
    away.diskHeld = true;
    writer.putAll({ "0:a": "3", "1:b": "3" });
    expect(away.core.gate.waitingCount).toBe(0);
    expect(record?.pendingLsn).toBe(away.core.state.proposals.lastLsn);
    away.diskHeld = false;
    c.settle();
    expect(home.core.state.local(0)?.records.get("0:a")?.current?.value).toBe("3");
  });

  test("a question that was lost is asked again: the reader that waits for its answer is not given up", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const [coordinator, cohort] = [c.node(0, 0), c.node(0, 1)];
    c.advance(100);
    c.session(0).put("1:b", "before");
    c.advance(100);
    // Neither the vote nor the question arrives.
    c.hold(cohort, coordinator);
    c.session(0).putAll({ "0:a": "1", "1:b": "2" });
    c.settle();
    expect(cohort.core.cohort.table.size).toBe(1);
    c.session(0, 1).put("3:d", "later");
    c.settle();
    const bob = c.session(0, 1).snapshot("1:b", "3:d");
    c.settle();
    while (c.underWay(cohort, coordinator).length > 0) c.drop(cohort, coordinator);
    c.releaseAll();
    c.advance(1_500);
    expect(bob.values).toEqual(["before", "later"]);
  });

  test("a record with a later expiry and a value of any length is stored (35)", () => {
    for (const length of [180, 190, 192, 193, 200, 1_000]) {
      const touch = { time: 5 * ticksPerMs, datacenter: 0, partition: 0, seq: 2 };
      const version = new Version(effectAssign, "v".repeat(length), ticksPerMs, 0, 0, 1, ticksPerMs, 1, 9, touch);
      const writer = new ByteWriter(256);
      encodeRecord(writer, version);
      expect(decodeRecord(writer.copy())).toEqual(version);
    }
  });
});
