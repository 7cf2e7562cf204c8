import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HybridClock } from "./clock.ts";
import { hybridEpochUnixMs, hybridTimeOfUnixMs, ticksPerMs } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";

type Event =
  | { readonly do: "physical"; readonly ms: number }
  | { readonly do: "next" | "pass"; readonly time: HybridTime }
  | { readonly do: "told" | "reserve" | "durable" | "crash" };

const ms = fc.integer({ min: 0, max: 20_000 });
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ do: fc.constant("physical" as const), ms }),
  fc.record({
    do: fc.constantFrom("next" as const, "pass" as const),
    time: ms.map((at) => hybridTimeOfUnixMs(hybridEpochUnixMs + at)),
  }),
  fc.record({ do: fc.constantFrom("told" as const, "reserve" as const, "durable" as const, "crash" as const) }),
);

/** A node's clock as the head uses it, with a log that holds reserves and loses those that are not durable. */
class ClockOnDisk {
  clock = new HybridClock();
  greatestTold: HybridTime = 0;
  greatestDurable: HybridTime = 0;
  private readonly pending: { readonly bound?: HybridTime; readonly time?: HybridTime }[] = [];
  private bound: HybridTime = 0;

  step(event: Event): void {
    if (event.do === "physical") this.clock.setPhysical(hybridEpochUnixMs + event.ms);
    else if (event.do === "pass") this.clock.pass(event.time);
    else if (event.do === "next") this.entry(event.time);
    else if (event.do === "reserve") this.reserve(0);
    else if (event.do === "durable") this.durable();
    else if (event.do === "crash") this.crash();
    else this.tell();
  }

  private entry(floor: HybridTime): void {
    const time = this.clock.next(floor);
    expect(time).toBeGreaterThan(Math.max(this.greatestTold, this.greatestDurable, floor));
    if (this.clock.needsReserve(time)) this.reserve(time);
    this.pending.push({ time });
  }

  private reserve(time: HybridTime): void {
    const bound = this.clock.reserveAhead(time);
    expect(this.clock.needsReserve(bound)).toBe(false);
    this.pending.push({ bound });
  }

  private durable(): void {
    const entry = this.pending.shift();
    if (entry?.bound !== undefined) {
      this.bound = Math.max(this.bound, entry.bound);
      this.clock.reserveDurable(entry.bound);
    }
    if (entry?.time !== undefined) {
      expect(entry.time).toBeLessThanOrEqual(this.bound);
      this.greatestDurable = Math.max(this.greatestDurable, entry.time);
      expect(this.clock.told()).toBeGreaterThanOrEqual(entry.time);
    }
  }

  private tell(): void {
    const told = this.clock.told();
    expect(told).toBeGreaterThanOrEqual(this.greatestTold);
    expect(told).toBeLessThanOrEqual(this.bound);
    this.greatestTold = told;
  }

  private crash(): void {
    this.pending.length = 0;
    this.clock = new HybridClock();
    this.clock.restore(this.bound);
  }
}

describe("HybridClock", () => {
  it("never goes back, undercuts a time that it told or tells what a crash could take back", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 100 }), (events) => {
        const disk = new ClockOnDisk();
        for (const step of events) disk.step(step);
      }),
      { numRuns: 500 },
    );
  });

  it("tells nothing before a bound is durable", () => {
    const clock = new HybridClock();
    clock.setPhysical(hybridEpochUnixMs + 5_000);
    expect(clock.told()).toBe(0);
    const bound = clock.reserveAhead(0);
    expect(clock.told()).toBe(0);
    clock.reserveDurable(bound);
    expect(clock.told()).toBe(5_000 * ticksPerMs);
  });

  it("keeps to physical time while that moves on", () => {
    const clock = new HybridClock();
    clock.setPhysical(hybridEpochUnixMs + 1_000);
    expect(clock.next(0)).toBe(1_000 * ticksPerMs);
    expect(clock.next(0)).toBe(1_000 * ticksPerMs + 1);
    clock.setPhysical(hybridEpochUnixMs + 1_001);
    expect(clock.next(0)).toBe(1_001 * ticksPerMs);
  });

  it("reserves anew when asked, however far physical time went back since the last time", () => {
    const clock = new HybridClock();
    clock.setPhysical(hybridEpochUnixMs + 100_000);
    const bound = clock.reserveAhead(0);
    clock.setPhysical(hybridEpochUnixMs);
    expect(clock.reserveAhead(0)).toBe(bound);
  });

  it("asks for a longer reserve while half of it is left", () => {
    const clock = new HybridClock();
    expect(clock.reserveRunsLow()).toBe(false);
    clock.setPhysical(hybridEpochUnixMs + 1_000);
    clock.reserveAhead(clock.next(0));
    expect(clock.reserveRunsLow()).toBe(false);
    clock.setPhysical(hybridEpochUnixMs + 2_500);
    clock.next(0);
    expect(clock.reserveRunsLow()).toBe(true);
  });
});
