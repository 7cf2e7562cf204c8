import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "./histogram.ts";

describe("Histogram", () => {
  it("has two buckets for each power of two", () => {
    const histogram = new Histogram(5);
    const bounds = Array.from(histogram.counts, (_, i) => histogram.boundOf(i));
    expect(bounds).toEqual([1, 2, 3, 4, 6, 8, 12, 16, 24, 32]);
  });

  it("puts every value into the first bucket whose bound it does not exceed", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 70 }), fc.double({ min: 0, max: 3_000_000, noNaN: true })),
        (value) => {
          const histogram = new Histogram(20);
          histogram.observe(value);
          const bounds = Array.from(histogram.counts, (_, i) => histogram.boundOf(i));
          const expected = bounds.findIndex((bound) => value <= bound);
          expect(histogram.counts.findIndex((count) => count > 0)).toBe(expected);
          expect(histogram.overflow).toBe(expected < 0 ? 1 : 0);
          expect([histogram.count, histogram.sum]).toEqual([1, value]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("tells quantiles to within a bucket", () => {
    const histogram = new Histogram(12);
    expect(histogram.quantile(0.5)).toBe(0);
    for (let value = 1; value <= 1_000; value++) histogram.observe(value);
    histogram.observe(10, 1_000);
    expect(histogram.quantile(0.5)).toBe(12);
    expect(histogram.quantile(0.99)).toBe(1_024);
    histogram.observe(1e9, 10_000);
    expect(histogram.quantile(0.99)).toBe(Infinity);
  });
});
