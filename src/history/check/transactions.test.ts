import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

/** Alice makes Bob her friend and writes in the same transaction; before, both keys had something else. */
function twoKeysAtOnce(): {
  history: HistoryBuilder;
  old: Record<"acl" | "album", ReturnType<HistoryBuilder["write"]>>;
  both: Record<"acl" | "album", ReturnType<HistoryBuilder["write"]>>;
} {
  const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
  const old = { acl: history.write("alice", "acl", "all"), album: history.write("alice", "album", "empty") };
  const both = history.transaction("alice", { acl: "friends", album: "private photo" });
  return { history, old, both };
}

describe("a snapshot", () => {
  it("passes when it shows a transaction whole, or not at all", () => {
    const { history, old, both } = twoKeysAtOnce();
    history.snapshot("bob", [old.acl, old.album]).snapshot("bob", [both.acl, both.album]);
    expect(rulesOf(history.finals(both.acl, both.album))).toEqual([]);
  });

  it("is fractured when it shows one part and misses another", () => {
    const { history, old, both } = twoKeysAtOnce();
    const { rule, message, cycle, lines } = onlyViolation(history.snapshot("bob", [old.acl, both.album]));
    expect(rule).toBe("fractured-read");
    expect(message).toBe(
      'session bob in nyc read "acl" = all (dot 0/0/1, version 1@0/0) in a snapshot, where another part of the same transaction is with "acl" = friends (dot 0/0/3, version 3@0/0).',
    );
    expect(cycle).toEqual([
      'session alice in ams wrote at once "acl" = friends (dot 0/0/3, version 3@0/0) and "album" = private photo (dot 0/0/3, version 3@0/0), line 6',
      'session bob in nyc read at once "acl" = all (dot 0/0/1, version 1@0/0) and "album" = private photo (dot 0/0/3, version 3@0/0), line 7',
    ]);
    expect(lines).toEqual([6, 7]);
  });

  it("is fractured when it shows a key as never written", () => {
    const { history, both } = twoKeysAtOnce();
    expect(rulesOf(history.snapshot("bob", ["acl", both.album]))).toEqual(["fractured-read"]);
  });

  it("may show something greater in the place of a part", () => {
    const { history, both } = twoKeysAtOnce();
    history.session("carol", 2);
    const newer = history.write("carol", "acl", "nobody");
    expect(rulesOf(history.snapshot("bob", [newer, both.album]))).toEqual([]);
  });

  it("is no causal cut when an entry follows from something newer than another entry", () => {
    const { history, old } = twoKeysAtOnce();
    history.session("carol", 0).session("dave", 2);
    const caption = history.write("alice", "caption", "see my album");
    history.read("carol", caption);
    const reply = history.write("carol", "reply", "nice");
    history.snapshot("dave", [old.album, reply]);
    const { rule, cycle } = onlyViolation(history);
    expect(rule).toBe("snapshot-cut");
    expect(cycle.map((step) => step.replace(/ \(dot.*?\)/gu, ""))).toEqual([
      'session alice in ams wrote at once "album" = private photo and one other key, line 6',
      'the same session then wrote "caption" = see my album, line 9',
      'session carol in ams read "caption" = see my album, line 10',
      'the same session then wrote "reply" = nice, line 11',
      'session dave in sfo read at once "album" = empty and "reply" = nice, line 12',
    ]);
  });

  it("is judged by what its session had seen before like any read", () => {
    const { history, old, both } = twoKeysAtOnce();
    history.read("bob", both.acl).attach("bob", 2).snapshot("bob", [old.acl, "other"]);
    expect(rulesOf(history)).toEqual(["monotonic-reads"]);
  });

  it("is in the past of what its session does next", () => {
    const { history, old, both } = twoKeysAtOnce();
    history.snapshot("bob", [both.acl, both.album]).read("bob", old.album);
    expect(rulesOf(history)).toEqual(["monotonic-reads"]);
  });
});

describe("single reads of what a transaction wrote", () => {
  it("pass when they come before it, or see all that it wrote", () => {
    const { history, old, both } = twoKeysAtOnce();
    expect(rulesOf(history.read("bob", old.album).read("bob", both.acl).read("bob", both.album))).toEqual([]);
  });

  it("are fractured when one sees a part and a later one less than another part", () => {
    const { history, old, both } = twoKeysAtOnce();
    const { rule, cycle } = onlyViolation(history.read("bob", both.acl).read("bob", old.album));
    expect(rule).toBe("fractured-read");
    expect(cycle).toHaveLength(3);
  });

  it("are stale when the part was seen by way of another session", () => {
    const { history, old, both } = twoKeysAtOnce();
    history.session("carol", 2).read("bob", both.acl);
    const z = history.write("bob", "z", "z1");
    expect(rulesOf(history.read("carol", z).read("carol", old.album))).toEqual(["stale-read"]);
  });
});

describe("a transaction", () => {
  it("is one write: its version exceeds all that its session has seen, on each of its keys", () => {
    const { history } = twoKeysAtOnce();
    history.transaction("alice", { acl: "x", album: "y" }, { time: 2, start: 0, end: 100 });
    expect(rulesOf(history)).toContain("monotonic-writes");
    const across = twoKeysAtOnce().history;
    across.transaction("alice", { other: "x", more: "y" }, { time: 2 });
    expect(rulesOf(across)).toEqual(["version-order"]);
  });

  it("shares its dot with no other write", () => {
    const { history, both } = twoKeysAtOnce();
    history.transaction("alice", { acl: "friends", other: "b" }, { dot: both.acl.dot, time: 3, start: 0 });
    expect(rulesOf(history)).toEqual(["duplicate-dot"]);
  });

  it("gives its dot to its own keys only, and one version to all of them", () => {
    const { history, both } = twoKeysAtOnce();
    expect(rulesOf(history.read("bob", { ...both.acl, key: "other" }))).toEqual(["dot-mismatch"]);
    const versions = twoKeysAtOnce();
    versions.history.read("bob", { ...versions.both.acl, version: [4, 0, 0] });
    expect(rulesOf(versions.history)).toEqual(["dot-mismatch"]);
  });

  it("may have the dot of another partition than its key's", () => {
    const { history } = twoKeysAtOnce();
    history.transaction("bob", { acl: "x", far: "y" }, { dot: [1, 7, 1] });
    expect(rulesOf(history)).toEqual([]);
  });

  it("orders its keys for all: concurrent ones that are seen in two orders are caught", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1).session("carol", 2).session("dave", 2);
    const first = history.transaction("alice", { x: "a", y: "a" });
    const second = history.transaction("bob", { x: "b", y: "b" });
    history.snapshot("carol", [first.x, first.y]).snapshot("carol", [second.x, second.y]);
    expect(rulesOf(history)).toEqual([]);
    history
      .attach("dave", 1)
      .snapshot("dave", [second.x, second.y])
      .attach("dave", 2)
      .snapshot("dave", [first.x, first.y]);
    expect(rulesOf(history)).toContain("monotonic-reads");
  });

  it("cannot follow from itself", () => {
    const time = { start: 0, end: 1000 };
    const history = new HistoryBuilder().session("alice", 0);
    const seen = { key: "x", dot: [0, 0, 1], version: [1, 0, 0], value: "x1" } as const;
    history.snapshot("alice", [seen, "y"], time);
    history.transaction("alice", { x: "x1", z: "z1" }, { time: 1, ...time });
    expect(rulesOf(history)).toEqual(["causality-cycle"]);
  });
});

describe("a transaction of unknown outcome", () => {
  function sent(): { history: HistoryBuilder; parts: Record<"x" | "y", ReturnType<HistoryBuilder["write"]>> } {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    return { history, parts: history.transaction("alice", { x: "x1", y: "y1" }, { outcome: "unknown" }) };
  }

  it("may never have happened", () => {
    expect(rulesOf(sent().history.snapshot("bob", ["x", "y"]).finals())).toEqual([]);
  });

  it("has happened as a whole once a part of it was seen", () => {
    const { history, parts } = sent();
    history.read("bob", parts.x);
    expect(rulesOf(history.finals(parts.x, parts.y))).toEqual([]);
    const torn = sent();
    torn.history.read("bob", torn.parts.x).readNever("bob", "y");
    expect(rulesOf(torn.history)).toEqual(["fractured-read"]);
  });

  it("is lost and torn where only the part that was seen is left", () => {
    const { history, parts } = sent();
    expect(rulesOf(history.read("bob", parts.x).finals(parts.x))).toEqual(["lost-write", "torn-transaction"]);
  });

  it("is matched by the values of all keys that were seen", () => {
    const { history, parts } = sent();
    history.snapshot("bob", [parts.x, { ...parts.y, value: "y2" }]);
    expect(rulesOf(history)).toEqual(["thin-air"]);
    const other = sent();
    other.history.snapshot("bob", [other.parts.x, { ...other.parts.x, key: "z" }]);
    expect(rulesOf(other.history)).toEqual(["thin-air"]);
  });
});

describe("the final states", () => {
  it("pass when a part was beaten", () => {
    const { history, both } = twoKeysAtOnce();
    const newer = history.write("bob", "acl", "nobody");
    expect(rulesOf(history.finals(newer, both.album))).toEqual([]);
  });

  it("hold a torn transaction where one datacenter has a part of it only", () => {
    const { history, old, both } = twoKeysAtOnce();
    history.final(0, both.acl, both.album).final(1, both.acl, old.album).final(2, both.acl, both.album);
    expect(rulesOf(history)).toEqual(["diverged", "torn-transaction"]);
  });

  it("hold a torn transaction where all have lost the same part", () => {
    const { history, old, both } = twoKeysAtOnce();
    expect(rulesOf(history.finals(both.acl, old.album))).toEqual(["lost-write", "torn-transaction"]);
  });
});

describe("real time inside a datacenter", () => {
  it("a snapshot is no older, key by key, than what was over before it began", () => {
    const history = new HistoryBuilder().session("a", 0).session("b", 0);
    const { x } = history.transaction("a", { x: "x1", y: "y1" }, { start: 10, end: 20 });
    history.snapshot("b", ["x", "y"], { start: 20, end: 30 });
    expect(rulesOf(history)).toEqual([]);
    history.session("c", 0).snapshot("c", ["x", "z"], { start: 21, end: 30 });
    expect(onlyViolation(history)).toMatchObject({ rule: "real-time", lines: [4, 7] });
    const read = new HistoryBuilder().session("far", 1).session("b", 0).session("c", 0);
    const y = read.write("far", "y", "y1", { start: 0, end: 1 });
    read.read("b", y, { start: 10, end: 20 }).snapshot("c", ["y", x], { start: 30, end: 40 });
    expect(rulesOf(read)).toEqual(["thin-air", "real-time"]);
  });

  it("what a snapshot showed of a plain write, a later read shows too", () => {
    const history = new HistoryBuilder().session("far", 1).session("b", 0).session("c", 0);
    const x1 = history.write("far", "x", "x1", { start: 0, end: 1 });
    history.snapshot("b", [x1], { start: 10, end: 20 }).readNever("c", "x", { start: 30, end: 40 });
    expect(rulesOf(history)).toEqual(["real-time"]);
  });

  it("what a snapshot showed of a transaction, a later read of another session may not show yet", () => {
    const history = new HistoryBuilder().session("far", 1).session("b", 0).session("c", 0);
    const { x, y } = history.transaction("far", { x: "x1", y: "y1" }, { start: 0, end: 1 });
    history.snapshot("b", [x, y], { start: 10, end: 20 }).readNever("c", "x", { start: 30, end: 40 });
    expect(rulesOf(history)).toEqual([]);
  });

  it("no snapshot sees what had not begun", () => {
    const history = new HistoryBuilder().session("a", 0).session("far", 1);
    const { x, y } = history.transaction("a", { x: "x1", y: "y1" }, { start: 100 });
    history.snapshot("far", [x, y], { start: 10, end: 20 });
    expect(rulesOf(history)).toEqual(["future-read"]);
  });
});
