import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { depCheckRetryMs } from "../shared/limits.ts";
import { originOf } from "../protocol/version.ts";

/**
 * Two datacenters of two nodes. Alice writes "1:cause" at 0.1, then "0:effect" at 0.0; the stream from 0.1 is held, so the
 * effect waits at 1.0 for what 1.1 is to answer.
 */
function effectBeforeCause(): { c: Cluster; asker: TestNode; owner: TestNode; source: TestNode } {
  const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 4 });
  const [source, asker, owner] = [c.node(0, 1), c.node(1, 0), c.node(1, 1)];
  c.hold(source, owner);
  const alice = c.session(0);
  alice.put("1:cause", "1");
  c.settle();
  alice.put("0:effect", "2");
  c.settle();
  expect(asker.core.gate.waitingCount).toBe(1);
  return { c, asker, owner, source };
}

function visible(c: Cluster, datacenter: number, key: string, node = 0): string | undefined {
  const get = c.session(datacenter, node).get(key);
  c.settle();
  return get.value;
}

describe("dep_check", () => {
  it("is answered when the dot is applied, and not before", () => {
    const { c, owner, source, asker } = effectBeforeCause();
    owner.diskHeld = true;
    c.release(source, owner);
    expect(asker.core.gate.waitingCount).toBe(1);
    owner.diskHeld = false;
    c.settle();
    expect(asker.core.gate.waitingCount).toBe(0);
    expect(visible(c, 1, "0:effect")).toBe("2");
  });

  it("is asked again when the question was lost", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 4 });
    const [asker, owner] = [c.node(1, 0), c.node(1, 1)];
    c.hold(asker, owner);
    const alice = c.session(0);
    alice.put("1:cause", "1");
    c.settle();
    alice.put("0:effect", "2");
    c.settle();
    expect(c.drop(asker, owner)).toBe(1);
    c.release(asker, owner);
    expect(asker.core.gate.waitingCount).toBe(1);
    c.advance(depCheckRetryMs + 100, 100);
    expect(asker.core.gate.waitingCount).toBe(0);
  });

  it("is asked again when the answer was lost", () => {
    const { c, owner, source, asker } = effectBeforeCause();
    c.hold(owner, asker);
    c.release(source, owner);
    expect(c.drop(owner, asker)).toBe(1);
    c.release(owner, asker);
    expect(asker.core.gate.waitingCount).toBe(1);
    c.advance(depCheckRetryMs * 3, 100);
    expect(asker.core.gate.waitingCount).toBe(0);
  });

  it("is asked again when the owner restarted and knows nothing of the question", () => {
    const { c, owner, source, asker } = effectBeforeCause();
    c.crash(owner);
    c.restart(owner);
    c.settle();
    c.release(source, owner);
    c.advance(depCheckRetryMs * 2, 100);
    expect(asker.core.gate.waitingCount).toBe(0);
    expect(owner.core.answers.waiters.size).toBe(0);
  });

  it("is asked again the less often the longer it takes, whatever else is answered meanwhile", () => {
    const c = new Cluster({ datacenters: 3, nodes: 2, partitions: 4 });
    const [source, asker, owner] = [c.node(0, 1), c.node(1, 0), c.node(1, 1)];
    c.hold(source, owner);
    c.session(0).put("1:cause", "1");
    c.settle();
    const cause = c.session(0);
    cause.get("1:cause");
    c.settle();
    cause.put("0:effect", "2");
    const bob = c.session(2);
    let others = 0;
    for (let seconds = 0; seconds < 60; seconds++) {
      bob.put("1:x", String(seconds));
      c.settle();
      bob.put("0:y", String(seconds));
      others++;
      c.advance(1_000, 100);
    }
    expect(asker.core.gate.waitingCount).toBe(1);
    const again = asker.core.state.counters.depChecksAsked - others;
    expect(again).toBeGreaterThan(1);
    expect(again).toBeLessThan(10);
    c.release(source, owner);
    c.settle();
    expect(asker.core.gate.waitingCount).toBe(0);
  });

  it("ends, at the owner, with the link of who asked", () => {
    const { c, owner, asker } = effectBeforeCause();
    expect(owner.core.answers.waiters.size).toBe(1);
    c.cut(owner, asker);
    expect(owner.core.answers.waiters.size).toBe(0);
  });

  it("costs no message below a watermark that an earlier answer carried", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 4 });
    const alice = c.session(0);
    for (let i = 0; i < 5; i++) alice.put("1:cause", String(i));
    c.settle();
    alice.put("0:first", "1");
    c.settle();
    const { counters } = c.node(1, 0).core.state;
    const asked = counters.depChecksAsked;
    expect(asked).toBe(1);
    const bob = c.session(0);
    bob.session.context.saw(originOf(0, 1), 3);
    bob.put("0:second", "2");
    c.settle();
    expect(counters.depChecksAsked).toBe(asked);
    expect(counters.depChecksFromWatermark).toBeGreaterThan(0);
    expect(visible(c, 1, "0:second")).toBe("2");
  });

  it("moves the asker's clock beyond the answer's, so that the effect becomes visible above its cause", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 4 });
    c.node(1, 1).skewMs = 20_000;
    const alice = c.session(0);
    alice.put("1:cause", "1");
    c.settle();
    alice.put("0:effect", "2");
    c.settle();
    const [cause, effect] = [c.session(1, 1).get("1:cause"), c.session(1, 0).get("0:effect")];
    c.settle();
    expect(effect.version?.visible).toBeGreaterThan(cause.version?.visible as number);
  });

  it("asks once for what many wait for, and asks for a prefix as a prefix", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 4 });
    c.hold(c.node(0, 1), c.node(1, 1));
    const alice = c.session(0);
    alice.put("1:cause", "1");
    c.settle();
    for (let i = 0; i < 3; i++) {
      const reader = c.session(0);
      reader.get("1:cause");
      c.settle();
      reader.put(`0:${i}`, "2");
    }
    const collapsed = c.session(0);
    collapsed.session.context.merge({ dots: [], prefixes: [originOf(0, 1), 1] }, 0);
    collapsed.put("0:prefix", "3");
    c.settle();
    expect(c.node(1, 0).core.state.counters.depChecksAsked).toBe(2);
    c.release(c.node(0, 1), c.node(1, 1));
    for (const key of ["0:0", "0:1", "0:2", "0:prefix"]) expect(visible(c, 1, key)).toBeDefined();
  });
});

describe("attach", () => {
  it("waits until everything that the token's session had seen is applied here", () => {
    const { c, source, owner } = effectBeforeCause();
    const reader = c.session(0);
    reader.get("0:effect");
    c.settle();
    const here = c.session(1, 1);
    const attach = here.attach(reader.seen(), 60_000);
    const get = here.get("1:cause");
    c.settle();
    expect([attach.done, get.done]).toEqual([false, false]);
    c.release(source, owner);
    expect([attach.state, get.value]).toEqual(["reached", "1"]);
    expect(here.dots).toContain("0/0/1");
  });

  it("gives up at its deadline, changes nothing, and lets the rest go on", () => {
    const { c } = effectBeforeCause();
    const reader = c.session(0);
    reader.get("0:effect");
    c.settle();
    const here = c.session(1, 0);
    const attach = here.attach(reader.seen(), 500);
    const get = here.get("0:effect");
    c.advance(400);
    expect(attach.done).toBe(false);
    c.advance(200);
    expect(attach.failure).toBe("TIMEOUT");
    expect([get.state, get.value]).toEqual(["read", undefined]);
    expect(here.dots).toEqual([]);
    expect(c.node(1, 0).core.answers.waiters.size + c.node(1, 0).core.remote.waitingCount).toBe(1);
  });

  it("ends with its session", () => {
    const { c } = effectBeforeCause();
    const reader = c.session(0);
    reader.get("0:effect");
    c.settle();
    const here = c.session(1, 0);
    const attach = here.attach(reader.seen(), 500);
    here.session.close();
    c.advance(1_000);
    expect(attach.done).toBe(false);
    expect(c.node(1, 0).core.answers.waiters.size).toBe(0);
  });

  it("does not wait for prefixes where the token was issued: there each dot was seen, the prefix perhaps not", () => {
    const c = new Cluster({ datacenters: 2 });
    const seen = { dependencies: { dots: [], prefixes: [originOf(1, 0), 99] }, floor: 0 };
    const [home, away] = [c.session(0), c.session(1)];
    const [there, elsewhere] = [home.attach({ ...seen, datacenter: 0 }), away.attach({ ...seen, datacenter: 0 })];
    c.advance(2_000, 100);
    expect([there.state, elsewhere.failure]).toEqual(["reached", "TIMEOUT"]);
    expect(home.prefixes).toEqual(["1/0/99"]);
  });

  it("refuses a floor that is further ahead than clocks may be", () => {
    const c = new Cluster({ datacenters: 1 });
    const attach = c.session(0).attach({ dependencies: { dots: [], prefixes: [] }, floor: 9e15, datacenter: 0 });
    expect(attach.failure).toBe("CLOCKSKEW");
  });
});
