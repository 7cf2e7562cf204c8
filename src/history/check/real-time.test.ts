import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "./testing/history-builder.ts";
import { onlyViolation, rulesOf } from "./testing/rules-of.ts";

/** Three sessions of one datacenter and one elsewhere, sharing no past. */
function sessions(): HistoryBuilder {
  return new HistoryBuilder().session("a", 0).session("b", 0).session("c", 0).session("far", 1);
}

describe("inside one datacenter real time agrees with version order", () => {
  it("a read that begins after a write was over sees it", () => {
    const history = sessions();
    history.write("a", "x", "x1", { start: 10, end: 20 });
    history.readNever("b", "x", { start: 21 });
    expect(onlyViolation(history)).toMatchObject({ rule: "real-time", lines: [6, 7] });
  });

  it("a read that overlaps the write may miss it, also at the very end", () => {
    const history = sessions();
    history.write("a", "x", "x1", { start: 10, end: 20 });
    history.readNever("b", "x", { start: 20 });
    expect(rulesOf(history)).toEqual([]);
  });

  it("a read sees at least what another read saw that was over before", () => {
    const history = sessions();
    const x1 = history.write("far", "x", "x1", { start: 0, end: 1 });
    history.read("a", x1, { start: 10, end: 20 }).readNever("b", "x", { start: 30 });
    expect(rulesOf(history)).toEqual(["real-time"]);
  });

  it("a write that begins after another was over has the greater version", () => {
    const history = sessions();
    history.write("a", "x", "x1", { start: 10, end: 20, time: 5 });
    history.write("b", "x", "x2", { start: 30, end: 40, time: 4 });
    expect(rulesOf(history)).toEqual(["real-time"]);
  });

  it("the bound is the greatest version over before, not the latest", () => {
    const history = sessions();
    const x1 = history.write("a", "x", "x1", { start: 0, end: 100 });
    const x2 = history.write("b", "x", "x2", { start: 10, end: 20 });
    history.read("c", x2, { start: 30, end: 40 });
    expect(rulesOf(history)).toEqual([]);
    history.session("d", 0).read("d", x1, { start: 50, end: 60 });
    expect(rulesOf(history)).toEqual(["real-time"]);
  });
});

describe("between datacenters", () => {
  it("a write may arrive as late as it likes", () => {
    const history = sessions();
    history.write("a", "x", "x1", { start: 10, end: 20 });
    expect(rulesOf(history.readNever("far", "x", { start: 1000 }))).toEqual([]);
  });

  it("a write never arrives before it began, where one clock can tell", () => {
    for (const clock of ["one", "per-datacenter"] as const) {
      const history = new HistoryBuilder({ clock }).session("a", 0).session("far", 1);
      const x1 = history.write("a", "x", "x1", { start: 100 });
      history.read("far", x1, { start: 10, end: 20 });
      expect(rulesOf(history)).toEqual(clock === "one" ? ["future-read"] : []);
    }
  });
});

describe("a write of unknown outcome", () => {
  it("bounds nothing by itself, since it may happen later", () => {
    const history = sessions();
    const x1 = history.writeUnknown("a", "x", "x1", { start: 10, end: 20 });
    history.readNever("b", "x", { start: 30, end: 40 }).read("c", x1, { start: 50 });
    expect(rulesOf(history)).toEqual([]);
  });
});
