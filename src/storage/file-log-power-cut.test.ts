/*
 * Power loss (design, section 7; invariants 4 and 6). A workload runs on the recording disk; then, for the moment after
 * each recorded operation, the disk is rebuilt as a power cut there could have left it, with every unsynced write kept,
 * lost, torn or reordered by chance, and the log is opened on it:
 *
 * - every frame whose append had resolved by then is there, at the position that was answered;
 * - what is there is what was appended, in order and without holes; at most the one append under way is there besides;
 * - appending goes on, and survives the next power cut, in which everything unsynced is lost.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";
import { Random } from "../shared/random.ts";
import type { FileLog } from "./file-log.ts";
import { openFileLog } from "./file-log.ts";
import { LogFailedError } from "./errors.ts";
import type { LogPosition } from "./log.ts";
import type { Choose } from "./testing/disk-journal.ts";
import { RecordingFilePort } from "./testing/recording-file-port.ts";

const LOSE_EVERYTHING: Choose = () => 0;

function open(disk: RecordingFilePort, segmentBytes: number): Promise<FileLog> {
  return openFileLog({
    directory: "/log",
    identity: "cluster/node",
    files: disk,
    segmentBytes,
    reserveBytes: 0,
    newSalt: () => 0x5eed,
  });
}

interface Appended {
  readonly text: string;
  readonly position: LogPosition;
  /** Operations that the disk had recorded when the append was called. */
  readonly calledAt: number;
  /** ... and when it resolved; infinity where it never did. */
  resolvedAt: number;
}

type Step =
  | { readonly kind: "append"; readonly length: number }
  | { readonly kind: "truncate" }
  | { readonly kind: "restart" }
  | { readonly kind: "idle" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("append"), length: fc.nat(900) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("truncate") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart") }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("idle") }) },
);

const workload = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
  segmentBytes: fc.integer({ min: 256, max: 2048 }),
  seed: fc.integer(),
});

function chanceFrom(seed: number): Choose {
  const random = new Random(seed);
  return () => random.next() / 2 ** 32;
}

/** What the workload did and when, for comparison with what a power cut left. */
interface Recorded {
  readonly disk: RecordingFilePort;
  readonly appended: Appended[];
  /** How far the log was asked to truncate, and the operations recorded before that. */
  readonly truncated: { readonly before: LogPosition; readonly calledAt: number }[];
}

async function record(disk: RecordingFilePort, steps: readonly Step[], segmentBytes: number): Promise<Recorded> {
  const recorded: Recorded = { disk, appended: [], truncated: [] };
  let log = await open(disk, segmentBytes);
  for (const one of steps) {
    if (one.kind === "append") await appendRecorded(recorded, log, one.length);
    else if (one.kind === "idle") await new Promise(setImmediate);
    else if (one.kind === "truncate") {
      recorded.truncated.push({ before: log.end, calledAt: disk.journal.length });
      await log.truncate(log.end);
    } else {
      await log.close();
      log = await open(disk, segmentBytes);
    }
  }
  await log.close();
  return recorded;
}

async function appendRecorded({ disk, appended }: Recorded, log: FileLog, length: number): Promise<void> {
  const text = String.fromCharCode(97 + (appended.length % 26)).repeat(length);
  const calledAt = disk.journal.length;
  const entry = { text, position: log.end, calledAt, resolvedAt: Number.POSITIVE_INFINITY };
  appended.push(entry);
  await log.append(bytesOf(text), length);
  entry.resolvedAt = disk.journal.length;
}

async function checkRecovered(log: FileLog, { appended, truncated }: Recorded, cutAt: number): Promise<void> {
  const expected = appended.filter(({ position }) => position >= log.start && position < log.end);
  const frames = await log.read(log.start, 1_000_000);
  expect(frames.map((frame) => [frame.position, byteStringOf(frame.payload)])).toEqual(
    expected.map(({ position, text }) => [position, text]),
  );
  for (const { position, resolvedAt, calledAt } of appended) {
    if (resolvedAt <= cutAt) expect(position).toBeLessThan(log.end);
    if (calledAt >= cutAt) expect(position).toBeGreaterThanOrEqual(log.end);
  }
  const allowed = truncated.filter(({ calledAt }) => calledAt < cutAt).map(({ before }) => before);
  expect(log.start).toBeLessThanOrEqual(Math.max(0, ...allowed));
}

async function checkAppendingGoesOn(disk: RecordingFilePort, segmentBytes: number): Promise<void> {
  const log = await open(disk, segmentBytes);
  const before = await log.read(log.start, 1_000_000);
  await log.append(bytesOf("goes on"), 7);
  await log.append(bytesOf("and on"), 6);
  const image = disk.imageAfter(disk.journal.length, LOSE_EVERYTHING);
  const after = await open(new RecordingFilePort(image), segmentBytes);
  const texts = (await after.read(after.start, 1_000_000)).map((frame) => byteStringOf(frame.payload));
  expect(texts.slice(-2)).toEqual(["goes on", "and on"]);
  expect(texts).toHaveLength(before.length + 2);
}

describe("the file log after a power cut at any moment", () => {
  it("has every resolved append, a prefix of all, and goes on", async () => {
    await fc.assert(
      fc.asyncProperty(workload, async ({ steps, segmentBytes, seed }) => {
        const disk = new RecordingFilePort();
        const recorded = await record(disk, steps, segmentBytes);
        const choose = chanceFrom(seed);
        for (let cutAt = 0; cutAt <= disk.journal.length; cutAt++) {
          const after = new RecordingFilePort(disk.imageAfter(cutAt, choose));
          await checkRecovered(await open(after, segmentBytes), recorded, cutAt);
          await checkAppendingGoesOn(after, segmentBytes);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("survives a second power cut during recovery", async () => {
    await fc.assert(
      fc.asyncProperty(workload, async ({ steps, segmentBytes, seed }) => {
        const disk = new RecordingFilePort();
        const recorded = await record(disk, steps, segmentBytes);
        const choose = chanceFrom(seed);
        const cutAt = Math.floor(choose() * (disk.journal.length + 1));
        const first = new RecordingFilePort(disk.imageAfter(cutAt, choose));
        await (await open(first, segmentBytes)).close();
        for (let second = 0; second <= first.journal.length; second++) {
          const after = new RecordingFilePort(first.imageAfter(second, choose));
          await checkRecovered(await open(after, segmentBytes), recorded, cutAt);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("keeps what a restart after a failed sync has shown", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(900), fc.integer(), async (length, seed) => {
        const disk = new RecordingFilePort();
        const log = await open(disk, 2048);
        await log.append(bytesOf("before"), 6);
        await new Promise(setImmediate);
        disk.inject({ operation: "sync", code: "EIO" });
        const doomed = log.append(bytesOf("d".repeat(length)), length);
        await expect(doomed).rejects.toBeInstanceOf(LogFailedError);
        const restarted = await open(disk, 2048);
        const shown = (await restarted.read(0, 1_000_000)).length;
        const image = disk.imageAfter(disk.journal.length, chanceFrom(seed));
        const after = await open(new RecordingFilePort(image), 2048);
        expect(await after.read(0, 1_000_000)).toHaveLength(shown);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a canary: the check finds a disk that says durable and is not", () => {
  it("finds that an acknowledged frame is missing", async () => {
    const disk = new UnsyncedDisk();
    const recorded = await record(disk, [{ kind: "append", length: 100 }], 1024);
    const cutAt = disk.journal.length;
    const after = new RecordingFilePort(disk.imageAfter(cutAt, LOSE_EVERYTHING));
    const checking = open(after, 1024).then((log) => checkRecovered(log, recorded, cutAt));
    await expect(checking).rejects.toThrow(/damaged|expected/u);
  });
});

class UnsyncedDisk extends RecordingFilePort {
  override open(path: string, mode: Parameters<RecordingFilePort["open"]>[1]): ReturnType<RecordingFilePort["open"]> {
    return super.open(path, mode === "durable" ? "write" : mode);
  }
}
