import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";

describe("NodeCore", () => {
  it("puts here, and everywhere else a little later", () => {
    const c = new Cluster({ datacenters: 3, nodes: 2, partitions: 8 });
    const put = c.session(0).put("1:x", "1");
    expect(put.done).toBe(false);
    c.settle();
    expect(put.dot).toBe("0/1/1");
    for (const d of [0, 1, 2]) {
      const get = c.session(d).get("1:x");
      c.settle();
      expect(get.value).toBe("1");
    }
  });
});
