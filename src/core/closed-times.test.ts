import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClosedTimes } from "./closed-times.ts";

describe("an announced closed time", () => {
  it("counts once every seq before it is applied, and again once they are stable", () => {
    const closed = new ClosedTimes(2);
    closed.announced(1, 100, 7, 5, 3);
    expect([closed.closedOf(1, 6), closed.stableOf(1, 6)]).toEqual([0, 0]);
    expect([closed.closedOf(1, 7), closed.stableOf(1, 6)]).toEqual([100, 0]);
    expect([closed.closedOf(1, 7), closed.stableOf(1, 7)]).toEqual([100, 100]);
    expect([closed.closedOf(0, 99), closed.stableOf(0, 99)]).toEqual([0, 0]);
  });

  it("counts at once when nothing is missing", () => {
    const closed = new ClosedTimes(1);
    closed.announced(0, 100, 7, 7, 7);
    expect([closed.closedOf(0, 7), closed.stableOf(0, 7)]).toEqual([100, 100]);
  });

  it("is not pushed aside by those after it: what is awaited comes, also when there is always more to come", () => {
    const closed = new ClosedTimes(1);
    for (let n = 1; n <= 100; n++) {
      closed.announced(0, n * 10, n, n - 1, 0);
      expect(closed.closedOf(0, n - 1)).toBe((n - 1) * 10);
    }
    expect(closed.stableOf(0, 1)).toBe(10);
    expect(closed.stableOf(0, 100)).toBe(1_000);
  });

  it("that names a seq which a crash took does not stand in the way of those after the restart (1295)", () => {
    const closed = new ClosedTimes(1);
    closed.announced(0, 100, 8, 7, 7);
    expect([closed.closedOf(0, 7), closed.stableOf(0, 7)]).toEqual([0, 0]);
    closed.announced(0, 200, 7, 7, 7);
    closed.announced(0, 300, 8, 7, 7);
    expect([closed.closedOf(0, 7), closed.stableOf(0, 7)]).toEqual([200, 200]);
    expect([closed.closedOf(0, 8), closed.stableOf(0, 8)]).toEqual([300, 300]);
  });

  it("of a datacenter that there is not is not heard", () => {
    const closed = new ClosedTimes(1);
    closed.announced(3, 100, 0, 0, 0);
    expect(closed.closedOf(0, 0)).toBe(0);
  });

  it("never goes back and never counts before its seqs are in, whatever comes in what order; the last one counts in the end", () => {
    // An origin's history: writes with ascending times, and between them announcements that are true.
    const history = fc.array(fc.record({ write: fc.boolean(), later: fc.integer({ min: 1, max: 9 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat(99)), (steps, random) => {
        const times: number[] = [];
        const announcements: { time: number; seq: number }[] = [];
        let now = 0;
        for (const { write, later } of steps) {
          now += later;
          if (write) times.push(now);
          else announcements.push({ time: now, seq: times.length });
        }
        const last = announcements.at(-1);
        const closed = new ClosedTimes(1);
        let applied = 0;
        let before = 0;
        const look = (): void => {
          const time = closed.closedOf(0, applied);
          expect(time).toBeGreaterThanOrEqual(before);
          before = time;
          // Whatever is not applied yet has a greater time.
          for (const later of times.slice(applied)) expect(later).toBeGreaterThan(time);
        };
        while (announcements.length > 0 || applied < times.length) {
          const which = random.next().value as number;
          if (announcements.length > 0 && which % 2 === 0) {
            const [one] = announcements.splice(which % announcements.length, 1);
            if (one !== undefined) closed.announced(0, one.time, one.seq, applied, 0);
          } else if (applied < times.length) applied++;
          look();
        }
        if (last !== undefined) {
          closed.announced(0, last.time, last.seq, applied, 0);
          expect(closed.closedOf(0, applied)).toBe(last.time);
        }
      }),
    );
  });
});
