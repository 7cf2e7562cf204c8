import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { shipMessageBytes, shipRetryMsMin, shipWindowBytes } from "../shared/limits.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { encodeStreamAck, encodeStreamOpen } from "../protocol/messages/stream.ts";

/** What a frame may carry: src/net/frame-limits.ts, which the core does not know. */
const frameBytesMax = 64 * 1024 * 1024;

/** What everybody can read in a datacenter. */
function visible(c: Cluster, datacenter: number, key: string): string | undefined {
  const get = c.session(datacenter).get(key);
  c.settle();
  return get.value;
}

function twoDatacenters(): { c: Cluster; home: TestNode; far: TestNode } {
  const c = new Cluster({ datacenters: 2 });
  return { c, home: c.node(0), far: c.node(1) };
}

describe("a stream between two nodes", () => {
  it("sends again what was lost, when no acknowledgement comes", () => {
    const { c, home, far } = twoDatacenters();
    c.hold(home, far);
    c.session(0).put("0:x", "1");
    c.settle();
    expect(c.drop(home, far)).toBe(1);
    c.release(home, far);
    c.advance(shipRetryMsMin - 100, 100);
    expect(visible(c, 1, "0:x")).toBeUndefined();
    c.advance(200);
    expect(visible(c, 1, "0:x")).toBe("1");
    expect(home.core.state.counters.streamRewinds).toBe(1);
  });

  it("sends again what was lost although the wall clock went back an hour meanwhile", () => {
    const { c, home, far } = twoDatacenters();
    c.hold(home, far);
    c.session(0).put("0:x", "1");
    c.settle();
    c.drop(home, far);
    c.release(home, far);
    home.skewMs = -3_600_000;
    c.advance(shipRetryMsMin + 200, 100);
    expect(visible(c, 1, "0:x")).toBe("1");
  });

  it("goes back to the oldest of what was lost, and repeats are harmless", () => {
    const { c, home, far } = twoDatacenters();
    c.hold(home, far);
    for (const key of ["0:a", "1:b", "2:c"]) {
      c.session(0).put(key, "1");
      c.settle();
    }
    c.deliver(home, far, 1);
    expect(c.drop(home, far)).toBe(2);
    c.release(home, far);
    c.advance(shipRetryMsMin + 100, 100);
    for (const key of ["0:a", "1:b", "2:c"]) expect(visible(c, 1, key)).toBe("1");
    expect(far.core.state.counters.writesApplied).toBe(3);
  });

  it("applies what comes twice, and in any order, once", () => {
    const { c, home, far } = twoDatacenters();
    c.hold(home, far);
    const alice = c.session(0);
    for (let i = 1; i <= 5; i++) {
      alice.put("0:x", String(i));
      c.settle();
    }
    c.underWay(home, far).reverse();
    for (let i = 0; i < 5; i++) {
      c.duplicate(home, far);
      c.deliver(home, far);
      c.settle();
    }
    expect(visible(c, 1, "0:x")).toBe("5");
    expect(far.core.state.counters.writesApplied).toBe(5);
    expect(far.core.state.counters.writesRepeated).toBe(5);
  });

  it("does not mind that acknowledgements are lost, repeated or late", () => {
    const { c, home, far } = twoDatacenters();
    c.hold(far, home);
    for (let i = 1; i <= 4; i++) {
      c.session(0).put(`0:${i}`, "1");
      c.settle();
      c.advance(20);
    }
    c.underWay(far, home).reverse();
    c.duplicate(far, home);
    c.deliver(far, home);
    c.drop(far, home);
    c.release(far, home);
    c.advance(20_000, 500);
    const shipper = home.core.shippers.get(far.id);
    expect(shipper?.inFlightBytes).toBe(0);
    expect(shipper?.appliedOf(0)?.watermark).toBe(4);
    expect(far.core.state.counters.writesApplied).toBe(4);
  });

  it("learns what was applied although the only frame that told it was lost", () => {
    const { c, home, far } = twoDatacenters();
    c.session(0).put("0:x", "1");
    c.settle();
    c.hold(far, home);
    c.advance(100);
    expect(c.drop(far, home)).toBeGreaterThan(0);
    c.release(far, home);
    expect(home.core.shippers.get(far.id)?.appliedOf(0)?.watermark).toBe(0);
    c.advance(11_000, 500);
    expect(home.core.shippers.get(far.id)?.appliedOf(0)?.watermark).toBe(1);
    expect(home.core.state.local(0)?.isStable(0, 1)).toBe(true);
  });

  it("is opened again when the opening, or its answer, was lost", () => {
    for (const lost of ["opening", "answer"]) {
      const { c, home, far } = twoDatacenters();
      c.cut(home, far);
      const [from, to] = lost === "opening" ? [far, home] : [home, far];
      c.hold(from, to);
      c.heal(home, far);
      c.settle();
      expect(c.drop(from, to)).toBeGreaterThan(0);
      c.release(from, to);
      c.session(0).put("0:x", "1");
      c.settle();
      c.advance(shipRetryMsMin + 100, 100);
      expect(visible(c, 1, "0:x")).toBe("1");
    }
  });

  it("keeps to the newest opening when an older one comes late", () => {
    const { c, home, far } = twoDatacenters();
    c.advance(10);
    const writer = new ByteWriter();
    encodeStreamOpen(writer, { epoch: 7, applied: [{ partition: 0, watermark: 0, ranges: [] }] });
    home.turn((core) => core.onFrame(far.id, writer.copy()));
    c.session(0).put("0:x", "1");
    c.settle();
    expect(home.core.state.counters.streamsOpened).toBe(1);
    expect(home.core.shippers.get(far.id)?.inFlightBytes).toBe(0);
  });

  it("takes no acknowledgement of an earlier opening for one of what it sent since", () => {
    const { c, home, far } = twoDatacenters();
    c.hold(home, far);
    c.session(0).put("0:x", "1");
    c.settle();
    const stale = new ByteWriter();
    encodeStreamAck(stale, { epoch: 7, clock: 0, received: [1, 2, 3], applied: [] });
    home.turn((core) => core.onFrame(far.id, stale.copy()));
    expect(home.core.shippers.get(far.id)?.inFlightBytes).toBeGreaterThan(0);
  });

  it("sends at most a window ahead of the acknowledgements, and all of it in the end", () => {
    const { c, home, far } = twoDatacenters();
    c.hold(far, home);
    const value = "v".repeat(shipMessageBytes / 2);
    const count = (2 * shipWindowBytes) / value.length;
    for (let i = 0; i < count; i++) c.session(0).put(`0:${i}`, value);
    c.settle();
    const shipper = home.core.shippers.get(far.id);
    expect(shipper?.inFlightBytes).toBeGreaterThanOrEqual(shipWindowBytes);
    expect(shipper?.inFlightBytes).toBeLessThan(2.5 * shipWindowBytes);
    c.release(far, home);
    expect(visible(c, 1, `0:${count - 1}`)).toBe(value);
    expect(shipper?.inFlightBytes).toBe(0);
  });

  it("carries a group commit that is larger than a frame of the transport", () => {
    const { c, home, far } = twoDatacenters();
    home.diskHeld = true;
    c.session(0).put("0:first", "1");
    c.settle();
    const value = "v".repeat(30 * 1024 * 1024);
    for (let i = 0; i < 3; i++) c.session(0).put(`0:${i}`, value);
    c.hold(home, far);
    home.sync();
    home.diskHeld = false;
    c.settle();
    for (const frame of c.underWay(home, far)) expect(frame.length).toBeLessThan(frameBytesMax);
    c.release(home, far);
    for (let i = 0; i < 3; i++) expect(visible(c, 1, `0:${i}`)?.length).toBe(value.length);
  });

  it("goes on from the log where memory no longer reaches", () => {
    const { c, home, far } = twoDatacenters();
    c.session(0).put("0:before", "1");
    c.settle();
    c.cut(home, far);
    c.session(0).put("0:while", "2");
    c.settle();
    c.crash(home);
    c.restart(home);
    c.settle();
    expect(home.core.state.counters.logReadsForShipping).toBeGreaterThan(0);
    expect(visible(c, 1, "0:while")).toBe("2");
    expect(far.core.state.counters.writesApplied).toBe(2);
  });

  it("resumes, after a restart, within the log that checkpoints left", () => {
    const { c, home, far } = twoDatacenters();
    const write = (count: number): void => {
      for (let i = 0; i < count; i++) {
        c.session(0).put(`0:${i}`, "v".repeat(1024 * 1024));
        c.settle();
      }
    };
    c.hold(far, home);
    write(6);
    c.hold(home, far);
    write(6);
    const checkpoint = home.turn((core) => core.beginCheckpoint());
    c.release(far, home);
    c.advance(100);
    expect(home.core.shippers.get(far.id)?.neededFrom).toBeGreaterThan(0);
    while (!home.writeBatch(checkpoint));
    home.truncate(checkpoint);
    c.crash(home);
    c.releaseAll();
    c.restart(home);
    c.settle();
    expect(far.core.state.counters.writesApplied).toBe(12);
    c.advance(100);
    home.checkpoint();
    expect(home.logStart).toBeGreaterThan(8 * 1024 * 1024);
  });

  it("stops the origin when the other side has applied writes that it never gave out", () => {
    const { home, far } = twoDatacenters();
    const writer = new ByteWriter();
    encodeStreamOpen(writer, { epoch: 9e15, applied: [{ partition: 0, watermark: 5, ranges: [] }] });
    expect(() => home.turn((core) => core.onFrame(far.id, writer.copy()))).toThrow("has applied writes of partition 0");
  });
});
