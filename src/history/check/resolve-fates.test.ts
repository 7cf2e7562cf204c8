import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

const nobodys = { key: "x", dot: [0, 0, 9], version: [9, 0, 0], value: "x9" } as const;

describe("a dot that no line wrote", () => {
  it("is thin air", () => {
    expect(onlyViolation(new HistoryBuilder().session("alice", 0).read("alice", nobodys)).rule).toBe("thin-air");
  });

  it("is thin air in a final state too", () => {
    expect(rulesOf(new HistoryBuilder().finals(nobodys))).toEqual(["thin-air"]);
  });

  it("is thin air when its value was refused", () => {
    const history = new HistoryBuilder().session("alice", 0);
    history.read("alice", history.writeRefused("alice", "x", "x1"));
    expect(rulesOf(history)).toEqual(["thin-air"]);
  });

  it("is nobody's fault where the header says that writes go unrecorded, and still must not go back", () => {
    const history = new HistoryBuilder({ unrecordedWrites: true }).session("alice", 0).read("alice", nobodys);
    expect(rulesOf(history)).toEqual([]);
    history.attach("alice", 1).readNever("alice", "x");
    expect(rulesOf(history)).toEqual(["monotonic-reads"]);
  });
});

describe("a write of unknown outcome", () => {
  it("may never have happened", () => {
    const history = new HistoryBuilder().session("alice", 0);
    history.writeUnknown("alice", "x", "x1");
    expect(rulesOf(history.readNever("alice", "x").finals())).toEqual([]);
  });

  it("has happened once somebody saw it, and must not be lost then", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    const x1 = history.writeUnknown("alice", "x", "x1");
    expect(rulesOf(history.read("bob", x1))).toEqual([]);
    expect(rulesOf(history.finals())).toEqual(["lost-write"]);
  });

  it("has the past that its session had", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1);
    history.write("alice", "y", "y1");
    const x1 = history.writeUnknown("alice", "x", "x1");
    history.read("bob", x1).readNever("bob", "y");
    const { rule, cycle } = onlyViolation(history);
    expect(rule).toBe("stale-read");
    expect(cycle).toHaveLength(4);
  });

  it("is not in the past of what its session did next, which never had its dot", () => {
    const history = new HistoryBuilder().session("alice", 0).session("bob", 1).session("carol", 2);
    const x1 = history.writeUnknown("alice", "x", "x1");
    const y1 = history.write("alice", "y", "y1");
    history.read("bob", y1).readNever("bob", "x").read("carol", x1);
    expect(rulesOf(history)).toEqual([]);
  });

  it("is matched by its value, in its own datacenter", () => {
    const history = new HistoryBuilder().session("alice", 0);
    const x1 = history.writeUnknown("alice", "x", "x1");
    expect(rulesOf(history.read("alice", { ...x1, value: "x2" }))).toEqual(["thin-air"]);
    const elsewhere = new HistoryBuilder().session("alice", 0);
    const made = elsewhere.writeUnknown("alice", "x", "x1");
    elsewhere.read("alice", { ...made, dot: [1, 0, 1], version: [1, 1, 0] });
    expect(rulesOf(elsewhere)).toEqual(["thin-air"]);
  });

  it("makes one dot at most: applied twice is caught", () => {
    const history = new HistoryBuilder().session("alice", 0);
    const x1 = history.writeUnknown("alice", "x", "x1");
    history.read("alice", x1).read("alice", { ...x1, dot: [0, 0, 2], version: [2, 0, 0] });
    const { rule, message } = onlyViolation(history);
    expect(rule).toBe("thin-air");
    expect(message).toMatch(/applied twice/);
  });
});

describe("deletes of unknown outcome, which carry no value", () => {
  it("are told apart by number only", () => {
    const history = new HistoryBuilder().session("alice", 0);
    const [first, second] = [history.removeUnknown("alice", "x"), history.removeUnknown("alice", "x")];
    history.read("alice", first).read("alice", second);
    expect(rulesOf(history)).toEqual([]);
    history.read("alice", { ...second, dot: [0, 0, 3], version: [3, 0, 0] });
    expect(rulesOf(history)).toEqual(["thin-air"]);
  });
});
