/*
 * The same small story over and over, each time with one frame of the network lost, late or repeated, or one node crashing at
 * one point: every frame and every point in turn. In the end all datacenters hold the same, nothing waits any more, and
 * everything is stable everywhere. (Combinations of faults are the simulator's.)
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { dotOf } from "./testing/outcome.ts";
import type { TestNode } from "./testing/test-node.ts";
import type { Bytes } from "../shared/bytes.ts";

const keys = ["0:a", "1:b", "2:c", "3:d"];

type Fate = "lost" | "late" | "twice";

/** Three datacenters of two nodes; writes that depend on one another across all of them, some forwarded. */
class Story {
  readonly c: Cluster;
  frames = 0;
  /** Frames count from when the cluster stands. */
  private readonly begun: boolean = false;
  private readonly late: { readonly from: TestNode; readonly to: TestNode; readonly frame: Bytes }[] = [];

  /** The frame with this number meets this fate. */
  constructor(fate: Fate | undefined, number: number) {
    this.c = new Cluster({
      datacenters: 3,
      nodes: 2,
      onEvent: (event) => {
        if (!this.begun || event.kind !== "sent" || ++this.frames !== number || fate === undefined) return;
        const [from, to] = [event.from, event.to].map((id) => this.c.nodes.find((node) => node.id === id)) as [
          TestNode,
          TestNode,
        ];
        const frames = this.c.underWay(from, to);
        if (fate === "twice") frames.push(event.frame);
        else frames.pop();
        if (fate === "late") this.late.push({ from, to, frame: event.frame });
      },
    });
    this.begun = true;
  }

  /** `between` is called between any two steps, with their number. */
  tell(between: (step: number) => void = () => undefined): void {
    const { c } = this;
    let step = 0;
    for (let round = 0; round < 3; round++) {
      for (const datacenter of [0, 1, 2]) {
        const session = c.session(datacenter, 0);
        session.get(keys[(round + datacenter) % 4] as string);
        session.put(keys[(round + datacenter + 1) % 4] as string, `${round} of ${datacenter}`);
        session.put(keys[(round + datacenter + 2) % 4] as string, `${round} after it`);
        c.settle();
        c.advance(20, 20);
        between(++step);
      }
    }
    c.advance(200, 20);
    for (const { from, to, frame } of this.late) c.underWay(from, to).push(frame);
    c.settle();
  }

  /** Time to notice, to ask again and to tell again. */
  heal(): void {
    this.c.advance(45_000, 500);
  }

  check(): void {
    const { c } = this;
    const states = [0, 1, 2].map((datacenter) =>
      keys.map((key) => {
        const get = c.session(datacenter).get(key);
        c.settle();
        return get.version === undefined ? `${key} nothing` : `${key} ${dotOf(get.version)} ${get.value}`;
      }),
    );
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).toEqual(states[0]);
    for (const { core } of c.nodes) {
      expect([
        core.gate.waitingCount,
        core.remote.waitingCount,
        core.answers.waiters.size,
        core.forwarding.count,
      ]).toEqual([0, 0, 0, 0]);
      for (const shipper of core.shippers.values()) expect(shipper.inFlightBytes).toBe(0);
      for (const partition of core.state.partitions.values()) {
        expect(partition.stable).toEqual(partition.applied.map((set) => set.watermark));
        for (const applied of partition.applied) expect(applied.rangeCount).toBe(0);
      }
    }
  }
}

function framesOfTheStory(): number {
  const story = new Story(undefined, 0);
  story.tell();
  return story.frames;
}

describe("whatever single frame", () => {
  it.each(["lost", "late", "twice"] as const)(
    "is %s, everything arrives everywhere and nothing stays behind",
    (fate) => {
      const frames = framesOfTheStory();
      expect(frames).toBeGreaterThan(100);
      for (let number = 1; number <= frames; number += 1) {
        const story = new Story(fate, number);
        story.tell();
        story.heal();
        try {
          story.check();
        } catch (error) {
          throw new Error(`frame ${number} was ${fate}`, { cause: error });
        }
      }
    },
  );
});

describe("whenever a node crashes", () => {
  it.each([0, 1, 2])("of datacenter %i, everything that was answered arrives everywhere", (datacenter) => {
    expect.hasAssertions();
    for (let at = 1; at <= 9; at++) {
      const story = new Story(undefined, 0);
      const { c } = story;
      const node = c.node(datacenter, at % 2);
      story.tell((step) => {
        if (step === at) c.crash(node);
        if (step === at + 2) c.restart(node);
      });
      if (!node.isUp) c.restart(node);
      story.heal();
      story.check();
    }
  });
});
