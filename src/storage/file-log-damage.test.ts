/*
 * What recovery of the file log does about every byte that is not as it was written: a torn last frame is cut and never
 * comes back, anything else is refused with the file and the offset.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";
import { LogCorruptError, LogFailedError } from "./errors.ts";
import type { FileLog } from "./file-log.ts";
import { openFileLog } from "./file-log.ts";
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, encodeFrameHeader } from "./file-log-format.ts";
import { RecordingFilePort } from "./testing/recording-file-port.ts";

const SEGMENT_BYTES = 256;
const SALT = 0x5a17;

function open(disk: RecordingFilePort): Promise<FileLog> {
  return openFileLog({
    directory: "/log",
    identity: "cluster/node",
    files: disk,
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    newSalt: () => SALT,
  });
}

function pathOf(number: number): string {
  return `/log/000000000${number}.segment`;
}

async function append(log: FileLog, text: string): Promise<number> {
  return log.append(bytesOf(text), text.length);
}

async function textsOf(log: FileLog): Promise<string[]> {
  return (await log.read(log.start, 1_000_000)).map((frame) => byteStringOf(frame.payload));
}

/** The disk of `disk` with one file replaced. */
function changed(disk: RecordingFilePort, path: string, change: (bytes: Uint8Array) => Uint8Array): RecordingFilePort {
  const image = new Map(disk.imageAfter(disk.journal.length, () => 0));
  image.set(path, change(Uint8Array.from(image.get(path) ?? [])));
  return new RecordingFilePort(image);
}

function flipped(disk: RecordingFilePort, path: string, offset: number): RecordingFilePort {
  return changed(disk, path, (bytes) => {
    bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
    return bytes;
  });
}

function frameBytes(text: string): number {
  return FRAME_HEADER_BYTES + text.length;
}

describe("recovery when the last frame is torn", () => {
  const firstOffset = SEGMENT_HEADER_BYTES;
  const lastOffset = firstOffset + frameBytes("first");
  const end = lastOffset + frameBytes("last frame");
  let disk: RecordingFilePort;

  beforeEach(async () => {
    disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "first");
    await append(log, "last frame");
    await log.close();
  });

  async function expectCut(damaged: RecordingFilePort): Promise<void> {
    const log = await open(damaged);
    expect(await textsOf(log)).toEqual(["first"]);
    expect(log.end).toBe(lastOffset - firstOffset);
    const rest = damaged.contents(pathOf(1)).subarray(lastOffset);
    expect(rest.every((byte) => byte === 0)).toBe(true);
    await append(log, "x");
    await log.close();
    expect(await textsOf(await open(damaged))).toEqual(["first", "x"]);
  }

  it("cuts it wherever it stopped", async () => {
    for (let stop = lastOffset; stop < end; stop++) {
      await expectCut(changed(disk, pathOf(1), (bytes) => bytes.fill(0, stop)));
    }
  });

  it("cuts it whatever byte is wrong", async () => {
    for (let offset = lastOffset; offset < end; offset++) {
      await expectCut(flipped(disk, pathOf(1), offset));
    }
  });

  it("cuts it where its beginning is missing and its end is there", async () => {
    for (let stop = lastOffset + 1; stop < end; stop++) {
      await expectCut(changed(disk, pathOf(1), (bytes) => bytes.fill(0, lastOffset, stop)));
    }
  });

  it("is not misled by a stored value that looks like a frame", async () => {
    const log = await open(disk);
    const disguise = Buffer.alloc(FRAME_HEADER_BYTES);
    const position = log.end + FRAME_HEADER_BYTES;
    encodeFrameHeader(disguise, position, new Uint8Array(0), SALT + 1);
    await append(log, disguise.toString("latin1"));
    await log.close();
    const restarted = await open(flipped(disk, pathOf(1), end));
    expect(await textsOf(restarted)).toEqual(["first", "last frame"]);
  });

  it("refuses a file that is shorter than it was made", async () => {
    for (let length = 0; length < SEGMENT_BYTES; length++) {
      const damaged = changed(disk, pathOf(1), (bytes) => bytes.slice(0, length));
      await expect(open(damaged)).rejects.toMatchObject({ code: "LOG_CORRUPT", file: pathOf(1) });
    }
  });
});

describe("recovery when the damage is not at the end", () => {
  let disk: RecordingFilePort;
  let offsets: number[];

  /** Segment 1 holds a and b, segment 2 c and d, segment 3 e and f. */
  beforeEach(async () => {
    disk = new RecordingFilePort();
    offsets = [];
    const log = await open(disk);
    for (const letter of "abcdef") {
      const text = letter.repeat(70);
      await append(log, text);
      const segment = log.segments().at(-1);
      const start = log.end - frameBytes(text) - (segment?.start ?? 0);
      offsets.push(SEGMENT_HEADER_BYTES + start);
    }
    expect(log.segments()).toHaveLength(3);
    await log.close();
  });

  async function expectRefused(damaged: RecordingFilePort, file: string, offset: number): Promise<void> {
    const opening = open(damaged);
    await expect(opening).rejects.toBeInstanceOf(LogCorruptError);
    await expect(opening).rejects.toMatchObject({ file, offset, retryable: false });
  }

  it("opens what is not damaged", async () => {
    expect(await textsOf(await open(disk))).toHaveLength(6);
  });

  it("refuses any wrong byte of an earlier segment's frames", async () => {
    for (const [index, frameOffset] of [offsets[0] ?? 0, offsets[1] ?? 0].entries()) {
      for (let at = 0; at < frameBytes("x".repeat(70)); at++) {
        const damaged = flipped(disk, pathOf(1), frameOffset + at);
        await expectRefused(damaged, pathOf(1), offsets[index] ?? 0);
      }
    }
  });

  it("refuses a bad frame of the last segment that a whole one follows", async () => {
    const bad = offsets[4] ?? 0;
    for (let at = 0; at < frameBytes("x".repeat(70)); at++) {
      await expectRefused(flipped(disk, pathOf(3), bad + at), pathOf(3), bad);
    }
  });

  it("refuses any wrong byte of a header", async () => {
    for (const number of [1, 2, 3]) {
      for (let at = 0; at < SEGMENT_HEADER_BYTES; at++) {
        await expectRefused(flipped(disk, pathOf(number), at), pathOf(number), 0);
      }
    }
  });

  it("refuses a log with a segment missing in the middle", async () => {
    disk.remove(pathOf(2));
    await expectRefused(disk, pathOf(2), 0);
  });

  it("refuses a log that lost its newest segment but not the prepared one", async () => {
    disk.remove(pathOf(3));
    await expectRefused(disk, pathOf(3), 0);
  });

  it("refuses a log of which only the prepared segment is left", async () => {
    for (const number of [1, 2, 3]) disk.remove(pathOf(number));
    await expectRefused(disk, pathOf(4), 0);
  });

  it("refuses a segment in another's place", async () => {
    const second = disk.contents(pathOf(2));
    await expectRefused(
      changed(disk, pathOf(1), () => second),
      pathOf(1),
      12,
    );
  });

  it("finds damage that came after the log was opened when it reads", async () => {
    const log = await open(disk);
    disk.overwrite(pathOf(1), flipped(disk, pathOf(1), (offsets[0] ?? 0) + 30).contents(pathOf(1)));
    await expect(log.read(0, 1000)).rejects.toBeInstanceOf(LogCorruptError);
  });
});

describe("recovery after a roll-over that failed", () => {
  it("makes a segment's header safe whose sync had failed", async () => {
    const disk = new RecordingFilePort();
    const log = await open(disk);
    await append(log, "a".repeat(150));
    await new Promise(setImmediate);
    disk.inject({ operation: "sync", code: "EIO" });
    await expect(append(log, "b".repeat(150))).rejects.toBeInstanceOf(LogFailedError);
    const restarted = await open(disk);
    expect(restarted.segments()).toHaveLength(2);
    await append(restarted, "c".repeat(100));
    const image = disk.imageAfter(disk.journal.length, () => 0);
    const after = await open(new RecordingFilePort(image));
    expect((await textsOf(after)).map((text) => text[0])).toEqual(["a", "c"]);
  });
});
