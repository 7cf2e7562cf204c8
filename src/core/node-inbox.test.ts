import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LostDataError } from "./node-inbox.ts";
import { Cluster } from "./testing/cluster.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";

/** Real frames between the nodes of a small cluster that did a bit of everything. */
function realFrames(): { from: number; to: number; frame: Bytes }[] {
  const frames: { from: number; to: number; frame: Bytes }[] = [];
  const c = new Cluster({
    datacenters: 2,
    nodes: 2,
    onEvent: (event) => {
      if (event.kind === "delivered") frames.push({ from: event.from, to: event.to, frame: event.frame });
    },
  });
  const alice = c.session(0);
  for (let i = 0; i < 4; i++) {
    alice.put(`${i}:x`, "value");
    alice.get(`${i}:x`);
    c.settle();
  }
  c.crash(c.node(0));
  c.restart(c.node(0));
  c.settle();
  c.advance(1_500, 100);
  return frames;
}

describe("NodeInbox", () => {
  it("answers malformed frames with DecodeError, or takes them for what they say, and nothing else", () => {
    const real = realFrames();
    const change = fc.tuple(fc.nat(), fc.nat(255));
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    fc.assert(
      fc.property(fc.nat(), fc.array(change, { maxLength: 4 }), fc.nat(), (which, changes, cut) => {
        const { from, to, frame } = real[which % real.length] as (typeof real)[number];
        const length = cut % 3 === 0 ? cut % (frame.length + 1) : frame.length;
        const bytes = allocBytes(length);
        frame.copy(bytes, 0, 0, length);
        for (const [at, byte] of changes) if (length > 0) bytes[at % length] = byte;
        const node = c.nodes.find(({ id }) => id === to);
        try {
          node?.turn((core) => core.onFrame(from, bytes));
          node?.flush();
        } catch (error) {
          expect(error instanceof DecodeError || error instanceof LostDataError).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("does not take a message of another datacenter for one of its own, nor the other way round", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    const check = allocBytes(9);
    check.set([6, 4, 0, 0, 0, 0, 0, 0, 0]);
    const node = c.node(0, 0);
    node.turn((core) => core.onFrame(c.node(0, 1).id, check));
    expect(() => node.turn((core) => core.onFrame(c.node(1, 0).id, check))).toThrow("unknown type 6");
  });
});
