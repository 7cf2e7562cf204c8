import { describe, expect, it } from "vitest";
import { figuresOf } from "./vitest-figures.ts";

function file(status: string, ...tests: string[]): Parameters<typeof figuresOf>[0] {
  return {
    testResults: [{ status, assertionResults: tests.map((test) => ({ status: test, fullName: `a ${test} one` })) }],
  };
}

describe("the figures of a test run", () => {
  it("are the numbers of tests, and the names of the skipped", () => {
    const figures = figuresOf(file("failed", "passed", "passed", "failed", "skipped", "pending", "todo"), 1);
    expect(figures).toEqual({ passed: 2, failed: 1, skipped: ["a skipped one", "a pending one", "a todo one"] });
  });

  it("count a file that could not be loaded as a failure", () => {
    expect(figuresOf(file("failed"), 1).failed).toBe(1);
    expect(figuresOf(file("failed", "passed"), 1).failed).toBe(1);
  });

  it("count a run that failed without a failing test as a failure", () => {
    expect(figuresOf(file("passed", "passed"), 1)).toEqual({ passed: 1, failed: 1, skipped: [] });
  });

  it("count a missing report as a failure", () => {
    expect(figuresOf(undefined, 0).failed).toBe(1);
  });

  it("are clean after a clean run", () => {
    expect(figuresOf(file("passed", "passed"), 0)).toEqual({ passed: 1, failed: 0, skipped: [] });
  });
});
