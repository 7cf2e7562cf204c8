import { describe, expect, it } from "vitest";
import { PacedWarnings } from "./paced-warnings.ts";

describe("paced warnings", () => {
  it("say each event once a second, and how often it was left out", () => {
    const said: [object, string][] = [];
    let nowMs = 0;
    const logger = { info: () => undefined, warn: (fields: object, message: string) => said.push([fields, message]) };
    const warnings = new PacedWarnings(logger, () => nowMs);
    warnings.warn("a", { n: 1 }, "first");
    warnings.warn("a", { n: 2 }, "second");
    warnings.warn("b", { n: 3 }, "other");
    nowMs = 999;
    warnings.warn("a", { n: 4 }, "third");
    nowMs = 1000;
    warnings.warn("a", { n: 5 }, "fourth");
    nowMs = 2000;
    warnings.warn("a", { n: 6 }, "fifth");
    expect(said).toEqual([
      [{ event: "a", n: 1 }, "first"],
      [{ event: "b", n: 3 }, "other"],
      [{ event: "a", n: 5, suppressed: 2 }, "fourth"],
      [{ event: "a", n: 6 }, "fifth"],
    ]);
  });
});
