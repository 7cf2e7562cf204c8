import { describe, expect, it } from "vitest";
import { checkHistory } from "./check.ts";
import { HistoryBuilder } from "./testing/history-builder.ts";

/** Times and versions play no part here. */
const anyTime = { start: 0, end: 1000 };

describe("something that follows from itself", () => {
  it("is found between two sessions that each saw the other's later write", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const [x, y] = [
      { key: "x", dot: [0, 0, 1], version: [1, 0, 0], value: "x1" },
      { key: "y", dot: [1, 0, 1], version: [2, 1, 0], value: "y1" },
    ] as const;
    history.read("alice", y, anyTime);
    history.write("alice", "x", "x1", { time: 1, ...anyTime });
    history.read("bob", x, anyTime);
    history.write("bob", "y", "y1", { time: 2, ...anyTime });
    const found = checkHistory(history.lines).violations.filter(({ rule }) => rule === "causality-cycle");
    expect(found).toHaveLength(1);
    expect(found[0]?.lines.toSorted()).toEqual([4, 5, 6, 7]);
    expect(found[0]?.cycle).toHaveLength(5);
    expect(found[0]?.cycle.at(-1)).toMatch(/^which is what line \d had already seen$/);
  });

  it("is found in one session that reads its own later write", () => {
    const history = new HistoryBuilder().session("alice", 0);
    history.read("alice", { key: "x", dot: [0, 0, 1], version: [1, 0, 0], value: "x1" }, anyTime);
    history.write("alice", "x", "x1", { time: 1, ...anyTime });
    expect([...checkHistory(history.lines).counts.keys()]).toEqual(["causality-cycle"]);
  });

  it("is found through a token taken in the future", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const x = { key: "x", dot: [1, 0, 1], version: [1, 1, 0], value: "x1" } as const;
    history.read("alice", x, anyTime);
    history.attach("bob", 1, [history.past("alice")]);
    history.write("bob", "x", "x1", { time: 1, ...anyTime });
    expect([...checkHistory(history.lines).counts.keys()]).toContain("causality-cycle");
  });
});
