import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppliedSet } from "./applied-set.ts";

const seq = fc.integer({ min: 1, max: 40 });
const step = fc.oneof(
  seq.map((from) => ({ from, to: from })),
  fc.tuple(seq, seq).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
);

function dumbWatermark(model: ReadonlySet<number>): number {
  let watermark = 0;
  while (model.has(watermark + 1)) watermark++;
  return watermark;
}

describe("AppliedSet", () => {
  it("agrees with a plain set of seqs, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const set = new AppliedSet();
        const model = new Set<number>();
        for (const { from, to } of steps) {
          if (from === to) expect(set.add(from)).toBe(!model.has(from));
          else set.addRange(from, to);
          for (let s = from; s <= to; s++) model.add(s);
          expect(set.watermark).toBe(dumbWatermark(model));
          for (let s = 1; s <= 42; s++) expect(set.has(s)).toBe(model.has(s));
          expect(set.greatest).toBe(Math.max(...model));
        }
      }),
    );
  });

  it("keeps its ranges sorted, disjoint, apart from one another and beyond the watermark", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const set = new AppliedSet();
        for (const { from, to } of steps) set.addRange(from, to);
        let before = set.watermark;
        const ranges = set.rangesBeyond();
        for (let i = 0; i < ranges.length; i += 2) {
          expect(ranges[i]).toBeGreaterThan(before + 1);
          expect(ranges[i + 1]).toBeGreaterThanOrEqual(ranges[i] as number);
          before = ranges[i + 1] as number;
        }
      }),
    );
  });

  it("comes back whole from its watermark and ranges", () => {
    fc.assert(
      fc.property(fc.array(seq), (seqs) => {
        const set = new AppliedSet();
        for (const s of seqs) set.add(s);
        const copy = AppliedSet.of(set.watermark, set.rangesBeyond());
        for (let s = 1; s <= 42; s++) expect(copy.has(s)).toBe(set.has(s));
      }),
    );
  });
});
