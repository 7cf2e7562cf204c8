import { describe, expect, it } from "vitest";
import { expired, HistoryBuilder } from "./testing/history-builder.ts";
import type { Written } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

function sessions(): HistoryBuilder {
  return new HistoryBuilder().session("alice", 0).session("bob", 1);
}

/** Alice writes x, which expires or not, and then y, which Bob sees. */
function bobSeesTheEffect(expires: boolean): { history: HistoryBuilder; x: Written } {
  const history = sessions();
  const x = history.write("alice", "x", "x1", { expires });
  const y = history.write("alice", "y", "y1");
  history.read("bob", y);
  return { history, x };
}

describe("a value that has expired", () => {
  it("is seen by its dot, and never goes back", () => {
    const { history, x } = bobSeesTheEffect(true);
    expect(rulesOf(history.read("bob", expired(x)))).toEqual([]);
    const older = sessions();
    const x1 = older.write("alice", "x", "x1");
    const x2 = older.write("alice", "x", "x2", { expires: true });
    expect(rulesOf(older.read("bob", expired(x2)).attach("bob", 2).read("bob", x1))).toEqual(["monotonic-reads"]);
  });

  it("was written to expire: what was written to last is not seen so", () => {
    const { history, x } = bobSeesTheEffect(false);
    const { rule, message } = onlyViolation(history.read("bob", expired(x)));
    expect(rule).toBe("dot-mismatch");
    expect(message).toMatch(/written to last was seen as expired/);
  });

  it("is not taken for the one write of unknown outcome that a touch was on (705)", () => {
    const history = sessions();
    const x1 = history.writeUnknown("alice", "x", "x1");
    history.read("bob", history.touch("bob", x1, { expires: true }));
    const x2 = history.writeUnknown("alice", "x", "x2", { expires: true });
    expect(rulesOf(history.read("bob", expired({ ...x2, value: undefined })))).toEqual([]);
  });

  it("is the value that was written", () => {
    const { history, x } = bobSeesTheEffect(true);
    expect(rulesOf(history.read("bob", expired({ ...x, value: "x2" })))).toEqual(["value-mismatch"]);
  });

  it("ends the same where it is shown and where it has gone", () => {
    const history = sessions();
    const x = history.write("alice", "x", "x1", { expires: true });
    expect(rulesOf(history.final(0, x).final(1, expired(x)).final(2))).toEqual([]);
  });
});

describe("a key that reads as never written", () => {
  it("is right where an expiring value may have been collected, and stale where a lasting one was", () => {
    expect(rulesOf(bobSeesTheEffect(true).history.readNever("bob", "x"))).toEqual([]);
    expect(rulesOf(bobSeesTheEffect(false).history.readNever("bob", "x"))).toEqual(["stale-read"]);
  });

  it("is right after a delete, and stale after what was written since", () => {
    const history = sessions();
    history.write("alice", "x", "x1");
    history.remove("alice", "x");
    expect(rulesOf(history.readNever("alice", "x"))).toEqual([]);
    history.write("alice", "x", "x2");
    expect(rulesOf(history.readNever("alice", "x"))).toEqual(["real-time", "read-your-writes"]);
  });

  it("is not excused by a delete that began later", () => {
    const { history } = bobSeesTheEffect(false);
    history.readNever("bob", "x");
    history.remove("alice", "x");
    expect(rulesOf(history)).toEqual(["stale-read"]);
  });

  it("is excused by a concurrent delete that wins", () => {
    const { history } = bobSeesTheEffect(false);
    history.session("carol", 2);
    history.remove("carol", "x");
    expect(rulesOf(history.readNever("bob", "x"))).toEqual([]);
  });

  it("is never right where the header says that nothing is collected, as in files of version 1", () => {
    for (const choices of [{ collectsTombstones: false }, { formatVersion: 1 }] as const) {
      const history = new HistoryBuilder(choices).session("alice", 0);
      history.remove("alice", "x");
      expect(rulesOf(history.readNever("alice", "x"))).toContain("read-your-writes");
    }
  });

  it("is judged in a snapshot by the same rule", () => {
    for (const expires of [true, false]) {
      const history = sessions();
      history.write("alice", "x", "x1", { expires });
      const y = history.write("alice", "y", "y1");
      expect(rulesOf(history.snapshot("bob", ["x", y]))).toEqual(expires ? [] : ["snapshot-cut"]);
    }
  });

  it("ends the same as a tombstone or an expired value, and not as a lasting value", () => {
    const deleted = sessions();
    const gone = deleted.remove("alice", "x");
    expect(rulesOf(deleted.final(0, gone).final(1).final(2, gone))).toEqual([]);
    const lasting = sessions();
    const x = lasting.write("alice", "x", "x1");
    expect(rulesOf(lasting.final(0, x).final(1).final(2, x))).toEqual(["diverged"]);
  });
});

describe("a touch", () => {
  it("makes a greater version of the same value", () => {
    const history = sessions();
    const x = history.write("alice", "x", "x1");
    const touched = history.touch("alice", x, { expires: true });
    expect(rulesOf(history.read("bob", x).read("bob", touched).read("bob", expired(touched)))).toEqual([]);
    expect(rulesOf(history.attach("bob", 2).read("bob", x))).toEqual(["monotonic-reads"]);
  });

  it("lets the key go if it sets an expiry, and keeps it if it ends one", () => {
    for (const expires of [true, false]) {
      const history = sessions();
      const x = history.write("alice", "x", "x1", { expires: !expires });
      history.touch("alice", x, { expires });
      expect(rulesOf(history.readNever("alice", "x", { start: 1000 })).includes("read-your-writes")).toBe(!expires);
    }
  });

  it("loses against a later write, whatever its own time", () => {
    const history = sessions();
    const x1 = history.write("alice", "x", "x1", { time: 1 });
    const x2 = history.write("bob", "x", "x2", { time: 2 });
    const touched = history.touch("alice", x1, { time: 9 });
    expect(rulesOf(history.session("carol", 2).read("carol", touched).read("carol", x2).finals(x2))).toEqual([]);
    expect(rulesOf(history.attach("carol", 1).read("carol", touched))).toContain("monotonic-reads");
  });

  it("follows from what it touched: who saw it has seen that write's causes", () => {
    const history = sessions().session("carol", 2);
    history.write("alice", "z", "z1");
    const x = history.write("alice", "x", "x1");
    const touched = history.touch("bob", x);
    history.read("carol", touched).readNever("carol", "z");
    const { rule, cycle } = onlyViolation(history);
    expect(rule).toBe("stale-read");
    expect(cycle.map((step) => step.replace(/ \(dot.*?\)/gu, ""))).toEqual([
      'session alice in ams wrote "z" = z1, line 5',
      'the same session then wrote "x" = x1, line 6',
      'session bob in nyc set the expiry of "x" = x1, line 7',
      'session carol in sfo read "x" = x1, line 8',
      'the same session then read "z" as never written, line 9',
    ]);
  });

  it("is judged across keys by its own version, not by the one that it is on", () => {
    const history = sessions();
    const x = history.write("alice", "x", "x1", { time: 1 });
    history.write("alice", "y", "y1", { time: 5 });
    history.touch("alice", x, { time: 6 });
    expect(rulesOf(history)).toEqual([]);
    history.touch("alice", x, { time: 4 });
    expect(rulesOf(history)).toEqual(["real-time", "monotonic-writes"]);
    const across = sessions();
    const late = across.write("alice", "x", "x1", { time: 1 });
    across.write("alice", "y", "y1", { time: 5 });
    across.touch("alice", late, { time: 4 });
    expect(rulesOf(across)).toEqual(["version-order"]);
  });

  it("is on a value that somebody wrote, and leaves it as it is", () => {
    const history = sessions();
    history.touch("alice", { key: "x", dot: [0, 0, 9], version: [9, 0, 0], value: "x9" }, { time: 10 });
    expect(rulesOf(history)).toEqual(["thin-air"]);
    const deleted = sessions();
    deleted.touch("alice", deleted.remove("alice", "x"));
    expect(rulesOf(deleted)).toEqual(["dot-mismatch"]);
    const changed = sessions();
    const touched = changed.touch("alice", changed.write("alice", "x", "x1"));
    expect(rulesOf(changed.read("bob", { ...touched, value: "x2" }))).toEqual(["value-mismatch"]);
  });

  it("tells that a write of unknown outcome has happened", () => {
    const history = sessions();
    const x = history.writeUnknown("alice", "x", "x1");
    const touched = history.touch("bob", x);
    expect(rulesOf(history)).toEqual([]);
    expect(rulesOf(history.finals())).toEqual(["lost-write"]);
    expect(touched.version).toHaveLength(6);
  });
});
