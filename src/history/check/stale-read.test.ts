import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

/** Alice writes x twice and then y; Bob, elsewhere, sees y. */
function bobSeesTheEffect(): {
  history: HistoryBuilder;
  x1: ReturnType<HistoryBuilder["write"]>;
  x2: ReturnType<HistoryBuilder["write"]>;
} {
  const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
  const x1 = history.write("alice", "x", "x1");
  const x2 = history.write("alice", "x", "x2");
  const y = history.write("alice", "y", "y1");
  history.read("bob", y);
  return { history, x1, x2 };
}

describe("a read after the effect of a write was seen", () => {
  it("passes when it returns the cause", () => {
    const { history, x2 } = bobSeesTheEffect();
    expect(rulesOf(history.read("bob", x2))).toEqual([]);
  });

  it("passes when it returns a greater concurrent write instead", () => {
    const { history } = bobSeesTheEffect();
    history.session("carol", 2);
    const x9 = history.write("carol", "x", "x9", { time: 9 });
    expect(rulesOf(history.read("bob", x9))).toEqual([]);
  });

  it("is stale when it returns what the cause overwrote", () => {
    const { history, x1 } = bobSeesTheEffect();
    expect(onlyViolation(history.read("bob", x1)).rule).toBe("stale-read");
  });

  it("is stale when it returns a concurrent write that the cause beats", () => {
    const { history } = bobSeesTheEffect();
    history.session("carol", 2);
    const x0 = history.write("carol", "x", "x0", { time: 1 });
    expect(onlyViolation(history.read("bob", x0)).rule).toBe("stale-read");
  });

  it("is stale when the key reads as never written", () => {
    const { history } = bobSeesTheEffect();
    expect(onlyViolation(history.readNever("bob", "x")).rule).toBe("stale-read");
  });

  it("tells who wrote, who saw and who missed, with the lines", () => {
    const { history, x1 } = bobSeesTheEffect();
    const { message, cycle, lines } = onlyViolation(history.read("bob", x1));
    expect(message).toBe(
      'session bob in nyc read "x" = x1 (dot 0/0/1, version 1@0/0) although its past holds "x" = x2 (dot 0/0/2, version 2@0/0).',
    );
    expect(cycle).toEqual([
      'session alice in ams wrote "x" = x2 (dot 0/0/2, version 2@0/0), line 5',
      'the same session then wrote "y" = y1 (dot 0/0/3, version 3@0/0), line 6',
      'session bob in nyc read "y" = y1 (dot 0/0/3, version 3@0/0), line 7',
      'the same session then read "x" = x1 (dot 0/0/1, version 1@0/0), line 8',
    ]);
    expect(lines).toEqual([5, 6, 7, 8]);
  });
});

describe("tombstones", () => {
  it("are writes: a value from before the delete is stale", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const x1 = history.write("alice", "x", "x1");
    history.remove("alice", "x");
    const y = history.write("alice", "y", "y1");
    history.read("bob", y).read("bob", x1);
    expect(rulesOf(history)).toEqual(["stale-read"]);
  });

  it("are causes: nothing may be missing that a tombstone's writer had seen", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    history.write("alice", "x", "x1");
    const gone = history.remove("alice", "y");
    history.read("bob", gone).readNever("bob", "x");
    expect(rulesOf(history)).toEqual(["stale-read"]);
  });

  it("may read as never written only where the header says that they are collected", () => {
    for (const collectsTombstones of [true, false]) {
      const history = new HistoryBuilder({ collectsTombstones }).session("alice", 0);
      history.write("alice", "x", "x1");
      history.remove("alice", "x");
      history.readNever("alice", "x", { start: 1000 });
      expect(rulesOf(history).includes("read-your-writes")).toBe(!collectsTombstones);
    }
  });

  it("do not excuse a value that went missing after them", () => {
    const history = new HistoryBuilder({ collectsTombstones: true }).session("alice", 0).session("bob", 1);
    history.remove("alice", "x");
    history.write("alice", "x", "x2");
    const y = history.write("alice", "y", "y1");
    history.read("bob", y).readNever("bob", "x");
    expect(rulesOf(history)).toEqual(["stale-read"]);
  });
});

describe("a session that moves", () => {
  it("carries its own past", () => {
    const history = new HistoryBuilder().session("alice", 0);
    history.write("alice", "x", "x1");
    history.attach("alice", 1).readNever("alice", "x");
    expect(rulesOf(history)).toEqual(["read-your-writes"]);
  });

  it("carries the past of a token, up to where it was taken and no further", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const x1 = history.write("alice", "x", "x1");
    const token = history.past("alice");
    history.write("alice", "x", "x2");
    history.attach("bob", 1, [token]).read("bob", x1);
    expect(rulesOf(history)).toEqual([]);
    const { rule, cycle } = onlyViolation(history.attach("bob", 2, [token]).readNever("bob", "x"));
    expect(rule).toBe("monotonic-reads");
    expect(cycle[0]).toMatch(/^session alice in ams wrote "x" = x1/);
  });

  it("is caught when a token's past is missing", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    history.write("alice", "x", "x1");
    history.attach("bob", 1, [history.past("alice")]).readNever("bob", "x");
    const { rule, cycle } = onlyViolation(history);
    expect(rule).toBe("stale-read");
    expect(cycle).toHaveLength(3);
    expect(cycle[1]).toMatch(/^session bob in nyc attached with a token/);
  });
});
