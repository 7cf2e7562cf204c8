import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError } from "./assert.ts";
import { BoundedQueue } from "./bounded-queue.ts";

describe("BoundedQueue", () => {
  it("behaves as an array that refuses to grow beyond the limit", () => {
    const operations = fc.array(fc.oneof(fc.nat(1000), fc.constantFrom("shift", "clear", "peek")), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), operations, (limit, steps) => {
        const queue = new BoundedQueue<number>(limit);
        const model: number[] = [];
        for (const step of steps) {
          if (typeof step === "number") {
            expect(queue.push(step)).toBe(model.length < limit);
            if (model.length < limit) model.push(step);
          } else if (step === "shift") {
            expect(queue.shift()).toBe(model.shift());
          } else if (step === "clear") {
            queue.clear();
            model.length = 0;
          } else {
            expect(queue.peek()).toBe(model[0]);
          }
          expect(queue.length).toBe(model.length);
          expect(queue.isFull).toBe(model.length === limit);
        }
        expect(Array.from({ length: queue.length }, (_, i) => queue.at(i))).toEqual(model);
        expect(queue.at(-1)).toBeUndefined();
        expect(queue.at(model.length)).toBeUndefined();
      }),
    );
  });

  it("keeps order while it wraps and grows at the same time", () => {
    const queue = new BoundedQueue<number>(1000);
    let nextIn = 0;
    let nextOut = 0;
    for (let round = 0; round < 300; round++) {
      for (let i = 0; i < 5; i++) expect(queue.push(nextIn++)).toBe(true);
      for (let i = 0; i < 2; i++) expect(queue.shift()).toBe(nextOut++);
    }
    while (queue.length > 0) expect(queue.shift()).toBe(nextOut++);
    expect(nextOut).toBe(nextIn);
    expect(queue.shift()).toBeUndefined();
  });

  it("refuses a limit that is none", () => {
    for (const limit of [0, -1, 1.5, Number.POSITIVE_INFINITY]) {
      expect(() => new BoundedQueue(limit)).toThrow(InvariantError);
    }
  });
});
