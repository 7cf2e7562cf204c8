import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { maxSkewMs } from "../shared/limits.ts";

describe("SkewWatch", () => {
  it("keeps a node whose clock is ahead of most from ordering, until it is back", () => {
    const c = new Cluster({ datacenters: 3 });
    c.advance(3_000, 100);
    c.node(0).skewMs = maxSkewMs + 5_000;
    c.advance(3_000, 100);
    expect(c.session(0).put("0:x", "1").failure).toBe("CLOCKSKEW");
    expect(c.session(0).get("0:x").failure).toBeUndefined();
    const elsewhere = c.session(1).put("0:x", "2");
    c.settle();
    expect(elsewhere.state).toBe("written");
    c.node(0).skewMs = 0;
    c.advance(3_000, 100);
    const put = c.session(0).put("0:x", "3");
    c.settle();
    expect(put.state).toBe("written");
  });

  it("notices at once that the clock leapt, not when the next heartbeat comes", () => {
    const c = new Cluster({ datacenters: 3 });
    c.advance(3_000, 100);
    const { core } = c.node(0);
    const { timerMs } = core.state;
    for (const leapMs of [maxSkewMs + 5_000, 365 * 86_400_000]) {
      core.setNow(c.nowMs + leapMs, timerMs + 10);
      core.tick();
      expect(core.head.refusal(0)).toBe("CLOCKSKEW");
      core.setNow(c.nowMs, timerMs + 20);
      core.tick();
      expect(core.head.refusal(0)).toBeUndefined();
    }
  });

  it("does not hold it against a node that one other is behind", () => {
    const c = new Cluster({ datacenters: 3 });
    c.node(2).skewMs = -2 * maxSkewMs;
    c.advance(3_000, 100);
    const put = c.session(0).put("0:x", "1");
    c.settle();
    expect(put.state).toBe("written");
    expect([...c.node(0).core.skew.skews()].map(([, ms]) => ms > maxSkewMs)).toEqual([false, true]);
  });

  it("forgets the clocks of peers that are gone, or have been silent for long", () => {
    const c = new Cluster({ datacenters: 2 });
    c.node(0).skewMs = 2 * maxSkewMs;
    c.advance(3_000, 100);
    expect(c.session(0).put("0:x", "1").failure).toBe("CLOCKSKEW");
    c.hold(c.node(1), c.node(0));
    c.advance(15_000, 500);
    expect(c.session(0).put("0:x", "1").failure).toBeUndefined();
    c.release(c.node(1), c.node(0));
    c.advance(3_000, 100);
    c.cutDatacenters(0, 1);
    c.advance(100);
    expect(c.session(0).put("0:x", "1").failure).toBeUndefined();
  });

  it("holds a write from too far in the future back until its time has come nearer, and the rest goes on", () => {
    const c = new Cluster({ datacenters: 2 });
    c.cutDatacenters(0, 1);
    c.node(0).skewMs = maxSkewMs + 10_000;
    c.session(0).put("0:early", "1");
    c.settle();
    c.healDatacenters(0, 1);
    c.settle();
    const far = c.node(1);
    expect(far.core.gate.heldForClockCount).toBe(1);
    c.session(1).put("0:mine", "2");
    c.settle();
    c.advance(11_000, 500);
    expect(far.core.gate.heldForClockCount).toBe(0);
    const get = c.session(1).get("0:early");
    c.settle();
    expect(get.value).toBe("1");
  });
});
