/*
 * The file log on the recording disk and on the real one: conformance, identity and format, full disks, failed syncs.
 * Damage is in file-log-damage.test.ts, power cuts are in file-log-power-cut.test.ts.
 */
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";
import { ForeignDataError, FormatTooNewError, LogFailedError, LogFullError } from "./errors.ts";
import type { FileLog, FileLogOptions } from "./file-log.ts";
import { openFileLog } from "./file-log.ts";
import { LOG_FORMAT_VERSION, decodeSegmentHeader, encodeSegmentHeader } from "./file-log-format.ts";
import type { FilePort } from "./file-port.ts";
import type { Log } from "./log.ts";
import type { LogHarness } from "./log-conformance.ts";
import { describeLogConformance, LOG_CONFORMANCE_SEGMENT_BYTES } from "./log-conformance.ts";
import { nodeFilePort } from "./node-file-port.ts";
import { RecordingFilePort } from "./testing/recording-file-port.ts";

const DIRECTORY = "/log";
const FIRST = `${DIRECTORY}/0000000001.segment`;

function open(files: FilePort, more: Partial<FileLogOptions> = {}): Promise<FileLog> {
  return openFileLog({
    directory: DIRECTORY,
    identity: "cluster/node",
    files,
    segmentBytes: LOG_CONFORMANCE_SEGMENT_BYTES,
    reserveBytes: 0,
    ...more,
  });
}

async function append(log: Log, text: string): Promise<number> {
  return log.append(bytesOf(text), text.length);
}

async function textsOf(log: Log): Promise<string[]> {
  return (await log.read(log.start, 1_000_000)).map((frame) => byteStringOf(frame.payload));
}

describeLogConformance("file log on the recording disk", async () => {
  const disk = new RecordingFilePort();
  return {
    open: () => open(disk),
    restart: () => open(disk),
    setFull: (_log, full) => {
      disk.capacityBytes = full ? disk.usedBytes() : Number.MAX_SAFE_INTEGER;
    },
    dispose: () => Promise.resolve(),
  };
});

describeLogConformance("file log on node:fs", async (): Promise<LogHarness> => {
  const directory = await mkdtemp(join(tmpdir(), "cops-log-"));
  let isFull = false;
  const files: FilePort = {
    ...nodeFilePort,
    freeBytes: async (path) => (isFull ? 0 : nodeFilePort.freeBytes(path)),
  };
  const openHere = (): Promise<FileLog> => open(files, { directory: join(directory, "deep/log") });
  return {
    open: openHere,
    restart: async (log) => {
      await log.close();
      return openHere();
    },
    setFull: (_log, full) => {
      isFull = full;
    },
    dispose: () => rm(directory, { recursive: true }),
  };
});

describe("the file log knows its own files", () => {
  it("refuses the log of another cluster or node, naming the file", async () => {
    const disk = new RecordingFilePort();
    await (await open(disk)).close();
    const opening = open(disk, { identity: "cluster/another node" });
    await expect(opening).rejects.toBeInstanceOf(ForeignDataError);
    await expect(opening).rejects.toMatchObject({ code: "FOREIGN_DATA", file: FIRST });
  });

  it("refuses a newer format, naming both versions", async () => {
    const disk = new RecordingFilePort();
    await (await open(disk)).close();
    const bytes = Buffer.from(disk.contents(FIRST));
    const decoded = decodeSegmentHeader(bytes.subarray(0, 64));
    if (decoded.kind !== "header") throw new Error("no header");
    const version = LOG_FORMAT_VERSION + 1;
    encodeSegmentHeader({ ...decoded.header, version }).copy(bytes);
    disk.overwrite(FIRST, bytes);
    const opening = open(disk);
    await expect(opening).rejects.toBeInstanceOf(FormatTooNewError);
    await expect(opening).rejects.toMatchObject({ found: version, supported: LOG_FORMAT_VERSION });
  });

  it("preallocates its segments, the next one included", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "frame");
    await log.close();
    expect(disk.usedBytes()).toBe(2 * LOG_CONFORMANCE_SEGMENT_BYTES);
  });

  it("ignores files that are no segments", async () => {
    const disk = new RecordingFilePort();
    disk.overwrite(`${DIRECTORY}/notes.txt`, Buffer.from("hello"));
    const log = await open(disk);
    await append(log, "frame");
    expect(await textsOf(await open(disk))).toEqual(["frame"]);
  });

  it("appends with one write call and no sync call of its own", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "warm");
    await new Promise(setImmediate);
    const before = disk.journal.length;
    await append(log, "frame");
    expect(disk.journal.slice(before).map(({ kind }) => kind)).toEqual(["write", "sync"]);
  });
});

describe("the file log when the disk is full", () => {
  it("takes a frame back that landed although its write found no room", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "before");
    disk.inject({ operation: "write", code: "ENOSPC", landedBytes: 1000 });
    await expect(append(log, "refused")).rejects.toBeInstanceOf(LogFullError);
    expect(await textsOf(await open(disk))).toEqual(["before"]);
  });

  it("appends a shorter frame over what was left of a refused one", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    disk.inject({ operation: "write", code: "EDQUOT", landedBytes: 300 });
    await expect(append(log, "r".repeat(400))).rejects.toBeInstanceOf(LogFullError);
    await append(log, "short");
    const restarted = await open(disk);
    expect(await textsOf(restarted)).toEqual(["short"]);
    await append(restarted, "next");
    expect(await textsOf(await open(disk))).toEqual(["short", "next"]);
  });

  it("takes a segment's header back and rolls over later", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "a".repeat(800));
    disk.inject({ operation: "write", code: "ENOSPC", landedBytes: 64 });
    await expect(append(log, "b".repeat(800))).rejects.toBeInstanceOf(LogFullError);
    expect(await textsOf(await open(new RecordingFilePort(imageOf(disk))))).toHaveLength(1);
    await append(log, "c".repeat(800));
    expect((await textsOf(await open(disk))).map((text) => text[0])).toEqual(["a", "c"]);
  });

  it("leaves the reserve to others", async () => {
    const disk = new RecordingFilePort();
    disk.capacityBytes = 4 * LOG_CONFORMANCE_SEGMENT_BYTES;
    const log = await open(disk, { reserveBytes: 2 * LOG_CONFORMANCE_SEGMENT_BYTES });
    const large = "x".repeat(800);
    await append(log, large);
    await append(log, large);
    await expect(append(log, large)).rejects.toBeInstanceOf(LogFullError);
    expect(disk.usedBytes()).toBe(2 * LOG_CONFORMANCE_SEGMENT_BYTES);
    await log.truncate(log.end);
    await append(log, large);
  });

  it("removes a segment that it could not finish preparing", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk, { reserveBytes: 0 });
    disk.inject({ operation: "write", code: "ENOSPC", landedBytes: 10 });
    await log.close();
    const names = await disk.list(DIRECTORY);
    expect(names).toEqual(["0000000001.segment"]);
  });

  function imageOf(disk: RecordingFilePort): Map<string, Uint8Array> {
    return new Map([FIRST, FIRST.replace("1.", "2.")].map((path) => [path, disk.contents(path)] as const));
  }
});

describe("the file log when a write or a sync fails", () => {
  it.each(["write", "sync"] as const)("a failed %s poisons it for good", async (operation) => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "before");
    await new Promise(setImmediate);
    disk.inject({ operation, code: "EIO" });
    await expect(append(log, "doomed")).rejects.toBeInstanceOf(LogFailedError);
    await expect(append(log, "next")).rejects.toMatchObject({ code: "LOG_FAILED", file: FIRST });
    await expect(log.truncate(0)).rejects.toBeInstanceOf(LogFailedError);
    expect(await textsOf(log)).toEqual(["before"]);
  });

  it("a failure in the background reaches the append that needs the segment", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    disk.inject({ operation: "write", code: "EIO" });
    await new Promise(setImmediate);
    await append(log, "a".repeat(800));
    await expect(append(log, "b".repeat(800))).rejects.toBeInstanceOf(LogFailedError);
    await expect(append(log, "c")).rejects.toBeInstanceOf(LogFailedError);
  });

  it("a failed removal poisons it", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    for (let index = 0; index < 3; index++) await append(log, "x".repeat(800));
    disk.inject({ operation: "unlink", code: "EIO" });
    await expect(log.truncate(log.end)).rejects.toBeInstanceOf(LogFailedError);
  });

  it("recovers a frame whose sync failed so that a later power cut cannot take it", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "before");
    await new Promise(setImmediate);
    disk.inject({ operation: "sync", code: "EIO" });
    await expect(append(log, "readable, not safe")).rejects.toBeInstanceOf(LogFailedError);
    const restarted = await open(disk);
    expect(await textsOf(restarted)).toEqual(["before", "readable, not safe"]);
    const image = disk.imageAfter(disk.journal.length, () => 0);
    expect(await textsOf(await open(new RecordingFilePort(image)))).toEqual(["before", "readable, not safe"]);
  });
});

describe("the file log on a real directory", () => {
  it("refuses a segment file that was cut short", async () => {
    const directory = await mkdtemp(join(tmpdir(), "cops-log-"));
    try {
      const log = await open(nodeFilePort, { directory });
      await append(log, "frame");
      await log.close();
      await truncate(join(directory, "0000000001.segment"), 80);
      await expect(open(nodeFilePort, { directory })).rejects.toMatchObject({
        code: "LOG_CORRUPT",
        offset: 80,
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
