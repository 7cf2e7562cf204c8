/*
 * What read transactions notice of the wide area: latency of MGET over all nodes of a datacenter, with writes and write
 * transactions going on in it, while every link to other datacenters is cut and while none is, in turns in one run. With all datacenters on one machine the
 * cut makes it faster: nobody replicates. What may not be is that it makes it slower.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchCluster } from "./bench-cluster.ts";
import { ClosedLoop } from "./closed-loop.ts";
import type { Command } from "./closed-loop.ts";
import { Random } from "../../../shared/random.ts";

/** Few: what is asked is how long one takes, not how many a machine can do. */
const clientsPerNode = 1;
const keys = 10_000;
const settleMs = 2_000;

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface CutOffResult {
  readonly rounds: readonly { readonly open: Latency; readonly cut: Latency }[];
  /** Cut over not cut; the median of the rounds. */
  readonly p50Ratio: number;
  readonly p99Ratio: number;
}

export async function cutOff(
  cluster: BenchCluster,
  options: { readonly seconds: number; readonly rounds: number },
  print: (line: string) => void,
): Promise<CutOffResult> {
  const random = new Random(1);
  let taken: number[] = [];
  const ports = cluster.ports(0);
  const loop = await ClosedLoop.connect(
    ports,
    ports.length * clientsPerNode,
    () => commandOf(random),
    (name, ms) => {
      if (name === "MGET") taken.push(ms);
    },
  );
  const measure = async (seconds: number): Promise<Latency> => {
    taken = [];
    await loop.run(seconds);
    return latencyOf(taken);
  };
  const measureCut = async (): Promise<Latency> => {
    await cluster.cutAll();
    await sleep(settleMs);
    const cut = await measure(options.seconds);
    await cluster.heal();
    await sleep(settleMs);
    return cut;
  };
  await measure(options.seconds);
  print("MGET of 5 beside writes: p50 ms, p99 ms with every wide-area link up; cut");
  const rounds: { open: Latency; cut: Latency }[] = [];
  for (let round = 0; round < options.rounds; round++) {
    // Whatever comes later finds code that is warmer: each comes first in turn.
    const early = round % 2 === 0 ? await measure(options.seconds) : undefined;
    const cut = await measureCut();
    const open = early ?? (await measure(options.seconds));
    rounds.push({ open, cut });
    print(`  ${[open.p50Ms, open.p99Ms, cut.p50Ms, cut.p99Ms].map((ms) => ms.toFixed(2).padStart(8)).join("")}`);
  }
  loop.close();
  const p50Ratio = median(rounds.map(({ open, cut }) => cut.p50Ms / open.p50Ms));
  const p99Ratio = median(rounds.map(({ open, cut }) => cut.p99Ms / open.p99Ms));
  print(`  cut over not cut: p50 ${p50Ratio.toFixed(2)}, p99 ${p99Ratio.toFixed(2)}; ${loop.errors} errors`);
  return { rounds, p50Ratio, p99Ratio };
}

/** Of ten, seven read, two write one key, and one writes two. */
function commandOf(random: Random): Command {
  const key = (): string => `k:${random.below(keys)}`;
  const kind = random.below(10);
  if (kind < 7) return ["MGET", key(), key(), key(), key(), key()];
  return kind < 9 ? ["SET", key(), "x"] : ["MSET", key(), "x", key(), "y"];
}

function latencyOf(taken: readonly number[]): Latency {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}
