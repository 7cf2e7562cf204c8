import { describe, expect, it } from "vitest";
import { describeWhy } from "./describe.ts";
import type { WhyDatacenter, WhyReport, WhyVersion } from "./report.ts";

const version: WhyVersion = { origin: "east", dot: "0/3/17", time: 1, tombstone: false, ageMs: 2_500 };

const answered: WhyDatacenter = {
  datacenter: "west",
  node: "west-0",
  reachable: true,
  waiting: [],
  waitingMore: 0,
};

function linesOf(datacenter: Partial<WhyDatacenter>, key = "photo"): string[] {
  const report: WhyReport = { key, partition: 3, datacenters: [{ ...answered, ...datacenter }], tookMs: 1 };
  return describeWhy(report);
}

describe("a report of WHY in words", () => {
  it("says what readers see", () => {
    expect(linesOf({ visible: version })).toEqual([
      '"photo", in partition 3',
      "west: shows 0/3/17, written in east 2.5 s ago",
    ]);
    expect(linesOf({})[1]).toBe("west: never written here");
    expect(linesOf({ visible: { ...version, tombstone: true, ageMs: 7_300_000 } })[1]).toBe(
      "west: shows 0/3/17, deleted in east 2 h ago",
    );
  });

  it("puts below a waiting write what it waits for, and below that what that waits for", () => {
    const below = {
      dot: "1/1/4",
      origin: "west",
      prefix: true,
      waitingMs: 900,
      where: "not-shipped",
      forMs: 300_000,
      detail: "no link",
    } as const;
    const dependency = {
      dot: "2/7/9",
      origin: "north",
      prefix: false,
      waitingMs: 900,
      where: "waiting",
      forMs: 900,
      waitsFor: [below],
    } as const;
    const waiting = { ...version, receivedMsAgo: 900, heldForClock: false, waitsFor: [dependency], waitsForMore: 2 };
    expect(linesOf({ waiting: [waiting], waitingMore: 5 }).slice(2)).toEqual([
      "  waiting: 0/3/17, written in east 2.5 s ago, received 900 ms ago",
      "    waits for 2/7/9 from north: received, and itself waiting for 900 ms",
      "      waits for every write up to 1/1/4 from west: not shipped yet for 5 min (no link)",
      "    and for up to 2 more",
      "  and 5 more waiting writes of this key, all older",
    ]);
  });

  it("says what else holds a write back", () => {
    const waiting = { ...version, receivedMsAgo: 10, heldForClock: true, waitsFor: [], waitsForMore: 0 };
    const held = linesOf({
      waiting: [{ ...waiting, detail: "its time is ahead" }],
      refusingWrites: "the disk is full",
    });
    expect(held).toContain("    held back: its time is ahead");
    expect(held).toContain("  west-0 takes in no writes: the disk is full");
    expect(linesOf({ waiting: [waiting] })).toContain("    all that it waits for is here now");
  });

  it("says what was not received, and where it is", () => {
    const missing = { ...version, where: "in-flight", forMs: 40 } as const;
    expect(linesOf({ missing })[2]).toBe("  not received: 0/3/17, written in east 2.5 s ago: in flight for 40 ms");
  });

  it("says who did not answer, and since when", () => {
    const gone = { reachable: false, unreachableSinceMs: Date.UTC(2026, 0, 2, 3, 4, 5), detail: "PEER_SILENT" };
    expect(linesOf(gone)[1]).toBe("west: cannot be reached since 2026-01-02T03:04:05.000Z (west-0: PEER_SILENT)");
    expect(linesOf({ reachable: false })[1]).toBe("west: no answer (west-0)");
  });

  it("shows keys as text where they are, and no control characters", () => {
    expect(linesOf({}, Buffer.from("grüße", "utf8").toString("latin1"))[0]).toBe('"grüße", in partition 3');
    expect(linesOf({}, "a\u001b[2J\n\xff")[0]).toBe(String.raw`"a\u001b[2J\nÿ", in partition 3`);
  });
});
