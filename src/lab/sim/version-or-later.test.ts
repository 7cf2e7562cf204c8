/*
 * Why a dependency is a dot (design, 3.3): x1; y5 depends on x1; z6 depends on y5; elsewhere a concurrent y7 depends on nothing.
 * Where y7 arrives first, "y is at 5 or later" holds, z6 is shown, and x1 is missing.
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "../../core/testing/cluster.ts";
import type { Outcome } from "../../core/testing/outcome.ts";
import type { Version } from "../../protocol/version.ts";
import { checkHistory } from "../../history/check/check.ts";
import type { HistoryLine } from "../../history/format.ts";
import { historyHeader, SessionRecorder } from "../../history/recorder.ts";
import { seenOf } from "./client-operations.ts";
import { askForVersionOrLater } from "./mutants/dependency-mutants.ts";

class Story {
  readonly cluster: Cluster = new Cluster({ datacenters: 3, nodes: 2, partitions: 2 });
  readonly lines: HistoryLine[] = [
    historyHeader({ cluster: "story", datacenters: ["here", "elsewhere", "reader's"], clock: "one" }),
  ];
  private readonly written: Version[] = [];
  private nowMs = 0;

  recorder(name: string, datacenter: number): SessionRecorder {
    return new SessionRecorder({ write: (line) => void this.lines.push(line) }, name, datacenter);
  }

  wrote(recorder: SessionRecorder, key: string, outcome: Outcome): void {
    const version = outcome.version as Version;
    this.written.push(version);
    const { datacenter, partition, seq, time, value } = version;
    const named = { dot: [datacenter, partition, seq], version: [time, datacenter, partition] } as const;
    this.nowMs += 10;
    recorder.write(recorder.begin(), this.nowMs, this.nowMs + 5, key, value, { outcome: "ok", ...named });
  }

  read(recorder: SessionRecorder, key: string, outcome: Outcome): string | undefined {
    expect(outcome.state).toBe("read");
    this.nowMs += 10;
    recorder.read(recorder.begin(), this.nowMs, this.nowMs + 5, key, seenOf(outcome.version));
    return outcome.value;
  }

  /** Breaks the rule at both nodes of the reader's datacenter. */
  askForVersionOrLater(): void {
    for (const node of [this.cluster.node(2, 0), this.cluster.node(2, 1)]) {
      const { partitions } = node.core.state;
      const keyOfDot = (origin: number, seq: number): { key: string; version: Version } | undefined => {
        const version = this.written.find(
          (one) => one.datacenter * 65536 + one.partition === origin && one.seq === seq,
        );
        return version === undefined ? undefined : { key: `${version.partition}:${version.value[0]}`, version };
      };
      askForVersionOrLater(node.core, keyOfDot, (key) => {
        const found = [...partitions.values()].map(({ records }) => records.get(key)?.current);
        return found.find((version) => version !== undefined);
      });
    }
  }
}

/** Tells the story up to where the reader has y7 and everything but x1 has arrived there. */
function tell(story: Story): void {
  const { cluster } = story;
  cluster.hold(cluster.node(0, 0), cluster.node(2, 0));
  cluster.hold(cluster.node(0, 1), cluster.node(2, 1));
  const writer = cluster.session(0, 0);
  const recorder = story.recorder("writer", 0);
  for (const [key, value] of [
    ["0:x", "x1"],
    ["1:y", "y5"],
    ["1:z", "z6"],
  ] as const) {
    const put = writer.put(key, value);
    cluster.settle();
    story.wrote(recorder, key, put);
  }
  cluster.advance(10);
  const concurrent = cluster.session(1, 1).put("1:y", "y7");
  cluster.settle();
  story.wrote(story.recorder("concurrent", 1), "1:y", concurrent);
  cluster.release(cluster.node(0, 1), cluster.node(2, 1));
}

describe("the anomaly of asking for a version or later", () => {
  it("is absent: the effect waits for its cause, though a later version of what lies between is there", () => {
    const story = new Story();
    tell(story);
    const { cluster } = story;
    const recorder = story.recorder("reader", 2);
    const reader = cluster.session(2, 1);
    expect(story.read(recorder, "1:y", reader.get("1:y"))).toBe("y7");
    expect(story.read(recorder, "1:z", reader.get("1:z"))).toBeUndefined();
    cluster.release(cluster.node(0, 0), cluster.node(2, 0));
    cluster.advance(100);
    expect(story.read(recorder, "1:z", reader.get("1:z"))).toBe("z6");
    const x = reader.get("0:x");
    cluster.settle();
    expect(story.read(recorder, "0:x", x)).toBe("x1");
    expect([...checkHistory(story.lines).counts.keys()]).toEqual([]);
  });

  it("comes with the unsound rule, and the checker catches it", () => {
    const story = new Story();
    story.askForVersionOrLater();
    tell(story);
    const recorder = story.recorder("reader", 2);
    const reader = story.cluster.session(2, 1);
    expect(story.read(recorder, "1:z", reader.get("1:z"))).toBe("z6");
    const x = reader.get("0:x");
    story.cluster.settle();
    expect(story.read(recorder, "0:x", x)).toBeUndefined();
    expect([...checkHistory(story.lines).counts.keys()]).toContain("stale-read");
  });
});
