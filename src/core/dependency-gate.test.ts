import { describe, expect, it } from "vitest";
import type { Seen } from "./attach.ts";
import { Cluster } from "./testing/cluster.ts";
import type { Partition } from "./partition.ts";
import { inFlightBytesMax, waitingBytesMax } from "../shared/limits.ts";
import { noDependencies } from "../protocol/dependencies.ts";
import { effectAssign, originOf } from "../protocol/version.ts";
import type { Write } from "../protocol/write.ts";

/** What a reader at a node finds now, without a session of its own in the story. */
function visible(c: Cluster, datacenter: number, key: string, node = 0): string | undefined {
  const get = c.session(datacenter, node).get(key);
  c.settle();
  return get.value;
}

describe("DependencyGate", () => {
  it("proposes a blocked write although greater versions came into its partition while it waited", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2, partitions: 4 });
    const [cause, other, gate] = [c.node(0, 1), c.node(0, 0), c.node(1, 0)];
    c.hold(cause, c.node(1, 1));
    const alice = c.session(0);
    alice.put("1:cause", "1");
    c.settle();
    alice.put("0:effect", "2");
    c.settle();
    expect(gate.core.gate.waitingCount).toBe(1);
    c.advance(50);
    c.session(0).put("0:younger", "3");
    c.settle();
    expect(visible(c, 1, "0:younger")).toBe("3");
    c.release(cause, c.node(1, 1));
    expect(visible(c, 1, "0:effect")).toBe("2");
    expect(other.core.state.partitions.size).toBe(2);
  });

  it("is not harmed by a dependency on a datacenter or a partition that there is not", () => {
    const c = new Cluster({ datacenters: 2 });
    const { gate, state } = c.node(1).core;
    const partition = state.local(0) as Partition;
    const plain = {
      effect: effectAssign,
      datacenter: 0,
      partition: 0,
      expiry: 0,
      request: undefined,
      value: "v",
    } as const;
    const onNothing = { dots: [originOf(40, 1), 7], prefixes: [originOf(0, 900), 9] };
    gate.admit(partition, { ...plain, time: 1, seq: 1, dependencies: onNothing, key: "0:poison" });
    gate.admit(partition, { ...plain, time: 2, seq: 2, dependencies: noDependencies, key: "0:good" });
    c.advance(10_000, 1_000);
    expect(visible(c, 1, "0:poison")).toBeUndefined();
    expect(visible(c, 1, "0:good")).toBe("v");
  });

  it("never meets one, since the head where the write begins refuses it", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    for (const pairs of [
      [originOf(40, 1), 7],
      [originOf(0, 900), 7],
    ]) {
      const alice = c.session(0);
      alice.session.context.merge({ dots: [], prefixes: pairs }, 0);
      const [here, forwarded] = [alice.put("0:poison", "1"), alice.put("1:poison", "1")];
      c.settle();
      expect([here.failure, forwarded.failure]).toEqual(["BADCONTEXT", "BADCONTEXT"]);
    }
  });

  it("takes a write that needs nothing but its record, however full of those that wait for it the room is", () => {
    const c = new Cluster({ datacenters: 3, nodes: 1, partitions: 4 });
    const [home, other, far] = [c.node(0), c.node(1), c.node(2)];
    c.session(2).put("0:old", "so that a record must be read to be beaten");
    c.settle();
    c.hold(home, far);
    const alice = c.session(0);
    alice.put("0:cause", "1");
    c.settle();
    const bob = c.session(1);
    bob.get("0:cause");
    c.advance(10);
    c.session(2).put("0:younger", "so that the cause is not the greatest version");
    c.settle();
    fillRoom(c, bob.seen());
    expect(far.core.state.counters.writesDropped).toBeGreaterThan(0);
    c.release(home, far);
    c.advance(120_000, 1_000);
    expect(far.core.gate.waitingCount).toBe(0);
    expect(visible(c, 2, "1:last")?.length).toBe(100);
    expect(other.isUp).toBe(true);
  });

  it("gives the room to an older write, since all that fills it may wait for just that one, and asks again for the rest", () => {
    const c = new Cluster({ datacenters: 4, nodes: 1, partitions: 4 });
    const far = c.node(2);
    c.hold(c.node(0), far);
    c.hold(c.node(3), far);
    c.session(3).put("0:first", "1");
    c.settle();
    const alice = c.session(0);
    alice.get("0:first");
    alice.put("2:second", "2");
    c.settle();
    const bob = c.session(1);
    bob.get("2:second");
    fillRoom(c, bob.seen());
    c.release(c.node(0), far);
    expect(far.core.gate.find(originOf(0, 2), 1)).toBeDefined();
    expect(far.core.receivers.get(c.node(1).id)?.hasGap).toBe(true);
    c.release(c.node(3), far);
    expect(visible(c, 2, "0:first")).toBe("1");
    expect(far.core.gate.find(originOf(0, 2), 1)).toBeUndefined();
    c.advance(300_000, 1_000);
    expect(far.core.gate.waitingCount).toBe(0);
    expect(visible(c, 2, "1:last")?.length).toBe(100);
  });

  it("holds others' writes back while the disk is behind, so that what is in flight stays bounded", () => {
    const c = new Cluster({ datacenters: 2 });
    const slow = c.node(1);
    slow.diskHeld = true;
    const value = "v".repeat(inFlightBytesMax / 4);
    for (let i = 0; i < 8; i++) {
      c.session(0).put(`0:${i}`, value);
      c.settle();
    }
    expect(slow.core.state.proposals.inFlightBytes).toBeLessThan(inFlightBytesMax * 1.5);
    slow.diskHeld = false;
    c.settle();
    c.advance(10_000, 1_000);
    for (let i = 0; i < 8; i++) expect(visible(c, 1, `0:${i}`)?.length).toBe(value.length);
  });

  it("lets a chain of a hundred thousand dependent writes go at once, without a stack that deep", () => {
    const c = new Cluster({ datacenters: 2 });
    const { gate, head, state } = c.node(1).core;
    const partition = state.local(0) as Partition;
    const length = 100_000;
    for (let seq = length; seq > 1; seq--) gate.admit(partition, chained(seq));
    expect(gate.waitingCount).toBe(length - 1);
    expect(partition.proposedOf(0).greatest).toBe(0);
    gate.admit(partition, chained(1));
    expect(gate.waitingCount).toBe(0);
    expect(partition.proposedOf(0).watermark).toBe(length);
    expect(head.canPropose).toBe(true);
    c.settle();
    expect(partition.appliedOf(0).watermark).toBe(length);
  });

  it("takes a hundred thousand writes that all wait for one dot", () => {
    const c = new Cluster({ datacenters: 2 });
    const { gate, state } = c.node(1).core;
    const partition = state.local(0) as Partition;
    for (let seq = 2; seq < 100_000; seq++) gate.admit(partition, chained(seq, 1));
    gate.admit(partition, chained(1));
    expect(gate.waitingCount).toBe(0);
    expect(partition.proposedOf(0).watermark).toBe(99_999);
  });
});

/** The seq-th write of partition 0 in datacenter 0, which depends on the one before, or on the one named. */
function chained(seq: number, on = seq - 1): Write {
  const dependencies = seq === 1 ? noDependencies : { dots: [originOf(0, 0), on], prefixes: [] };
  const key = `0:${seq % 100}`;
  const plain = { effect: effectAssign, expiry: 0, request: undefined, value: "v" } as const;
  return { ...plain, datacenter: 0, partition: 0, time: seq, seq, dependencies, key };
}

/** Datacenter 1 writes, after what was seen there, as much as the gate of datacenter 2 has room for, and then some. */
function fillRoom(c: Cluster, seen: Seen): void {
  const { gate } = c.node(2).core;
  const write = (key: string, bytes: number): void => {
    const writer = c.session(1);
    writer.attach(seen);
    writer.put(key, "v".repeat(bytes));
    c.settle();
  };
  for (let i = 0; i < 7; i++) write(`1:filler/${i}`, waitingBytesMax / 8);
  while (waitingBytesMax - gate.waitingBytes > 350) {
    write(`1:small/${gate.waitingCount}`, Math.min(waitingBytesMax / 16, waitingBytesMax - gate.waitingBytes - 350));
  }
  write("1:last", 100);
}
