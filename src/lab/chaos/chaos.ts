/*
 * Chaos on real processes (design, section 7): a development cluster under a recorded load, with faults; then healing, until
 * all datacenters hold the same; then the judgement of the history by the checkers of src/lab/check.
 *
 *   up ──▶ sessions work in every datacenter while faults happen ──▶ healed ──▶ converged? ──▶ final states ──▶ verdict
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkHistoryFile } from "../../history/check/check.ts";
import type { CheckResult } from "../../history/check/check.ts";
import { addressOf, DevCluster } from "./dev-cluster.ts";
import type { ClusterDatacenter } from "./dev-cluster.ts";
import { FaultScript } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import { RecordedSession, seenOf } from "./recorded-session.ts";
import type { Felt } from "./recorded-session.ts";
import { connect } from "../../client/connect.ts";
import type { Client } from "../../client/client.ts";
import { Random } from "../../shared/random.ts";
import type { Seen } from "../../history/format.ts";
import { historyHeader, recordFinalState, SessionRecorder } from "../../history/recorder.ts";
import { HistoryWriter } from "../../history/writer.ts";

const sessionsPerDatacenter = 4;
const convergeMsMax = 90_000;
const operationMsMax = 20_000;

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly port: number;
  readonly datacenters: number;
  readonly nodes: number;
  readonly wanDelayMs: number;
  readonly keys: number;
  readonly faults: readonly FaultKind[];
  readonly print: (line: string) => void;
}

export interface ChaosReport {
  readonly check: CheckResult;
  readonly converged: boolean;
  readonly felt: Felt;
  readonly faults: ReadonlyMap<FaultKind, number>;
}

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const directory = mkdtempSync(join(tmpdir(), "cops-chaos-"));
  const cluster = new DevCluster(join(directory, "data"));
  options.print(`seed ${options.seed}`);
  await cluster.up(options);
  const clients: Client[] = [];
  try {
    for (const datacenter of cluster.datacenters()) clients.push(await connectTo(datacenter));
    return await work(options, cluster, clients, join(directory, "history.jsonl"));
  } finally {
    for (const client of clients) await client.close();
    await cluster.down();
    rmSync(directory, { recursive: true, force: true });
  }
}

function connectTo(datacenter: ClusterDatacenter): Promise<Client> {
  const [first, ...others] = datacenter.nodes.map(addressOf);
  if (first === undefined) throw new Error(`datacenter ${datacenter.name} has no node`);
  return connect({ ...first, seeds: others, timeoutMs: operationMsMax });
}

async function work(
  options: ChaosOptions,
  cluster: DevCluster,
  clients: readonly Client[],
  path: string,
): Promise<ChaosReport> {
  const random = new Random(options.seed);
  const datacenters = cluster.datacenters().map(({ name }) => name);
  const writer = new HistoryWriter(path, historyHeader({ cluster: "chaos", datacenters, clock: "one" }));
  const keys = Array.from({ length: options.keys }, (_, i) => `k${i}`);
  const felt: Felt = { operations: 0, errors: new Map(), latencyMsMax: 0 };
  const endsAt = performance.now() + options.seconds * 1000;
  const isOver = (): boolean => performance.now() >= endsAt;
  const script = new FaultScript(cluster, random.fork("faults"), options.faults, options.print);
  const sessions = clients.flatMap((client, datacenter) =>
    Array.from({ length: sessionsPerDatacenter }, (_, i) => {
      const name = `s${datacenter}-${i}`;
      const recorder = new SessionRecorder(writer, name, datacenter);
      return new RecordedSession(client, recorder, random.fork(name), keys, felt);
    }),
  );
  await Promise.all([script.run(isOver), ...sessions.map((session) => session.run(isOver))]);
  const states = await convergedStates(clients, keys);
  const last = states.at(-1) ?? [];
  for (const [datacenter, state] of last.entries()) recordFinalState(writer, datacenter, entriesOf(keys, state));
  writer.close();
  const check = checkHistoryFile(path);
  return { check, converged: isOne(last), felt, faults: script.done };
}

/** What every datacenter shows, read again and again until all show the same or time is up; the last is the answer. */
async function convergedStates(clients: readonly Client[], keys: readonly string[]): Promise<Seen[][][]> {
  const deadline = performance.now() + convergeMsMax;
  const states: Seen[][][] = [];
  for (;;) {
    const state = await Promise.all(clients.map((client) => stateOf(client, keys)));
    states.push(state);
    const before = states.at(-2);
    // Twice the same: nothing was on its way between the reads of two keys.
    const isQuiet = before !== undefined && JSON.stringify(before) === JSON.stringify(state);
    if ((isOne(state) && isQuiet) || performance.now() > deadline) return states;
    await sleep(500);
  }
}

async function stateOf(client: Client, keys: readonly string[]): Promise<Seen[]> {
  const context = client.createContext();
  const seen: Seen[] = [];
  for (const key of keys) seen.push(seenOf(await client.getVersioned(key, context)));
  client.deleteContext(context);
  return seen;
}

function isOne(state: readonly (readonly Seen[])[]): boolean {
  return new Set(state.map((seen) => JSON.stringify(seen))).size === 1;
}

function* entriesOf(keys: readonly string[], state: readonly Seen[]): Generator<{ key: string; seen: Seen }> {
  for (const [i, key] of keys.entries()) {
    const seen = state[i];
    if (seen !== undefined && seen.saw !== "never") yield { key, seen };
  }
}
