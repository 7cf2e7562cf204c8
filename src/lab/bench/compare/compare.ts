/*
 * `npm run bench -- compare`: one COPS node, Debian's redis-server and the two ceilings (ceiling-server.ts), one after the
 * other, round after round, on the machine as it is: what counts is the ratio within a run, not the figure.
 *
 * 100-byte values, 100,000 keys, 50 connections, pipeline 1 and 16. SET is durable everywhere it can be: `appendfsync
 * always` for redis, a synced log for COPS and for the second ceiling. For GET the ceiling is the loop over a Map. Beside
 * the rate stands what the server's process cost: CPU microseconds for each operation.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hottest } from "./profile.ts";
import { RunningTarget } from "./processes.ts";
import type { Target } from "./processes.ts";
import { redisBenchmark } from "./redis-benchmark.ts";
import type { Load } from "./redis-benchmark.ts";
import { singleNode } from "./single-node.ts";

const firstPort = 17_400;
const ceiling = fileURLToPath(new URL("ceiling-server.ts", import.meta.url));

type Test = Load["test"];

const cases: readonly (readonly [pipeline: number, test: Test])[] = [
  [1, "SET"],
  [1, "GET"],
  [16, "SET"],
  [16, "GET"],
];

export interface CompareOptions {
  readonly rounds: number;
  readonly requests: number;
  /** Directory for the servers' data: its disk is what is measured. */
  readonly directory: string;
  /** Also shows where the COPS node spent its time. */
  readonly profile: boolean;
}

export interface Measured {
  readonly target: string;
  readonly test: string;
  readonly pipeline: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerOperation: number;
}

export async function compare(options: CompareOptions, print: (line: string) => void): Promise<Measured[]> {
  const root = mkdtempSync(join(options.directory === "" ? tmpdir() : options.directory, "cops-bench-"));
  const running: RunningTarget[] = [];
  try {
    for (const target of targets(root, options.profile)) running.push(await RunningTarget.start(target));
    const all: Measured[] = [];
    for (const [pipeline, test] of cases) {
      for (let round = 0; round < options.rounds; round++) {
        all.push(...(await measureAll(running, options, test, pipeline)));
      }
      for (const line of report(all, test, pipeline)) print(line);
    }
    await stopAll(running);
    if (options.profile) {
      print("COPS node, functions by their own share of the busy time:");
      for (const { place, share } of hottest(root, 25)) print(`  ${(share * 100).toFixed(1).padStart(5)}%  ${place}`);
    }
    return all;
  } finally {
    await stopAll(running);
    rmSync(root, { recursive: true, force: true });
  }
}

/** One round: every server that is measured for this, in turn. */
async function measureAll(
  running: readonly RunningTarget[],
  options: CompareOptions,
  test: Test,
  pipeline: number,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const server of running) {
    if (!isMeasured(server.target.name, test)) continue;
    measured.push(await measure(server, { ...loadOf(options), test, pipeline }));
  }
  return measured;
}

async function stopAll(running: readonly RunningTarget[]): Promise<void> {
  for (const server of running) await server.stop();
}

function loadOf({ requests }: CompareOptions): Omit<Load, "test" | "pipeline"> {
  return { requests, clients: 50, keys: 100_000, valueBytes: 100 };
}

/** A ceiling is measured only for what it is the ceiling of. */
function isMeasured(name: string, test: Test): boolean {
  if (name === "ceiling") return test === "GET";
  return name !== "ceiling with log" || test === "SET";
}

async function measure(server: RunningTarget, load: Load): Promise<Measured> {
  const requests = load.pipeline === 1 ? load.requests : load.requests * 4;
  const before = server.cpuUs();
  const figures = await redisBenchmark(server.target.port, { ...load, requests });
  const cpuUsPerOperation = (server.cpuUs() - before) / requests;
  return { target: server.target.name, test: load.test, pipeline: load.pipeline, cpuUsPerOperation, ...figures };
}

function targets(root: string, profile: boolean): Target[] {
  const node = process.execPath;
  const redis = ["--port", String(firstPort), "--dir", root, "--appendonly", "yes", "--appendfsync", "always"];
  return [
    singleNode("cops", root, firstPort + 1, profile),
    { name: "redis", command: "redis-server", args: [...redis, "--save", ""], port: firstPort },
    { name: "ceiling", command: node, args: [ceiling, String(firstPort + 2)], port: firstPort + 2 },
    { name: "ceiling with log", command: node, args: [ceiling, String(firstPort + 3), root], port: firstPort + 3 },
  ];
}

function report(all: readonly Measured[], test: string, pipeline: number): string[] {
  const names = [...new Set(all.filter((m) => m.test === test).map((m) => m.target))];
  const medians = names.map((name) =>
    medianOf(all.filter((m) => m.target === name && m.test === test && m.pipeline === pipeline)),
  );
  const cops = medians.find((m) => m.target === "cops");
  const lines = [`${test}, pipeline ${pipeline}: requests/s, p50 ms, p99 ms, server CPU us/op, cops as a ratio of it`];
  for (const m of medians) {
    const ratio = cops === undefined ? Number.NaN : cops.requestsPerSecond / m.requestsPerSecond;
    const cells = [Math.round(m.requestsPerSecond), m.p50Ms, m.p99Ms, m.cpuUsPerOperation.toFixed(2), ratio.toFixed(2)];
    lines.push(`  ${m.target.padEnd(18)}${cells.map((cell) => String(cell).padStart(10)).join("")}`);
  }
  return lines;
}

function medianOf(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.requestsPerSecond - b.requestsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}
