/*
 * What a destination says that it has applied: a disk that lost what others have is found out, and nobody else is accused;
 * and what it says in an opening, without a clock, makes nothing stable.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LostDataError } from "./node-inbox.ts";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { encodeStreamAck } from "../protocol/messages/stream.ts";

function write(c: Cluster, count: number, key = "0:x"): void {
  for (let i = 0; i < count; i++) {
    c.session(0).put(key, String(i));
    c.settle();
  }
}

/** A disk that lied: what it called durable last is gone after the crash. */
function crashLosing(c: Cluster, node: TestNode, frames: number): void {
  c.crash(node);
  node.frames = node.frames.slice(0, node.frames.length - frames);
}

function restart(c: Cluster, node: TestNode): void {
  c.restart(node);
  c.settle();
}

function hasLost(act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    if (error instanceof LostDataError) return true;
    throw error;
  }
}

describe("a log that lost its last frames", () => {
  it("is noticed when the destination opens the stream, although the restart declares a hole over what is lost", () => {
    const c = new Cluster({ datacenters: 2 });
    const home = c.node(0);
    write(c, 5);
    crashLosing(c, home, 1);
    expect(() => restart(c, home)).toThrow(
      "datacenter 1 has applied writes of partition 0 that this node does not know",
    );
    expect(home.core.state.local(0)?.recoveredSeq).toBe(4);
    expect(home.core.state.local(0)?.seq).toBeGreaterThan(5);
    expect(home.core.shippers.get(c.node(1).id)?.isOpen).toBe(false);
  });

  it("is noticed again at every further opening, and by each destination for itself", () => {
    const c = new Cluster({ datacenters: 3 });
    const [home, first, second] = [c.node(0), c.node(1), c.node(2)];
    c.cut(home, first);
    write(c, 3);
    crashLosing(c, home, 1);
    c.hold(second, home);
    expect(hasLost(() => restart(c, home))).toBe(false);
    write(c, 1);
    expect(first.core.state.counters.writesApplied).toBe(3);
    for (let i = 0; i < 2; i++) {
      expect(hasLost(() => c.release(second, home))).toBe(true);
      c.cut(home, second);
      c.hold(second, home);
      c.heal(home, second);
      c.settle();
    }
  });

  it("is noticed behind a checkpoint, and where a range beyond a gap tells of it", () => {
    const c = new Cluster({ datacenters: 2 });
    const [home, far] = [c.node(0), c.node(1)];
    write(c, 2);
    c.advance(100);
    home.checkpoint();
    c.hold(home, far);
    write(c, 3);
    c.deliver(home, far, 2);
    c.settle();
    expect(far.core.state.local(0)?.appliedOf(0).rangesBeyond()).toEqual([5, 5]);
    crashLosing(c, home, 1);
    c.releaseAll();
    expect(hasLost(() => restart(c, home))).toBe(true);
  });

  it("that held nothing the destination has is nobody's loss", () => {
    const c = new Cluster({ datacenters: 2 });
    const [home, far] = [c.node(0), c.node(1)];
    write(c, 2);
    c.hold(home, far);
    write(c, 2);
    crashLosing(c, home, 2);
    c.releaseAll();
    expect(hasLost(() => restart(c, home))).toBe(false);
    write(c, 1);
    expect(far.core.state.local(0)?.appliedOf(0).watermark).toBe(home.core.state.local(0)?.seq);
  });
});

describe("a log that lost nothing", () => {
  it("is accused by nobody that was away while it restarted again and again", () => {
    const c = new Cluster({ datacenters: 2 });
    const [home, far] = [c.node(0), c.node(1)];
    write(c, 3);
    c.cut(home, far);
    for (let i = 0; i < 3; i++) {
      write(c, 2);
      if (i === 1) home.checkpoint();
      c.crash(home);
      home.restart();
      c.settle();
    }
    c.advance(600_000, 60_000);
    c.heal(home, far);
    c.settle();
    write(c, 1);
    expect(far.core.state.local(0)?.appliedOf(0).watermark).toBe(home.core.state.local(0)?.seq);
  });

  it("is accused by no opening after the first, which tells of the hole and of what was written since", () => {
    const c = new Cluster({ datacenters: 2 });
    const [home, far] = [c.node(0), c.node(1)];
    write(c, 3);
    c.crash(home);
    restart(c, home);
    write(c, 2);
    for (let i = 0; i < 3; i++) {
      c.cut(home, far);
      c.heal(home, far);
      c.settle();
      write(c, 1);
    }
    expect(far.core.state.local(0)?.appliedOf(0).watermark).toBe(home.core.state.local(0)?.seq);
  });

  it("is never accused, whatever crashes, breaks and comes back in whatever order, and all arrives", () => {
    const at = fc.constantFrom(0, 1);
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("put"), at, key: fc.constantFrom("0:a", "1:b") }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("crash", "checkpoint", "disk"), at }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("cut", "heal", "advance"), at }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("hold", "release", "reverse", "drop"), at }) },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const c = new Cluster({ datacenters: 2, partitions: 2 });
        for (const step of events) {
          const [node, peer] = [c.node(step.at), c.node(1 - step.at)];
          if (step.do === "put") c.session(step.at).put("key" in step ? step.key : "0:a", "v");
          else if (step.do === "checkpoint") node.checkpoint();
          else if (step.do === "disk") node.diskHeld = !node.diskHeld;
          else if (step.do === "cut") c.cut(node, peer);
          else if (step.do === "heal") c.heal(node, peer);
          else if (step.do === "advance") c.advance(200, 50);
          else if (step.do === "hold") c.hold(node, peer);
          else if (step.do === "release") c.release(node, peer);
          else if (step.do === "reverse") c.underWay(node, peer).reverse();
          else if (step.do === "drop") c.drop(node, peer);
          else {
            c.crash(node);
            c.restart(node);
          }
          c.settle();
        }
        for (const node of c.nodes) node.diskHeld = false;
        c.heal(c.node(0), c.node(1));
        c.releaseAll();
        c.advance(20_000, 1_000);
        for (const [home, far] of [
          [c.node(0), c.node(1)],
          [c.node(1), c.node(0)],
        ] as const) {
          for (const { id, seq } of home.core.state.partitions.values()) {
            expect(far.core.state.local(id)?.appliedOf(home.core.state.datacenter).watermark).toBe(seq);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("what a destination has applied", () => {
  it("makes a write stable when it is acknowledged, with a clock, and not when an opening tells it", () => {
    const c = new Cluster({ datacenters: 3 });
    const [home, silent] = [c.node(0), c.node(2)];
    const shipper = home.core.shippers.get(silent.id);
    const partition = home.core.state.local(0);
    c.hold(silent, home);
    write(c, 1);
    c.cut(home, silent);
    c.heal(home, silent);
    c.release(silent, home);
    c.hold(silent, home);
    expect([shipper?.appliedOf(0)?.watermark, shipper?.ackedOf(0)]).toEqual([1, 0]);
    c.advance(21_000, 500);
    expect(home.core.shippers.get(c.node(1).id)?.ackedOf(0)).toBe(1);
    expect(partition?.isStable(0, 1)).toBe(false);
    c.release(silent, home);
    c.advance(1_000, 100);
    expect(shipper?.ackedOf(0)).toBe(1);
    expect(partition?.isStable(0, 1)).toBe(true);
  });

  it("never goes back for an acknowledgement that comes late, and is unknown for partitions that are elsewhere", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 4 });
    const [home, far, other] = [c.node(0, 0), c.node(1, 0), c.node(1, 1)];
    write(c, 3);
    c.advance(1_000, 100);
    const late = new ByteWriter();
    encodeStreamAck(late, { epoch: 7, clock: 0, received: [], applied: [0, 1] });
    home.turn((core) => core.onFrame(far.id, late.copy()));
    expect(home.core.shippers.get(far.id)?.ackedOf(0)).toBe(3);
    expect(home.core.shippers.get(far.id)?.ackedOf(1)).toBeUndefined();
    expect(home.core.shippers.get(far.id)?.ackedOf(2)).toBe(0);
    expect(home.core.shippers.get(other.id)?.ackedOf(0)).toBeUndefined();
  });
});
