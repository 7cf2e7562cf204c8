import { describe, expect, it } from "vitest";
import { expectSeedsWell, fixedSeedsTimeoutMs } from "./testing/fixed-seeds.ts";

describe("simulation", () => {
  it(
    "goes well with seeds 1 to 100, and gets into the corners",
    () => {
      expect.hasAssertions();
      expectSeedsWell(1, 100, ["shipping windows full"]);
    },
    fixedSeedsTimeoutMs,
  );
});
