/*
 * How fast the file log appends, one frame after the other as the driver does it, beside a ceiling: the same bytes by
 * pwrite into a preallocated O_DSYNC file from a synchronous loop. A frame is one group commit, so operations per second
 * are this rate times the writes that share a frame.
 *
 *     npm run bench -- log [--dir DIR] [--seconds N]
 *
 * Prints one JSON object per case: frames per second, megabytes per second, the distribution of append times in
 * milliseconds, and CPU microseconds per frame, of all threads.
 */
import { closeSync, constants, fdatasyncSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHistogram } from "node:perf_hooks";
import { allocZeroedBytes } from "../../shared/bytes.ts";
import { openFileLog } from "../../storage/file-log.ts";

const FRAME_BYTES = [100, 1024, 16 * 1024, 128 * 1024] as const;
const CEILING_FILE_BYTES = 32 * 1024 * 1024;

interface Measured {
  readonly frames: number;
  readonly elapsedMs: number;
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

async function measure(seconds: number, appendOnce: () => Promise<void> | void): Promise<Measured> {
  const histogram = createHistogram();
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  let nowMs = startedMs;
  let frames = 0;
  while (nowMs - startedMs < seconds * 1000) {
    await appendOnce();
    const doneMs = performance.now();
    histogram.record(Math.max(1, Math.round((doneMs - nowMs) * 1e6)));
    nowMs = doneMs;
    frames++;
  }
  const cpu = process.cpuUsage(cpuBefore);
  return {
    frames,
    elapsedMs: nowMs - startedMs,
    cpuMicros: cpu.user + cpu.system,
    p50Ms: histogram.percentile(50) / 1e6,
    p99Ms: histogram.percentile(99) / 1e6,
    p999Ms: histogram.percentile(99.9) / 1e6,
  };
}

async function measureLog(directory: string, bytes: number, seconds: number): Promise<Measured> {
  const log = await openFileLog({ directory, identity: "bench" });
  const payload = allocZeroedBytes(bytes).fill(0x78);
  const measured = await measure(seconds, async () => {
    await log.append(payload, bytes);
    if (log.segments().length > 4) await log.truncate(log.end);
  });
  await log.close();
  return measured;
}

async function measureCeiling(path: string, bytes: number, seconds: number): Promise<Measured> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC;
  const fd = openSync(path, flags, 0o600);
  writeSync(fd, Buffer.alloc(CEILING_FILE_BYTES), 0, CEILING_FILE_BYTES, 0);
  fdatasyncSync(fd);
  const payload = Buffer.alloc(bytes, 0x78);
  let at = 0;
  const measured = await measure(seconds, () => {
    if (at + bytes > CEILING_FILE_BYTES) at = 0;
    writeSync(fd, payload, 0, bytes, at);
    at += bytes;
  });
  closeSync(fd);
  return measured;
}

function report(what: string, frameBytes: number, measured: Measured): void {
  const { frames, elapsedMs, cpuMicros } = measured;
  const line = {
    what,
    frameBytes,
    framesPerSecond: Math.round((frames / elapsedMs) * 1000),
    megabytesPerSecond: Number(((frames * frameBytes) / elapsedMs / 1000).toFixed(1)),
    p50Ms: Number(measured.p50Ms.toFixed(3)),
    p99Ms: Number(measured.p99Ms.toFixed(3)),
    p999Ms: Number(measured.p999Ms.toFixed(3)),
    cpuMicrosPerFrame: Number((cpuMicros / frames).toFixed(1)),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The log's append beside a bare synced write, for each frame size in turn. */
export async function benchLogAppend(parent: string, seconds: number): Promise<void> {
  const directory = await mkdtemp(join(parent === "" ? tmpdir() : parent, "cops-bench-log-"));
  try {
    for (const bytes of FRAME_BYTES) {
      report("ceiling", bytes, await measureCeiling(join(directory, "ceiling"), bytes, seconds));
      report("log", bytes, await measureLog(join(directory, `log-${bytes}`), bytes, seconds));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}
