import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tickMs } from "./limits.ts";
import { VirtualTime } from "./testing/virtual-time.ts";
import { notSet, TimerWheel } from "./timer-wheel.ts";
import type { Timed } from "./timer-wheel.ts";

class Entry implements Timed {
  tick = notSet;
  readonly firedMs: number[] = [];
  private readonly time: VirtualTime;

  constructor(time: VirtualTime) {
    this.time = time;
  }

  onDue(): void {
    this.firedMs.push(this.time.nowMs());
  }
}

describe("TimerWheel", () => {
  it("fires each entry once, when its last set time has come and at most two ticks later", async () => {
    const steps = fc.array(
      fc.record({
        entry: fc.nat(3),
        delayMs: fc.integer({ min: -50, max: 500 }),
        runMs: fc.nat(120),
        cancel: fc.boolean(),
      }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const time = new VirtualTime();
        const wheel = new TimerWheel(time);
        const entries = [0, 1, 2, 3].map(() => new Entry(time));
        const dueMs = new Map<Entry, number>();
        for (const { entry: index, delayMs, runMs, cancel } of all) {
          const entry = entries[index] as Entry;
          if (cancel) wheel.cancel(entry);
          else wheel.set(entry, time.nowMs() + delayMs);
          if (cancel) dueMs.delete(entry);
          else dueMs.set(entry, time.nowMs() + delayMs);
          const setMs = time.nowMs();
          await time.run(runMs);
          for (const [each, atMs] of dueMs) {
            const firedMs = each.firedMs.pop();
            if (firedMs !== undefined) {
              expect(firedMs).toBeGreaterThanOrEqual(atMs);
              dueMs.delete(each);
            } else {
              expect(time.nowMs()).toBeLessThanOrEqual(Math.max(atMs, setMs) + 2 * tickMs);
            }
          }
          for (const each of entries) expect(each.firedMs).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("lets an entry set another time from within its own", async () => {
    const time = new VirtualTime();
    const wheel = new TimerWheel(time);
    let fired = 0;
    const entry: Timed = {
      tick: notSet,
      onDue: () => {
        if (++fired < 3) wheel.set(entry, time.nowMs());
      },
    };
    wheel.set(entry, time.nowMs());
    await time.run(200);
    expect(fired).toBe(3);
  });

  it("forgets everything when it is closed", async () => {
    const time = new VirtualTime();
    const wheel = new TimerWheel(time);
    const entry = new Entry(time);
    wheel.set(entry, time.nowMs() + 20);
    wheel.close();
    await time.run(100);
    expect(entry.firedMs).toEqual([]);
    expect(entry.tick).toBe(notSet);
  });
});
