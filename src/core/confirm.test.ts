/*
 * NodeCore.confirm: a context that a client kept itself names nothing that is not applied here.
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { originOf } from "../protocol/version.ts";
import { maxSkewMs } from "../shared/limits.ts";

interface Confirmation {
  confirmed: number;
  refused: string[];
}

function confirm(
  node: TestNode,
  dots: readonly number[],
  prefixes: readonly number[] = [],
  timeoutMs = 500,
): Confirmation {
  const told: Confirmation = { confirmed: 0, refused: [] };
  node.turn((core) =>
    core.confirm(
      { dots: [...dots], prefixes: [...prefixes] },
      timeoutMs,
      () => told.confirmed++,
      (why) => told.refused.push(why),
    ),
  );
  return told;
}

const yes: Confirmation = { confirmed: 1, refused: [] };
const notYet: Confirmation = { confirmed: 0, refused: [] };

function no(why: string): Confirmation {
  return { confirmed: 0, refused: [why] };
}

/** One datacenter of two nodes, with three writes at each. */
function written(): { c: Cluster; here: TestNode; owner: TestNode } {
  const c = new Cluster({ datacenters: 1, nodes: 2, partitions: 4 });
  for (let i = 0; i < 3; i++) {
    c.session(0).put("0:here", String(i));
    c.session(0).put("1:there", String(i));
    c.settle();
  }
  return { c, here: c.node(0, 0), owner: c.node(0, 1) };
}

function expectNothingRegistered({ core }: TestNode): void {
  const { attaches } = core["services"];
  expect([attaches.size, core.answers.waiters.size, core.remote.waitingCount]).toEqual([0, 0, 0]);
}

describe("a context that a client brings back", () => {
  it("is confirmed at once when it is empty, or names what this node has applied", () => {
    const { here } = written();
    expect(confirm(here, [])).toEqual(yes);
    expect(confirm(here, [originOf(0, 0), 3])).toEqual(yes);
    expect(confirm(here, [originOf(0, 0), 1, originOf(0, 0), 2], [originOf(0, 0), 3])).toEqual(yes);
    expectNothingRegistered(here);
  });

  it("is confirmed when the owner says that it is applied, and at once from then on", () => {
    const { c, here } = written();
    const first = confirm(here, [originOf(0, 1), 3, originOf(0, 0), 1]);
    expect(first).toEqual(notYet);
    c.settle();
    expect(first).toEqual(yes);
    expect(confirm(here, [originOf(0, 1), 2])).toEqual(yes);
    c.advance(2_000, 100);
    expect(first).toEqual(yes);
    for (const node of c.nodes) expectNothingRegistered(node);
  });

  it("is confirmed when what is under way becomes durable", () => {
    const { c, here, owner } = written();
    for (const node of [here, owner]) node.diskHeld = true;
    c.session(0).put("0:here", "late");
    c.session(0).put("1:there", "late");
    c.settle();
    const both = confirm(here, [originOf(0, 0), 4, originOf(0, 1), 4]);
    c.settle();
    here.sync();
    c.settle();
    expect(both).toEqual(notYet);
    owner.sync();
    c.settle();
    expect(both).toEqual(yes);
    expectNothingRegistered(here);
  });

  it("is refused, after the time that it was given, for a dot that nobody was ever given", () => {
    for (const partition of [0, 1]) {
      const { c, here, owner } = written();
      const confirmation = confirm(here, [originOf(0, 0), 3, originOf(0, partition), 4]);
      c.advance(490);
      expect(confirmation).toEqual(notYet);
      c.advance(20);
      expect(confirmation).toEqual(no("BADCONTEXT"));
      expectNothingRegistered(here);
      c.session(0, partition).put(`${partition}:later`, "takes that dot");
      c.settle();
      c.advance(5_000, 500);
      expect(confirmation).toEqual(no("BADCONTEXT"));
      expectNothingRegistered(owner);
    }
  });

  it("is refused at once where it names a datacenter or a partition that there is not", () => {
    const { c, here } = written();
    for (const pairs of [
      [originOf(1, 0), 1],
      [originOf(0, 4), 1],
    ]) {
      expect(confirm(here, pairs)).toEqual(no("BADCONTEXT"));
      expect(confirm(here, [], pairs)).toEqual(no("BADCONTEXT"));
    }
    c.advance(1_000, 100);
    expectNothingRegistered(here);
  });

  it("is neither right nor wrong while the owner cannot be reached: that is told apart", () => {
    const { c, here, owner } = written();
    c.cut(here, owner);
    const [unknown, wrong] = [confirm(here, [originOf(0, 1), 3]), confirm(here, [originOf(0, 0), 99])];
    c.advance(600);
    expect(unknown).toEqual(no("UNAVAILABLE"));
    expect(wrong).toEqual(no("BADCONTEXT"));
    c.heal(here, owner);
    c.advance(5_000, 100);
    expect(unknown).toEqual(no("UNAVAILABLE"));
    expectNothingRegistered(here);
  });

  it("is neither right nor wrong while this node's clock is so far behind that it believes no answer", () => {
    const { c, here } = written();
    here.skewMs = -maxSkewMs - 5_000;
    const confirmation = confirm(here, [originOf(0, 1), 3]);
    c.advance(600, 20);
    expect(confirmation).toEqual(no("CLOCKSKEW"));
    expectNothingRegistered(here);
    // A second one for the same dot: the question was asked and its answer refused before it came.
    const [first, second] = [confirm(here, [originOf(0, 1), 3]), confirm(here, [originOf(0, 1), 3])];
    c.advance(600, 20);
    expect([first, second]).toEqual([no("CLOCKSKEW"), no("CLOCKSKEW")]);
    here.skewMs = 0;
    const again = confirm(here, [originOf(0, 1), 3]);
    c.advance(100, 20);
    expect(again).toEqual(yes);
  });

  it("is neither while nothing is heard of the owner, though its link is up", () => {
    const { c, here, owner } = written();
    c.advance(2_000, 100);
    c.hold(owner, here);
    const confirmation = confirm(here, [originOf(0, 1), 3], [], 2_000);
    c.advance(2_100, 100);
    expect(confirmation).toEqual(no("UNAVAILABLE"));
    c.release(owner, here);
    const again = confirm(here, [originOf(0, 1), 3]);
    c.settle();
    expect(again).toEqual(yes);
  });

  it("is confirmed when the owner can be reached again in time", () => {
    const { c, here, owner } = written();
    c.cut(here, owner);
    const confirmation = confirm(here, [originOf(0, 1), 3]);
    c.advance(200);
    c.heal(here, owner);
    c.advance(200);
    expect(confirmation).toEqual(yes);
  });

  it("holds, for a prefix, when its last dot does, though others before it are missing", () => {
    const c = new Cluster({ datacenters: 2 });
    c.hold(c.node(0), c.node(1));
    for (const key of ["0:first", "0:second"]) {
      c.session(0).put(key, "1");
      c.settle();
    }
    c.deliver(c.node(0), c.node(1), 1);
    c.settle();
    expect(c.node(1).core.state.local(0)?.appliedOf(0).watermark).toBe(0);
    expect(confirm(c.node(1), [], [originOf(0, 0), 2])).toEqual(yes);
    const first = confirm(c.node(1), [], [originOf(0, 0), 1]);
    expect(first).toEqual(notYet);
    c.release(c.node(0), c.node(1));
    expect(first).toEqual(yes);
    expectNothingRegistered(c.node(1));
  });

  it("is told when time is up by a clock that the wall clock does not move", () => {
    const { c, here } = written();
    const { core } = here;
    core.setNow(c.nowMs, 1_000);
    const confirmation = confirm(here, [originOf(0, 0), 99]);
    core.setNow(c.nowMs + 86_400_000, 1_100);
    core.tick();
    expect(confirmation).toEqual(notYet);
    core.setNow(c.nowMs - 86_400_000, core.state.timerMs + 500);
    core.tick();
    expect(confirmation).toEqual(no("BADCONTEXT"));
  });

  it("that names what never was is forgotten by the owner too, once nobody waits for the answer", () => {
    const { c, here, owner } = written();
    const invented = Array.from({ length: 50 }, (_, i) => [originOf(0, 1), 1_000_000 + i]).flat();
    const first = confirm(here, invented);
    const second = confirm(here, [originOf(0, 1), 1_000_000], [], 2_000);
    c.settle();
    expect(owner.core.answers.waiters.size).toBe(50);
    c.advance(1_000, 100);
    expect(first).toEqual(no("BADCONTEXT"));
    expect(owner.core.answers.waiters.size).toBe(1);
    c.advance(2_000, 100);
    expect(second).toEqual(no("BADCONTEXT"));
    expectNothingRegistered(here);
    expectNothingRegistered(owner);
  });
});
