/*
 * What a transaction costs beside the single operations that it is made of: CPU of one node per read transaction of five keys
 * (MGET) against five GETs in one pipeline, and per write transaction (MSET) against five SETs.
 *
 * Both take turns, round after round, on the same node with the same keys; the figure is the median of the ratios within each
 * round. One transaction in flight for each connection is what a client does that waits for its answer; sixteen shows the code
 * more than the sockets.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunningTarget } from "../compare/processes.ts";
import { hottest } from "../compare/profile.ts";
import { redisBenchmark } from "../compare/redis-benchmark.ts";
import type { Load } from "../compare/redis-benchmark.ts";
import { singleNode } from "../compare/single-node.ts";

const keysPerTransaction = 5;
const key = "key:__rand_int__";
const value = "x".repeat(100);
const common = { test: "GET", clients: 50, keys: 20_000, valueBytes: 100 } as const;

interface Pair {
  readonly name: string;
  readonly transaction: readonly string[];
  readonly single: readonly string[];
}

const pairs: readonly Pair[] = [
  { name: "MGET of 5 / 5 GETs", transaction: ["MGET", ...five(key)], single: ["GET", key] },
  { name: "MSET of 5 / 5 SETs", transaction: ["MSET", ...five(key, value)], single: ["SET", key, value] },
];

export interface CostOptions {
  readonly port: number;
  readonly rounds: number;
  /** Transactions in each round. */
  readonly requests: number;
  readonly directory: string;
  readonly profile: boolean;
}

export interface CostResult {
  readonly pair: string;
  readonly transactionsInFlight: number;
  /** Server CPU of the transaction over that of the single operations. */
  readonly cpuRatio: number;
  readonly cpuUsPerTransaction: number;
  readonly transactionsPerSecond: number;
  readonly singlesPerSecond: number;
}

interface Run {
  readonly cpuUs: number;
  readonly perSecond: number;
}

export async function cost(options: CostOptions, print: (line: string) => void): Promise<CostResult[]> {
  const root = mkdtempSync(join(options.directory === "" ? tmpdir() : options.directory, "cops-bench-"));
  const node = await RunningTarget.start(singleNode("cops", root, options.port, options.profile));
  const results: CostResult[] = [];
  try {
    await redisBenchmark(options.port, { ...common, command: ["SET", key, value], pipeline: 16, requests: 60_000 });
    print(
      "one node: pair, in flight for each connection, CPU ratio, CPU us of one, transactions/s, single operations/s",
    );
    for (const inFlight of [1, 16]) {
      for (const pair of pairs) {
        const result = await compared(node, pair, inFlight, options);
        results.push(result);
        print(lineOf(result));
      }
    }
    await node.stop();
    if (options.profile) {
      for (const { place, share } of hottest(root, 40)) print(`  ${(share * 100).toFixed(1).padStart(5)}%  ${place}`);
    }
  } catch (error) {
    throw new Error(`the load ended early; ${node.lastWords}`, { cause: error });
  } finally {
    await node.stop();
    rmSync(root, { recursive: true, force: true });
  }
  return results;
}

async function compared(node: RunningTarget, pair: Pair, inFlight: number, options: CostOptions): Promise<CostResult> {
  const rounds: { readonly transaction: Run; readonly single: Run }[] = [];
  const requests = options.requests * (inFlight === 1 ? 1 : 2);
  for (let round = 0; round <= options.rounds; round++) {
    const single = await run(
      node,
      { command: pair.single, pipeline: inFlight * keysPerTransaction },
      requests * keysPerTransaction,
    );
    const transaction = await run(node, { command: pair.transaction, pipeline: inFlight }, requests);
    // The first warms up.
    if (round > 0) rounds.push({ transaction, single });
  }
  return {
    pair: pair.name,
    transactionsInFlight: inFlight,
    cpuRatio: median(rounds.map(({ transaction, single }) => transaction.cpuUs / (single.cpuUs * keysPerTransaction))),
    cpuUsPerTransaction: median(rounds.map(({ transaction }) => transaction.cpuUs)),
    transactionsPerSecond: median(rounds.map(({ transaction }) => transaction.perSecond)),
    singlesPerSecond: median(rounds.map(({ single }) => single.perSecond)),
  };
}

async function run(node: RunningTarget, load: Pick<Load, "command" | "pipeline">, requests: number): Promise<Run> {
  const before = node.cpuUs();
  const { requestsPerSecond } = await redisBenchmark(node.target.port, { ...common, ...load, requests });
  return { cpuUs: (node.cpuUs() - before) / requests, perSecond: requestsPerSecond };
}

function lineOf(result: CostResult): string {
  const cells = [
    String(result.transactionsInFlight),
    result.cpuRatio.toFixed(2),
    result.cpuUsPerTransaction.toFixed(1),
    String(Math.round(result.transactionsPerSecond)),
    String(Math.round(result.singlesPerSecond)),
  ];
  return `  ${result.pair.padEnd(20)}${cells.map((cell) => cell.padStart(10)).join("")}`;
}

function five(...args: readonly string[]): string[] {
  return Array.from({ length: keysPerTransaction }, () => args).flat();
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}
