/*
 * What every adapter of the Log port keeps, as tests: call `describeLogConformance` from the adapter's own test file.
 *
 * Covers the promises of log.ts that hold for all adapters: positions, order, bounds of reads, truncation, one append at
 * a time, and that what was appended is there after a restart. What only real disks do (torn tails, damage) is tested
 * with the file log.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";
import { InvariantError } from "../shared/assert.ts";
import { LogFullError, LogTruncatedError, StorageClosedError } from "./errors.ts";
import type { Log, LogFrame, LogPosition } from "./log.ts";

export interface LogHarness {
  /** A new, empty log, with segments of LOG_CONFORMANCE_SEGMENT_BYTES. */
  open(): Promise<Log>;
  /** Ends the log as kill -9 would and opens what is left. */
  restart(log: Log): Promise<Log>;
  /** Makes the log's disk full, or gives it room again. */
  setFull(log: Log, full: boolean): void;
  dispose(): Promise<void>;
}

export const LOG_CONFORMANCE_SEGMENT_BYTES = 1024;

const PAYLOAD_BYTES_OF_A_SEGMENT = LOG_CONFORMANCE_SEGMENT_BYTES / 2;

function textOf(frame: LogFrame): string {
  return byteStringOf(frame.payload);
}

async function appendText(log: Log, text: string): Promise<LogPosition> {
  return log.append(bytesOf(text), text.length);
}

/** Appends frames that fill about a segment each; answers where each begins. */
async function appendSegments(log: Log, count: number): Promise<LogPosition[]> {
  const positions: LogPosition[] = [];
  for (let index = 0; index < count; index++) {
    positions.push(log.end);
    await appendText(log, String(index).repeat(PAYLOAD_BYTES_OF_A_SEGMENT));
  }
  return positions;
}

export function describeLogConformance(name: string, makeHarness: () => Promise<LogHarness>): void {
  describe(`the ${name} keeps the promises of the Log port`, () => {
    let harness: LogHarness;
    let log: Log;

    beforeEach(async () => {
      harness = await makeHarness();
      log = await harness.open();
    });

    afterEach(async () => {
      await log.close();
      await harness.dispose();
    });

    it("begins empty at position 0", async () => {
      expect([log.start, log.end]).toEqual([0, 0]);
      expect(await log.read(0, 1000)).toEqual([]);
      expect(log.segments()).toEqual([{ start: 0, end: 0 }]);
    });

    it("answers an append with the position behind it, where the next frame begins", async () => {
      const first = await appendText(log, "first");
      expect(first).toBe(log.end);
      const second = await appendText(log, "second");
      const frames = await log.read(0, 1000);
      expect(frames.map(textOf)).toEqual(["first", "second"]);
      expect(frames.map(({ position, end }) => [position, end])).toEqual([
        [0, first],
        [first, second],
      ]);
    });

    it("appends the bytes up to the length and no more", async () => {
      await log.append(bytesOf("kept and not this"), 4);
      expect((await log.read(0, 1000)).map(textOf)).toEqual(["kept"]);
    });

    it("takes empty frames and any byte", async () => {
      const everyByte = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
      await appendText(log, "");
      await appendText(log, everyByte);
      expect((await log.read(0, 1000)).map(textOf)).toEqual(["", everyByte]);
    });

    it("does not show a frame whose append is under way", async () => {
      const appending = appendText(log, "soon");
      expect(log.end).toBe(0);
      expect(await log.read(0, 1000)).toEqual([]);
      await appending;
      expect(await log.read(0, 1000)).toHaveLength(1);
    });

    it("refuses a second append while one is under way", async () => {
      const appending = appendText(log, "first");
      expect(() => log.append(bytesOf("second"), 6)).toThrow(InvariantError);
      await appending;
      await appendText(log, "third");
      expect((await log.read(0, 1000)).map(textOf)).toEqual(["first", "third"]);
    });

    it("reads whole frames within the bound, but one in any case", async () => {
      for (const text of ["aaaa", "bbbb", "cccc"]) await appendText(log, text);
      expect((await log.read(0, 8)).map(textOf)).toEqual(["aaaa", "bbbb"]);
      expect((await log.read(0, 11)).map(textOf)).toEqual(["aaaa", "bbbb"]);
      expect((await log.read(0, 1)).map(textOf)).toEqual(["aaaa"]);
    });

    it("reads on from where a frame ended, across segments", async () => {
      await appendSegments(log, 5);
      const texts: string[] = [];
      for (let at = log.start; at < log.end;) {
        const frames = await log.read(at, PAYLOAD_BYTES_OF_A_SEGMENT * 2);
        texts.push(...frames.map(textOf));
        at = frames.at(-1)?.end ?? log.end;
      }
      expect(texts.map((text) => text[0])).toEqual(["0", "1", "2", "3", "4"]);
      expect(log.segments().length).toBeGreaterThan(2);
    });

    it("keeps a frame that is larger than a segment", async () => {
      const large = "x".repeat(LOG_CONFORMANCE_SEGMENT_BYTES * 3);
      await appendText(log, "before");
      await appendText(log, large);
      await appendText(log, "after");
      log = await harness.restart(log);
      const frames = await log.read(0, large.length * 2);
      expect(frames.map(textOf)).toEqual(["before", large, "after"]);
    });

    it("keeps segments without gaps between them, the last one being written", async () => {
      await appendSegments(log, 4);
      const segments = log.segments();
      expect(segments[0]?.start).toBe(log.start);
      expect(segments.at(-1)?.end).toBe(log.end);
      for (const [index, segment] of segments.entries()) {
        const next = segments[index + 1];
        if (next !== undefined) expect(next.start).toBe(segment.end);
      }
    });

    it("truncates whole segments below a position and never the one being written", async () => {
      await appendSegments(log, 4);
      const [first, second] = log.segments();
      await log.truncate((first?.end ?? 0) - 1);
      expect(log.start).toBe(0);
      await log.truncate(first?.end ?? 0);
      expect(log.start).toBe(second?.start);
      await log.truncate(Number.MAX_SAFE_INTEGER);
      expect(log.segments()).toHaveLength(1);
      expect(log.start).toBeLessThan(log.end);
    });

    it("refuses to read what was truncated", async () => {
      await appendSegments(log, 3);
      await log.truncate(Number.MAX_SAFE_INTEGER);
      await expect(log.read(0, 1000)).rejects.toBeInstanceOf(LogTruncatedError);
      expect(await log.read(log.start, 1000)).not.toEqual([]);
    });

    it("holds after a restart exactly what was appended, and goes on", async () => {
      const positions = await appendSegments(log, 3);
      await log.truncate(positions[1] ?? 0);
      const { start, end } = log;
      log = await harness.restart(log);
      expect([log.start, log.end]).toEqual([start, end]);
      await appendText(log, "goes on");
      const frames = await log.read(log.start, 100_000);
      expect(frames.at(-1)?.position).toBe(end);
      expect(frames.map((frame) => textOf(frame)[0])).toEqual(["1", "2", "g"]);
    });

    it("refuses while the disk is full, appends nothing, and goes on when there is room", async () => {
      await appendText(log, "before");
      const { end } = log;
      harness.setFull(log, true);
      const large = "x".repeat(LOG_CONFORMANCE_SEGMENT_BYTES * 4);
      await expect(appendText(log, large)).rejects.toBeInstanceOf(LogFullError);
      await expect(appendText(log, large)).rejects.toMatchObject({ retryable: true });
      expect(log.end).toBe(end);
      expect((await log.read(0, 1000)).map(textOf)).toEqual(["before"]);
      harness.setFull(log, false);
      await appendText(log, large);
      log = await harness.restart(log);
      expect((await log.read(0, 100_000)).map(textOf)).toEqual(["before", large]);
    });

    it("counts appends", async () => {
      await appendText(log, "one");
      await appendText(log, "two");
      const stats = log.stats();
      expect(stats).toMatchObject({ appends: 2, segments: 1, appendedBytes: log.end });
      expect(stats.bytes).toBe(log.end - log.start);
    });

    it("refuses everything once closed, and may be closed twice", async () => {
      await log.close();
      await log.close();
      await expect(appendText(log, "late")).rejects.toBeInstanceOf(StorageClosedError);
      await expect(log.read(0, 1000)).rejects.toBeInstanceOf(StorageClosedError);
      await expect(log.truncate(0)).rejects.toBeInstanceOf(StorageClosedError);
    });
  });
}
