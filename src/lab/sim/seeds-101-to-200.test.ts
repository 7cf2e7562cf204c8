import { describe, expect, it } from "vitest";
import { expectSeedsWell, fixedSeedsTimeoutMs } from "./testing/fixed-seeds.ts";

describe("simulation", () => {
  it(
    "goes well with seeds 101 to 200, and gets into the corners",
    () => {
      expect.hasAssertions();
      expectSeedsWell(101, 200, ["fault: crash datacenter", "fault: gone"]);
    },
    fixedSeedsTimeoutMs,
  );
});
