import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

describe("the version of a write on another key than its cause", () => {
  it("exceeds the cause's", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const x = history.write("alice", "x", "x1", { time: 5 });
    history.read("bob", x).write("bob", "y", "y1", { time: 6 });
    expect(rulesOf(history)).toEqual([]);
  });

  it.each([4, 5])("is wrong at %i after 5@1: the session's floor was ignored", (time) => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const x = history.write("bob", "x", "x1", { time: 5 });
    history.read("alice", x).write("alice", "y", "y1", { time });
    const { rule, cycle } = onlyViolation(history);
    expect(rule).toBe("version-order");
    expect(cycle).toHaveLength(3);
  });

  it("is free where the two are concurrent", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    history.write("alice", "x", "x1", { time: 5 });
    history.write("bob", "y", "y1", { time: 2 });
    expect(rulesOf(history)).toEqual([]);
  });
});
