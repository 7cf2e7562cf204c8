import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

function withOneWrite(): { history: HistoryBuilder; x1: ReturnType<HistoryBuilder["write"]> } {
  const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
  return { history, x1: history.write("alice", "x", "x1") };
}

describe("a dot names one write", () => {
  it("so two acknowledged writes never share one", () => {
    const { history, x1 } = withOneWrite();
    history.write("alice", "x", "x1", { dot: x1.dot, time: 1 });
    expect(onlyViolation(history).rule).toBe("duplicate-dot");
  });

  it("of one version", () => {
    const { history, x1 } = withOneWrite();
    history.read("bob", { ...x1, version: [2, 0, 0] });
    expect(onlyViolation(history)).toMatchObject({ rule: "dot-mismatch", lines: [4, 5] });
  });

  it("of one key", () => {
    const { history, x1 } = withOneWrite();
    expect(rulesOf(history.read("bob", { ...x1, key: "y" }))).toEqual(["dot-mismatch"]);
  });

  it("that is a value or a tombstone, not both", () => {
    const { history, x1 } = withOneWrite();
    expect(rulesOf(history.read("bob", { ...x1, value: undefined }))).toEqual(["dot-mismatch"]);
  });

  it("of one value", () => {
    const { history, x1 } = withOneWrite();
    expect(onlyViolation(history.read("bob", { ...x1, value: "x2" })).rule).toBe("value-mismatch");
  });
});

describe("where dots and versions come from", () => {
  it("a key lies in one partition", () => {
    const { history } = withOneWrite();
    history.write("bob", "x", "x2", { dot: [1, 7, 1] });
    expect(onlyViolation(history).message).toMatch(/lies in two partitions/);
  });

  it("a write takes its dot where it is made", () => {
    const history = new HistoryBuilder().session("alice", 0);
    history.attach("alice", 1);
    history.lines.push({
      type: "write",
      session: "alice",
      seq: 9,
      start: 90,
      end: 91,
      key: "x",
      outcome: "ok",
      dot: [0, 0, 1],
      version: [1, 0, 0],
    });
    expect(rulesOf(history)).toEqual(["dot-mismatch"]);
  });

  it("a version is issued in the datacenter of its dot", () => {
    const { history } = withOneWrite();
    history.write("alice", "y", "y1", { dot: [1, 0, 1] });
    expect(rulesOf(history)).toEqual(["dot-mismatch"]);
  });

  it("no two writes of a key share a version", () => {
    const { history } = withOneWrite();
    history.session("carol", 0);
    history.write("carol", "x", "x2", { time: 1, start: 12 });
    expect(onlyViolation(history).message).toMatch(/share one version/);
  });
});
