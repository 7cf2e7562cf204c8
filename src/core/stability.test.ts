import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";

function stableAt(c: Cluster, datacenter: number, seq: number, partition = 0): boolean {
  return c.node(datacenter).core.state.local(partition)?.isStable(0, seq) === true;
}

describe("Stability", () => {
  it("comes when every datacenter has applied a write, not one earlier, and is told to all", () => {
    const c = new Cluster({ datacenters: 3 });
    c.cutDatacenters(0, 2);
    c.session(0).put("0:x", "1");
    c.settle();
    c.advance(1_000, 100);
    for (const d of [0, 1, 2]) expect(stableAt(c, d, 1)).toBe(false);
    c.healDatacenters(0, 2);
    c.settle();
    c.advance(1_000, 100);
    for (const d of [0, 1, 2]) expect(stableAt(c, d, 1)).toBe(true);
  });

  it("lets a dot stay out of contexts, and raises the floor to the clocks of those who applied it", () => {
    const c = new Cluster({ datacenters: 2 });
    c.node(1).skewMs = 20_000;
    c.session(0).put("0:x", "1");
    c.settle();
    c.advance(1_000, 100);
    const there = c.session(1).get("0:x");
    const reader = c.session(0);
    reader.get("0:x");
    c.settle();
    expect(reader.dots).toEqual([]);
    expect(reader.session.context.floor).toBeGreaterThanOrEqual(there.version?.visible as number);
  });

  it("is not believed before the disk covers its clock, for any number of partitions", () => {
    const partitions = 200;
    const c = new Cluster({ datacenters: 2, partitions });
    c.cutDatacenters(0, 1);
    for (let p = 0; p < partitions; p++) c.session(0).put(`${p}:x`, "1");
    c.settle();
    c.advance(60_000, 1_000);
    c.healDatacenters(0, 1);
    c.settle();
    c.advance(1_500, 100);
    for (let p = 0; p < partitions; p++) for (const d of [0, 1]) expect(stableAt(c, d, 1, p)).toBe(true);
  });

  it("is told again when the notice was lost", () => {
    const c = new Cluster({ datacenters: 2 });
    c.session(0).put("0:x", "1");
    c.settle();
    c.hold(c.node(0), c.node(1));
    c.advance(1_000, 100);
    c.drop(c.node(0), c.node(1));
    c.release(c.node(0), c.node(1));
    expect([stableAt(c, 0, 1), stableAt(c, 1, 1)]).toEqual([true, false]);
    c.advance(11_000, 500);
    expect(stableAt(c, 1, 1)).toBe(true);
  });

  it("keeps, over a restart of the origin, the clock that those who hear of it must pass", () => {
    const c = new Cluster({ datacenters: 3 });
    const [home, far] = [c.node(0), c.node(2)];
    c.node(1).skewMs = 30_000;
    c.session(0).put("0:x", "1");
    c.settle();
    c.hold(home, far);
    c.advance(1_000, 100);
    expect([stableAt(c, 0, 1), stableAt(c, 2, 1)]).toEqual([true, false]);
    home.checkpoint();
    c.crash(home);
    c.hold(c.node(1), home);
    c.restart(home);
    c.release(home, far);
    const there = c.session(1).get("0:x");
    c.settle();
    for (let i = 0; i < 100 && !stableAt(c, 2, 1); i++) c.advance(10);
    expect(stableAt(c, 2, 1)).toBe(true);
    expect(far.core.clockTold).toBeGreaterThanOrEqual(there.version?.visible as number);
  });

  it("of an acknowledgement from a clock that is too far ahead waits until that clock is back", () => {
    const c = new Cluster({ datacenters: 2 });
    const far = c.node(1);
    far.skewMs = 120_000;
    c.session(0).put("0:x", "1");
    c.settle();
    c.advance(1_000, 100);
    expect(stableAt(c, 0, 1)).toBe(false);
    far.skewMs = 0;
    c.advance(90_000, 1_000);
    expect(stableAt(c, 0, 1)).toBe(true);
  });

  it("is immediate where there is one datacenter alone", () => {
    const c = new Cluster({ datacenters: 1 });
    c.session(0).put("0:x", "1");
    c.settle();
    expect(stableAt(c, 0, 1)).toBe(true);
  });
});
