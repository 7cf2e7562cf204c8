import { describe, expect, it } from "vitest";
import { Felt } from "./felt.ts";
import { RecordedSession } from "./recorded-session.ts";
import { takeSnapshot, writeTogether } from "./transaction-work.ts";
import { connected } from "../../client/testing/connected.ts";
import type { HistoryLine } from "../../history/format.ts";
import { SessionRecorder } from "../../history/recorder.ts";
import { replyError } from "../../protocol/resp/reply-values.ts";
import { Random } from "../../shared/random.ts";

const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);

async function recorded() {
  const scene = await connected();
  const lines: HistoryLine[] = [];
  const recorder = new SessionRecorder({ write: (line) => void lines.push(line) }, "s0-0", 0);
  const surroundings = { client: scene.client, recorder, random: new Random(3), keys, felt: new Felt(0), thinkMs: 0 };
  return { ...scene, lines, session: new RecordedSession(surroundings) };
}

describe("the transactions of the workload", () => {
  it("are recorded with what they wrote and the one dot that they got", async () => {
    const { time, datacenter, lines, session } = await recorded();
    for (let i = 0; i < 100; i++) await time.until(writeTogether(session));
    const written = lines.filter((line) => line.type === "transaction");
    expect(written).toHaveLength(100);
    for (const line of written) {
      expect(line.writes.length).toBeGreaterThanOrEqual(2);
      expect(line.writes.length).toBeLessThanOrEqual(4);
      if (line.outcome !== "ok") throw new Error("nothing is in the way");
      const parts = datacenter.store.history.filter(({ dot }) => dot === line.dot.join("/"));
      expect(parts.map(({ key, value }) => ({ key, value }))).toEqual(
        line.writes.map(({ key, value = null }) => ({ key, value })),
      );
    }
    expect(session.ownWrites.length).toBeGreaterThan(0);
    for (const { key, value } of session.ownWrites) expect(datacenter.store.current.get(key)?.value).toBe(value);
  });

  it("are recorded as what became of them, and those of unknown outcome are abandoned", async () => {
    const { time, datacenter, lines, session } = await recorded();
    for (const node of datacenter.nodes) node.onCommand = () => ({ kind: "reply", reply: replyError("CLOCKSKEW") });
    await time.until(writeTogether(session));
    for (const node of datacenter.nodes) node.onCommand = () => ({ kind: "reply", reply: "nonsense" });
    await time.until(writeTogether(session));
    expect(lines.slice(1)).toMatchObject([
      { type: "transaction", outcome: "refused" },
      { type: "transaction", outcome: "unknown" },
    ]);
    expect(session.context.unknownOutcome).toBeUndefined();
  });

  it("show in a snapshot what is there, each key once, and record nothing where there was no answer", async () => {
    const { time, datacenter, lines, session } = await recorded();
    for (const key of keys.slice(0, 6)) datacenter.store.put(key, `value of ${key}`);
    for (let i = 0; i < 50; i++) await time.until(takeSnapshot(session));
    const snapshots = lines.filter((line) => line.type === "snapshot");
    expect(snapshots).toHaveLength(50);
    for (const { entries } of snapshots) {
      expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length);
      expect(entries.length).toBeGreaterThanOrEqual(2);
      expect(entries.length).toBeLessThanOrEqual(5);
      for (const entry of entries) {
        const expected = datacenter.store.current.get(entry.key)?.value;
        expect(entry.saw === "value" ? entry.value : undefined).toBe(expected);
      }
    }
    for (const node of datacenter.nodes) node.onCommand = () => ({ kind: "reply", reply: replyError("CLOCKSKEW") });
    await time.until(takeSnapshot(session));
    expect(lines.filter((line) => line.type === "snapshot")).toHaveLength(50);
  });
});
