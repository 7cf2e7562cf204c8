import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Backoff } from "./backoff.ts";

describe("Backoff", () => {
  it("doubles up to its most, with a jitter of up to half", () => {
    const longest = new Backoff(20, 1000, () => 1);
    const delays = Array.from({ length: 8 }, () => longest.next(true));
    expect(delays).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000]);
    const shortest = new Backoff(20, 1000, () => 0);
    expect([shortest.next(true), shortest.next(true)]).toEqual([10, 20]);
  });

  it("takes the longest pause for what will not change by itself", () => {
    expect(new Backoff(20, 1000, () => 1).next(false)).toBe(1000);
  });

  it("begins again after a reset, and never leaves its bounds", () => {
    const steps = fc.array(fc.constantFrom("retryable", "final", "reset"));
    const jitter = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(steps, jitter, (actions, random) => {
        const backoff = new Backoff(20, 1000, () => random);
        for (const action of actions) {
          if (action === "reset") {
            backoff.reset();
            expect(backoff.next(true)).toBeLessThanOrEqual(20);
            continue;
          }
          const delayMs = backoff.next(action === "retryable");
          expect(delayMs).toBeGreaterThanOrEqual(10);
          expect(delayMs).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });
});
