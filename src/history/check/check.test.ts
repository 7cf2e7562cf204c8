/*
 * Stories that everyone in the field knows, told right and wrong, and judged as a whole.
 */
import { describe, expect, it } from "vitest";
import { HistoryError } from "../errors.ts";
import { checkHistory } from "./check.ts";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

describe("the photo album (paper, section 1)", () => {
  /** Alice uploads a photo, then adds it to her album; Bob, elsewhere, opens the album. */
  function album(): { history: HistoryBuilder; photo: ReturnType<HistoryBuilder["write"]> } {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const photo = history.write("alice", "photo", "jpeg");
    const entry = history.write("alice", "album", "[photo]");
    history.read("bob", entry);
    return { history, photo };
  }

  it("is causal+ when Bob then finds the photo", () => {
    const { history, photo } = album();
    expect(rulesOf(history.read("bob", photo))).toEqual([]);
  });

  it("is not when the album leads to nothing", () => {
    const { history } = album();
    expect(onlyViolation(history.readNever("bob", "photo")).rule).toBe("stale-read");
  });
});

describe("the three friends (paper, section 4.1)", () => {
  it("Carol, who sees Bob's answer, must see what Bob answered to, though Alice and Carol never met", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1).session("carol", 2);
    const lost = history.write("alice", "alice", "I lost my ring");
    const found = history.write("alice", "alice", "I found it");
    history.read("bob", found);
    const answer = history.write("bob", "bob", "glad to hear that");
    history.read("carol", answer).read("carol", lost);
    const { rule, cycle } = onlyViolation(history);
    expect(rule).toBe("stale-read");
    expect(cycle).toHaveLength(5);
  });
});

describe("the anomaly of the rule 'version or later' (design, section 3.3)", () => {
  /** x1; y5 depends on x1; z6 depends on y5; y7 is concurrent. In sfo y7 arrived first, and z6 was shown. */
  function sfoSeesZ(): {
    history: HistoryBuilder;
    x1: ReturnType<HistoryBuilder["write"]>;
    y7: ReturnType<HistoryBuilder["write"]>;
  } {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 0).session("dave", 1).session("carol", 2);
    const x1 = history.write("alice", "x", "x1", { time: 1 });
    const y5 = history.write("alice", "y", "y5", { time: 5 });
    history.read("bob", y5);
    const z6 = history.write("bob", "z", "z6", { time: 6 });
    const y7 = history.write("dave", "y", "y7", { time: 7 });
    history.read("carol", z6).read("carol", y7);
    return { history, x1, y7 };
  }

  it("passes when x1 is there too: y7 rightly hides y5", () => {
    const { history, x1 } = sfoSeesZ();
    expect(rulesOf(history.read("carol", x1))).toEqual([]);
  });

  it("is caught when x1 is missing", () => {
    const { history } = sfoSeesZ();
    const { rule, cycle } = onlyViolation(history.readNever("carol", "x"));
    expect(rule).toBe("stale-read");
    expect(cycle.map((step) => step.replace(/ \(dot.*/u, ""))).toEqual([
      'session alice in ams wrote "x" = x1',
      'the same session then wrote "y" = y5',
      'session bob in ams read "y" = y5',
      'the same session then wrote "z" = z6',
      'session carol in sfo read "z" = z6',
      'the same session then read "x" as never written, line 13',
    ]);
  });

  it("ends converged all the same, which is why convergence alone proves little", () => {
    const { history, x1, y7 } = sfoSeesZ();
    const z6 = { key: "z", dot: [0, 0, 3], version: [6, 0, 0], value: "z6" } as const;
    expect(rulesOf(history.readNever("carol", "x").finals(x1, y7, z6))).toEqual(["stale-read"]);
  });
});

describe("many violations", () => {
  it("are all counted, and only the first few of each rule explained", () => {
    const history = new HistoryBuilder().session("alice", 0);
    const x1 = history.write("alice", "x", "x1");
    history.write("alice", "x", "x2");
    for (let count = 0; count < 20; count += 1) history.attach("alice", (count % 2) + 1).read("alice", x1);
    const { violations, counts } = checkHistory(history.lines, { violationsPerRuleMax: 3 });
    expect(violations).toHaveLength(3);
    expect([...counts]).toEqual([["read-your-writes", 20]]);
  });
});

describe("what no run can have produced is refused, with its line", () => {
  const base = (): HistoryBuilder => new HistoryBuilder().session("alice", 0);
  const times = { start: 0, end: 1 };

  it.each([
    ["a session that nobody opened", base().session("bob", 1).lines.toSpliced(1, 1), "line 3"],
    ["a session opened twice", base().session("alice", 1).lines, "line 3"],
    ["a datacenter that the header lacks", base().session("bob", 3).lines, "line 3"],
    ["a final state listed twice", base().final(0).final(0).lines, "line 4"],
    ["a header in the middle", [...base().lines, ...base().lines], "line 3"],
    ["no header", base().lines.slice(1), "line 1"],
    ["no line at all", [], "line 1"],
  ])("%s", (_what, lines, where) => {
    const withOperation =
      lines.length === 2 && where === "line 3"
        ? [...lines, { type: "read", session: "alice", seq: 1, ...times, key: "x", saw: "never" } as const]
        : lines;
    expect(() => checkHistory(withOperation)).toThrow(HistoryError);
    expect(() => checkHistory(withOperation)).toThrow(where);
  });

  it("one place in program order taken twice", () => {
    const history = base().readNever("alice", "x");
    history.lines.push({ type: "read", session: "alice", seq: 1, ...times, key: "y", saw: "never" });
    expect(() => checkHistory(history.lines)).toThrow("line 4: line 3 has seq 1 of session alice already");
  });

  it("a token of a session that does not exist", () => {
    expect(() => checkHistory(base().attach("alice", 1, [["bob", 1]]).lines)).toThrow("line 3");
  });

  it("a final state without its end", () => {
    const history = base();
    history.lines.push({ type: "final", datacenter: 0, key: "x", saw: "value", dot: [0, 0, 1], version: [1, 0, 0] });
    expect(() => checkHistory(history.lines)).toThrow("final-end");
  });
});
