import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LatencyHistogram } from "../http/latency-histogram.ts";
import { OperationLatencies } from "../http/measures.ts";
import { OperationShape, valueOf } from "./operation-shape.ts";
import { ReplyQueue } from "./reply-queue.ts";
import { failureOf } from "../../core/failure.ts";
import { OutputPool } from "../../protocol/resp/output-pool.ts";
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import { effectAssign, Version } from "../../protocol/version.ts";

class Shape extends OperationShape {
  override readDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.bulkOrNull(valueOf(version));
  }

  override writeDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.integer(version === undefined ? 0 : 1);
  }

  override reached(reply: ReplyWriter): void {
    reply.simple("here");
  }
}

const shape = new Shape();

function versionOf(value: string): Version {
  return new Version(effectAssign, value, 1, 0, 0, 1, 1, 1, 0);
}

function shares(histogram: LatencyHistogram): number[] {
  const { counts, count } = histogram;
  const upTo = (bound: number): number =>
    counts.reduce((sum, n, i) => (histogram.boundOf(i) <= bound ? sum + n : sum), 0);
  return [upTo(3), upTo(64) - upTo(3), count - upTo(64)];
}

function makeQueue() {
  const events = { output: 0, moved: 0 };
  const owner = { hasOutput: () => events.output++, repliesMoved: () => events.moved++ };
  const latencies = new OperationLatencies();
  const queue = new ReplyQueue(owner, new OutputPool(), latencies);
  const written = (): string => {
    let text = "";
    for (let chunk = queue.writer.take(); chunk !== undefined; chunk = queue.writer.take()) {
      text += chunk.filled().latin1Slice();
    }
    return text;
  };
  /** How many of each kind took at most 3 and at most 64 microseconds, and longer. */
  const taken = (nowMs: number): { reads: number[]; writes: number[] } => {
    queue.latencies.end(nowMs);
    return { reads: shares(latencies.read), writes: shares(latencies.write) };
  };
  return { queue, events, written, taken };
}

describe("the latencies of a connection's operations", () => {
  it("run from the arrival of each to its answer, also where its turn comes later", () => {
    const { queue, taken } = makeQueue();
    queue.arrivedMs = 1;
    const slow = queue.open(shape);
    queue.arrivedMs = 1.05;
    for (let i = 0; i < 100; i++) queue.readDone(queue.open(shape), undefined);
    queue.begin().simple("PONG");
    queue.end();
    queue.settle(queue.openOther(), { measuredAs: "write", writeTo: (reply) => reply.ok() });
    queue.failed(queue.open(shape), failureOf("BUSY"));
    expect(taken(1.052)).toEqual({ reads: [0, 0, 0], writes: [0, 0, 0] });
    queue.arrivedMs = 1.06;
    queue.writeDone(queue.open(shape), versionOf("a"), undefined);
    queue.writeDone(slow, versionOf("a"), undefined);
    const { reads, writes } = taken(1.062);
    // The last run ends with `taken`; those before it end by the clock, which is far beyond.
    expect([reads, writes]).toEqual([
      [0, 0, 100],
      [1, 0, 2],
    ]);
    expect(taken(9).reads).toEqual([0, 0, 100]);
  });

  it("are those of one run where all came and went together", () => {
    const { queue, taken } = makeQueue();
    queue.arrivedMs = 2;
    for (let i = 0; i < 40; i++) queue.readDone(queue.open(shape), undefined);
    for (let i = 0; i < 30; i++) queue.writeDone(queue.open(shape), versionOf("a"), undefined);
    expect(taken(2.05)).toEqual({ reads: [0, 40, 0], writes: [0, 30, 0] });
  });
});

describe("the replies of a connection", () => {
  it("are written at once while nothing is pending", () => {
    const { queue, written, events } = makeQueue();
    queue.readDone(queue.open(shape), versionOf("a"));
    queue.writeDone(queue.open(shape), versionOf("a"), undefined);
    queue.readDone(queue.open(shape), undefined);
    expect(written()).toBe("$1\r\na\r\n:1\r\n$-1\r\n");
    expect(queue.isQuiet).toBe(true);
    expect(events.output).toBe(1);
  });

  it("wait for those of earlier commands, whatever they are", () => {
    const { queue, written } = makeQueue();
    const first = queue.open(shape);
    const second = queue.open(shape);
    queue.begin().simple("PONG");
    queue.end();
    const barrier = queue.open(shape);
    const failing = queue.open(shape);
    queue.failed(failing, failureOf("BUSY", "later"));
    queue.reached(barrier);
    queue.readDone(second, versionOf("b"));
    expect(written()).toBe("");
    expect(queue.pendingCount).toBe(5);
    queue.writeDone(first, undefined, undefined);
    expect(written()).toBe(":0\r\n$1\r\nb\r\n+PONG\r\n+here\r\n-BUSY later\r\n");
  });

  it("of commands that answered aside are written in the version of their time", () => {
    const { queue, written } = makeQueue();
    queue.writer.version = 3;
    const first = queue.open(shape);
    queue.begin().null();
    queue.end();
    queue.readDone(first, undefined);
    expect(written()).toBe("_\r\n_\r\n");
  });

  it("tell their owner of movement only while it watches", () => {
    const { queue, events } = makeQueue();
    const first = queue.open(shape);
    queue.readDone(first, undefined);
    expect(events.moved).toBe(0);
    queue.watched = true;
    queue.readDone(queue.open(shape), undefined);
    expect(events.moved).toBe(1);
  });

  it("are dropped once the connection is closed", () => {
    const { queue, written } = makeQueue();
    const slots = [queue.open(shape), queue.open(shape)];
    queue.readDone(slots[1] as number, versionOf("x"));
    queue.close();
    queue.readDone(slots[0] as number, versionOf("y"));
    queue.failed(slots[0] as number, failureOf("BUSY"));
    expect(written()).toBe("");
    expect(queue.isQuiet).toBe(true);
  });

  it("come in the order of commands, in whatever order they are done", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(99), { maxLength: 200 }), (choices) => {
        const { queue, written } = makeQueue();
        const open: number[] = [];
        let opened = 0;
        const values = new Map<number, number>();
        let text = "";
        for (const choice of choices) {
          if (choice % 2 === 0 || open.length === 0) {
            const slot = queue.open(shape);
            values.set(slot, opened++);
            open.push(slot);
          } else {
            const [slot] = open.splice(choice % open.length, 1) as [number];
            queue.readDone(slot, versionOf(String(values.get(slot))));
            text += written();
          }
        }
        for (const slot of open) queue.readDone(slot, versionOf(String(values.get(slot))));
        text += written();
        const expected = Array.from({ length: opened }, (_, i) => `$${String(i).length}\r\n${i}\r\n`).join("");
        expect(text).toBe(expected);
        expect(queue.isQuiet).toBe(true);
      }),
    );
  });
});
