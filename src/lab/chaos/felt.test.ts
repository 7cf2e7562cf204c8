import { describe, expect, it } from "vitest";
import { Felt } from "./felt.ts";

describe("what clients felt", () => {
  it("has latencies of what succeeded, at most two per cent too high", () => {
    const felt = new Felt(0);
    for (let ms = 1; ms <= 1000; ms++) felt.success(0, ms);
    for (const share of [0.01, 0.5, 0.99]) {
      const exact = share * 1000;
      expect(felt.latencyMs(share)).toBeGreaterThanOrEqual(exact);
      expect(felt.latencyMs(share)).toBeLessThanOrEqual(exact * 1.02);
    }
    expect([felt.latencyMs(1), felt.latencyMsMax]).toEqual([1000, 1000]);
    felt.failure("TIMEOUT");
    felt.failure("TIMEOUT");
    expect([felt.operations, felt.succeeded, felt.errors.get("TIMEOUT")]).toEqual([1002, 1000, 2]);
  });

  it("has the longest time without success, the first and the last stretch included", () => {
    const felt = new Felt(1_000);
    felt.end(1_500);
    expect([felt.longestGapMs, felt.longestGapAtMs]).toEqual([500, 0]);
    felt.success(1_500, 1_600);
    felt.failure("TIMEOUT");
    felt.answered(2_900);
    // Answers are heard in any order.
    felt.answered(2_800);
    expect([felt.longestGapMs, felt.longestGapAtMs]).toEqual([1_300, 600]);
    felt.end(9_900);
    expect([felt.longestGapMs, felt.longestGapAtMs]).toEqual([7_000, 1_900]);
  });
});
