import { describe, expect, it } from "vitest";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";
import { LogFailedError } from "./errors.ts";
import { describeLogConformance, LOG_CONFORMANCE_SEGMENT_BYTES } from "./log-conformance.ts";
import { MemoryLog } from "./memory-log.ts";

function asMemoryLog(log: unknown): MemoryLog {
  if (!(log instanceof MemoryLog)) throw new Error("not a memory log");
  return log;
}

describeLogConformance("memory log", async () => ({
  open: async () => new MemoryLog({ schedule: setImmediate, segmentBytes: LOG_CONFORMANCE_SEGMENT_BYTES }),
  restart: async (log) => asMemoryLog(log).crash(),
  setFull: (log, full) => asMemoryLog(log).setFull(full),
  dispose: () => Promise.resolve(),
}));

/** A log whose syncs complete when the test says so. */
function logWithHeldSyncs(): { log: MemoryLog; syncs: (() => void)[] } {
  const syncs: (() => void)[] = [];
  return { log: new MemoryLog({ schedule: (complete) => syncs.push(complete) }), syncs };
}

describe("the memory log in a simulated crash", () => {
  it("resolves an append when the scheduler completes it and not before", async () => {
    const { log, syncs } = logWithHeldSyncs();
    let end: number | undefined;
    const appending = log.append(bytesOf("frame"), 5).then((position) => (end = position));
    await Promise.resolve();
    expect([end, log.end, log.hasUnsynced]).toEqual([undefined, 0, true]);
    syncs[0]?.();
    expect(await appending).toBe(log.end);
  });

  it("loses what is not synced", async () => {
    const { log, syncs } = logWithHeldSyncs();
    const appending = log.append(bytesOf("synced"), 6);
    syncs[0]?.();
    await appending;
    void log.append(bytesOf("unsynced"), 8);
    const restarted = log.crash();
    syncs[1]?.();
    expect((await restarted.read(0, 100)).map((frame) => byteStringOf(frame.payload))).toEqual(["synced"]);
    expect(restarted.end).toBe(log.end);
  });

  it("may keep the frame under way, as a disk may", async () => {
    const { log } = logWithHeldSyncs();
    void log.append(bytesOf("lucky"), 5);
    const restarted = log.crash(true);
    expect((await restarted.read(0, 100)).map((frame) => byteStringOf(frame.payload))).toEqual(["lucky"]);
  });

  it("keeps the survivor apart from the log that crashed", async () => {
    const { log, syncs } = logWithHeldSyncs();
    void log.append(bytesOf("lost"), 4);
    const restarted = log.crash();
    const appending = restarted.append(bytesOf("new"), 3);
    syncs[0]?.();
    syncs[1]?.();
    await appending;
    expect(await restarted.read(0, 100)).toHaveLength(1);
    expect(log.end).toBe(0);
  });

  it("copies the payload, which its owner may use again", async () => {
    const { log, syncs } = logWithHeldSyncs();
    const payload = bytesOf("as it was");
    const appending = log.append(payload, payload.length);
    syncs[0]?.();
    await appending;
    payload.fill(0);
    const [frame] = await log.read(0, 100);
    expect(frame && byteStringOf(frame.payload)).toBe("as it was");
  });

  it("fails for good when a sync fails", async () => {
    const { log, syncs } = logWithHeldSyncs();
    const appending = log.append(bytesOf("doomed"), 6);
    log.fail();
    syncs[0]?.();
    await expect(appending).rejects.toBeInstanceOf(LogFailedError);
    await expect(log.append(bytesOf("next"), 4)).rejects.toBeInstanceOf(LogFailedError);
    expect(log.end).toBe(0);
  });
});
