import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

function twoSessions(): HistoryBuilder {
  return new HistoryBuilder().session("alice", 0).session("bob", 1);
}

describe("each session guarantee is called by its name", () => {
  it("read-your-writes", () => {
    const history = twoSessions();
    history.write("alice", "x", "x1");
    history.attach("alice", 1).readNever("alice", "x");
    expect(onlyViolation(history).rule).toBe("read-your-writes");
  });

  it("monotonic-reads", () => {
    const history = twoSessions();
    const x1 = history.write("alice", "x", "x1");
    const x2 = history.write("alice", "x", "x2");
    history.read("bob", x2);
    expect(rulesOf(history)).toEqual([]);
    history.attach("bob", 2).read("bob", x1);
    expect(onlyViolation(history).rule).toBe("monotonic-reads");
  });

  it("monotonic-writes", () => {
    const history = twoSessions();
    history.write("alice", "x", "x1", { time: 5 });
    history.attach("alice", 1).write("alice", "x", "x2", { time: 4 });
    expect(onlyViolation(history).rule).toBe("monotonic-writes");
  });

  it("writes-follow-reads", () => {
    const history = twoSessions();
    const x1 = history.write("alice", "x", "x1", { time: 5 });
    history.attach("bob", 2).read("bob", x1).attach("bob", 1).write("bob", "x", "x2", { time: 4 });
    expect(onlyViolation(history).rule).toBe("writes-follow-reads");
  });
});
