import { describe, expect, it } from "vitest";
import { checkHistory } from "./check.ts";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

function twoConcurrentWrites(): Record<"x1" | "x2", ReturnType<HistoryBuilder["write"]>> & { history: HistoryBuilder } {
  const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
  const x1 = history.write("alice", "x", "x1");
  return { history, x1, x2: history.write("bob", "x", "x2") };
}

describe("the final states", () => {
  it("pass when all hold the greatest write", () => {
    const { history, x2 } = twoConcurrentWrites();
    expect(rulesOf(history.finals(x2))).toEqual([]);
  });

  it("diverge when two datacenters stay apart, which no causal check minds", () => {
    const { history, x1, x2 } = twoConcurrentWrites();
    history.final(0, x1).final(1, x2).final(2, x2);
    const { rule, cycle } = onlyViolation(history);
    expect(rule).toBe("diverged");
    expect(cycle[0]).toBe('ams ended with "x" = x1 (dot 0/0/1, version 1@0/0)');
  });

  it("diverge when one datacenter lacks the key", () => {
    const { history, x2 } = twoConcurrentWrites();
    expect(rulesOf(history.final(0, x2).final(1, x2).final(2))).toEqual(["diverged"]);
  });

  it("have lost a write that is neither final nor beaten", () => {
    const { history, x1 } = twoConcurrentWrites();
    const { rule, message } = onlyViolation(history.finals(x1));
    expect(rule).toBe("lost-write");
    expect(message).toMatch(/acknowledged is neither final nor beaten: "x" = x2/);
  });

  it("have lost every write of a key that nobody holds", () => {
    const { history } = twoConcurrentWrites();
    expect(rulesOf(history.finals())).toEqual(["lost-write"]);
  });

  it("may lack a collected tombstone, here or there, only where the header says so", () => {
    for (const collectsTombstones of [true, false]) {
      const history = new HistoryBuilder({ collectsTombstones }).session("alice", 0);
      const gone = history.remove("alice", "x");
      history.final(0, gone).final(1).final(2, gone);
      expect(rulesOf(history)).toEqual(collectsTombstones ? [] : ["diverged"]);
    }
  });

  it("are counted, so that nobody takes a history without them for a converged one", () => {
    const { history, x2 } = twoConcurrentWrites();
    expect(checkHistory(history.lines).stats.finalStates).toBe(0);
    expect(checkHistory(history.final(1, x2).lines).stats).toMatchObject({ finalStates: 1, datacenters: 3 });
  });
});
