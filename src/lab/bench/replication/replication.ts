/*
 * `npm run bench -- replication`: the write rate at which replication lag stays flat, with three datacenters of one node
 * each as real processes on this machine, writes going to all three.
 *
 * Doubles the rate until lag grows, then halves the gap. Lag is what the nodes themselves report (`/status`): bytes of log
 * that a destination has not been sent or has not applied, and the age of the oldest such write. It counts as flat when it
 * ends the run no higher than a second's worth of the writes, and the rate asked for was reached.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeSteadily } from "./load.ts";

const run = promisify(execFile);
const launcher = fileURLToPath(new URL("../../../../bin/cops.js", import.meta.url));
const startMsMax = 60_000;
const drainMsMax = 60_000;

export interface ReplicationOptions {
  readonly directory: string;
  readonly port: number;
  readonly seconds: number;
  readonly firstRate: number;
  readonly steps: number;
}

interface ClusterFile {
  readonly datacenters: readonly { readonly nodes: readonly { readonly resp: string; readonly http: string }[] }[];
}

interface Lag {
  readonly ms: number;
  readonly bytes: number;
}

export interface RateResult {
  readonly asked: number;
  readonly reached: number;
  readonly lagMsMax: number;
  readonly lagMsEnd: number;
  readonly flat: boolean;
}

export async function replication(options: ReplicationOptions, print: (line: string) => void): Promise<RateResult[]> {
  const data = mkdtempSync(join(options.directory === "" ? tmpdir() : options.directory, "cops-bench-"));
  const cops = (...args: string[]): Promise<unknown> =>
    run(process.execPath, [launcher, ...args, "--data", data], { timeout: startMsMax });
  try {
    const shape = ["--datacenters", "3", "--nodes", "1", "--port", String(options.port)];
    await cops("up", ...shape, "--detach");
    const nodes = nodesOf(data);
    print("3 datacenters x 1 node, 100-byte values: writes/s asked, reached, greatest lag ms, lag ms at the end, flat");
    return await search(nodes, options, print);
  } finally {
    await cops("down");
    rmSync(data, { recursive: true, force: true });
  }
}

async function search(
  nodes: readonly { resp: number; http: string }[],
  options: ReplicationOptions,
  print: (line: string) => void,
): Promise<RateResult[]> {
  const results: RateResult[] = [];
  let good = 0;
  let bad = Number.POSITIVE_INFINITY;
  for (let step = 0; step < options.steps; step++) {
    const rate = bad === Number.POSITIVE_INFINITY ? Math.max(options.firstRate, good * 2) : (good + bad) / 2;
    const result = await measure(nodes, rate, options.seconds);
    results.push(result);
    const cells = [rate, result.reached, result.lagMsMax, result.lagMsEnd].map((n) =>
      String(Math.round(n)).padStart(9),
    );
    print(`  ${cells.join("")}  ${result.flat ? "flat" : "grows"}`);
    if (result.flat) good = rate;
    else bad = rate;
    await drained(nodes);
  }
  print(`lag stays flat at ${Math.round(good)} writes per second`);
  return results;
}

async function measure(
  nodes: readonly { resp: number; http: string }[],
  rate: number,
  seconds: number,
): Promise<RateResult> {
  let lagMsMax = 0;
  const ports = nodes.map(({ resp }) => resp);
  const reached = await writeSteadily(ports, rate, seconds, async () => {
    lagMsMax = Math.max(lagMsMax, (await lagOf(nodes)).ms);
  });
  const lag = await lagOf(nodes);
  return { asked: rate, reached, lagMsMax, lagMsEnd: lag.ms, flat: lag.ms <= 1000 && reached >= rate * 0.95 };
}

async function drained(nodes: readonly { http: string }[]): Promise<void> {
  const deadline = Date.now() + drainMsMax;
  while ((await lagOf(nodes)).ms > 100 && Date.now() < deadline) await sleep(200);
}

async function lagOf(nodes: readonly { http: string }[]): Promise<Lag> {
  let lag: Lag = { ms: 0, bytes: 0 };
  for (const { http } of nodes) {
    const response = await fetch(`http://${http}/status`);
    const status = (await response.json()) as { shipping: { lagMs: number; behindBytes: number }[] };
    for (const { lagMs, behindBytes } of status.shipping) {
      lag = { ms: Math.max(lag.ms, lagMs), bytes: Math.max(lag.bytes, behindBytes) };
    }
  }
  return lag;
}

function nodesOf(data: string): { resp: number; http: string }[] {
  const cluster = JSON.parse(readFileSync(join(data, "cluster.json"), "utf8")) as ClusterFile;
  return cluster.datacenters
    .flatMap(({ nodes }) => nodes)
    .map(({ resp, http }) => ({ resp: Number(resp.split(":").at(-1)), http }));
}
