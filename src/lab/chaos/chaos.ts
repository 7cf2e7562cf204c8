/*
 * Chaos on real processes (design, section 7): a development cluster under a recorded load, with faults; then healing, until
 * all datacenters hold the same; then the judgement of the history by src/history/check, and the count of acknowledged writes.
 *
 *   up ──▶ sessions work in every datacenter while faults happen ──▶ healed ──▶ converged? ──▶ final states ──▶ verdict
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, ChaosCluster } from "./chaos-cluster.ts";
import { whyImpossible } from "./fault-kinds.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { FaultScript } from "./faults/fault-script.ts";
import { Felt } from "./felt.ts";
import { finalStates } from "./final-states.ts";
import type { FinalStates } from "./final-states.ts";
import type { PowerCut } from "./power/journalled-disk.ts";
import { probe } from "./probe.ts";
import { RecordedSession } from "./recorded-session.ts";
import type { OwnWrite } from "./recorded-session.ts";
import type { ClusterDatacenter } from "../../cli/dev/cluster-file.ts";
import { connect } from "../../client/connect.ts";
import type { Client } from "../../client/client.ts";
import { checkHistoryFile } from "../../history/check/check.ts";
import type { CheckResult } from "../../history/check/check.ts";
import type { Seen } from "../../history/format.ts";
import { historyHeader, recordFinalState, SessionRecorder } from "../../history/recorder.ts";
import { HistoryWriter } from "../../history/writer.ts";
import { Random } from "../../shared/random.ts";

const sessionsPerDatacenter = 6;
const partitions = 32;
/** A clock that was far ahead has to be caught up with; a node that did not start waits before it tries again. */
const convergeMsMax = 180_000;
/** As the client library has it where nothing is said. */
const operationMsMax = 5_000;

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly port: number;
  readonly datacenters: number;
  readonly nodes: number;
  readonly wanDelayMs: number;
  readonly keys: number;
  /** Operations per second and session, at most. */
  readonly rate: number;
  readonly faults: readonly FaultKind[];
  /** A canary: the disks say synced and are not, so a power cut must be found out. */
  readonly lyingDisks: boolean;
  /** Keep history, data and logs also when all is well. */
  readonly keep: boolean;
  /** Ends the faults and the load early. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

export interface ChaosReport {
  readonly seconds: number;
  readonly check: CheckResult;
  readonly final: FinalStates;
  /** By datacenter. */
  readonly felt: ReadonlyMap<string, Felt>;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Faults that were asked for and cannot be brought about here, and why. */
  readonly skipped: ReadonlyMap<FaultKind, string>;
  readonly powerCuts: readonly PowerCut[];
  /** Acknowledged writes of keys that are written once, and those of them that are missing in some datacenter. */
  readonly ownWrites: number;
  readonly ownWritesLost: readonly string[];
  /** Nodes that ended by their own will. */
  readonly fatal: readonly string[];
  readonly good: boolean;
  /** Where history, data and logs are; undefined when they are gone. */
  readonly directory: string | undefined;
}

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { print } = options;
  const directory = mkdtempSync(join(tmpdir(), "cops-chaos-"));
  const skipped = new Map<FaultKind, string>();
  for (const kind of options.faults) {
    const why = whyImpossible(kind);
    if (why !== undefined) skipped.set(kind, why);
  }
  for (const [kind, why] of skipped) print(`SKIPPED ${kind}: ${why}`);
  const faults = options.faults.filter((kind) => !skipped.has(kind));
  const shape = { datacenters: options.datacenters, nodes: options.nodes, partitions };
  const cluster = new ChaosCluster({ ...options, directory, shape, faults });
  await comesUp(cluster, directory);
  print(`data and logs are in ${directory}`);
  let report: ChaosReport | undefined;
  try {
    const run = new ChaosRun({ ...options, faults }, cluster, join(directory, "history.jsonl"));
    const result = await run.run();
    const kept = options.keep || !result.good ? directory : undefined;
    report = { ...result, skipped, directory: kept };
    return report;
  } finally {
    try {
      await cluster.down();
    } finally {
      cluster.release();
    }
    // What shows why it went wrong stays; so does everything when there is no report at all.
    if (report !== undefined && report.directory === undefined) rmSync(directory, { recursive: true, force: true });
    else print(`history, data and logs stay in ${directory}`);
  }
}

/** Rejects with CliError, and leaves nothing, when it cannot: the ports are taken, perhaps. */
async function comesUp(cluster: ChaosCluster, directory: string): Promise<void> {
  try {
    await cluster.up();
  } catch (error) {
    cluster.release();
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** One run on a cluster that is up. */
class ChaosRun {
  private readonly options: ChaosOptions;
  private readonly cluster: ChaosCluster;
  private readonly path: string;
  private readonly beganMs = performance.now();
  private readonly endsMs: number;
  private readonly isOver = (): boolean => this.options.signal.aborted || performance.now() >= this.endsMs;
  private readonly felt: ReadonlyMap<string, Felt>;

  constructor(options: ChaosOptions, cluster: ChaosCluster, path: string) {
    this.options = options;
    this.cluster = cluster;
    this.path = path;
    this.endsMs = this.beganMs + options.seconds * 1000;
    this.felt = new Map(cluster.datacenters().map(({ name }) => [name, new Felt(this.beganMs)]));
  }

  async run(): Promise<Omit<ChaosReport, "skipped" | "directory">> {
    const clients: Client[] = [];
    try {
      for (const datacenter of this.cluster.datacenters()) clients.push(await connectTo(datacenter));
      return await this.work(clients);
    } finally {
      for (const client of clients) await client.close();
    }
  }

  private async work(clients: readonly Client[]): Promise<Omit<ChaosReport, "skipped" | "directory">> {
    const { options, cluster } = this;
    const random = new Random(options.seed);
    const datacenters = [...this.felt.keys()];
    const writer = new HistoryWriter(this.path, historyHeader({ cluster: "chaos", datacenters, clock: "one" }));
    const keys = Array.from({ length: options.keys }, (_, i) => `k${i}`);
    const script = new FaultScript(cluster, random.fork("faults"), options.faults, (line) => this.say(line));
    const sessions = this.sessions(clients, writer, random, keys);
    await Promise.all([script.run(this.isOver), this.load(sessions, clients, keys)]);
    const own = sessions.flatMap(({ ownWrites }) => ownWrites);
    const allKeys = [...keys, ...own.map(({ key }) => key)];
    // A node that ended by its own will does so at each start.
    const isHopeless = (): boolean => cluster.fatalWords().length > 0;
    const final = await finalStates(clients, allKeys, convergeMsMax, isHopeless);
    this.say(final.converged ? `all datacenters show the same` : "DATACENTERS DIFFER");
    for (const [datacenter, state] of final.states.entries()) {
      if (state !== undefined) recordFinalState(writer, datacenter, entriesOf(allKeys, state));
    }
    writer.close();
    const check = checkHistoryFile(this.path);
    const fatal = cluster.fatalWords();
    const ownWritesLost = lostOf(own, allKeys, final);
    return {
      seconds: Math.min(options.seconds, (performance.now() - this.beganMs) / 1000),
      check,
      final,
      felt: this.felt,
      faults: script.done,
      powerCuts: cluster.powerCuts(),
      ownWrites: own.filter(({ outcome }) => outcome === "ok").length,
      ownWritesLost,
      fatal,
      good: final.converged && check.counts.size === 0 && ownWritesLost.length === 0 && fatal.length === 0,
    };
  }

  private sessions(
    clients: readonly Client[],
    writer: HistoryWriter,
    random: Random,
    keys: readonly string[],
  ): RecordedSession[] {
    const thinkMs = Math.round(1000 / Math.max(1, this.options.rate));
    return [...this.felt.values()].flatMap((felt, datacenter) =>
      Array.from({ length: sessionsPerDatacenter }, (_, i) => {
        const name = `s${datacenter}-${i}`;
        const recorder = new SessionRecorder(writer, name, datacenter);
        // There is a client for each datacenter.
        const client = clients[datacenter] as Client;
        return new RecordedSession({ client, recorder, random: random.fork(name), keys, felt, thinkMs });
      }),
    );
  }

  private async load(
    sessions: readonly RecordedSession[],
    clients: readonly Client[],
    keys: readonly string[],
  ): Promise<void> {
    // There is a client for each datacenter.
    const probes = [...this.felt.values()].map((felt, i) => probe(clients[i] as Client, keys, felt, this.isOver));
    await Promise.all([...probes, ...sessions.map((session) => session.run(this.isOver))]);
    const nowMs = Math.min(performance.now(), this.endsMs);
    for (const felt of this.felt.values()) felt.end(nowMs);
  }

  private say(line: string): void {
    const seconds = (performance.now() - this.beganMs) / 1000;
    this.options.print(`${seconds.toFixed(1).padStart(7)} s  ${line}`);
  }
}

function connectTo(datacenter: ClusterDatacenter): Promise<Client> {
  const [first, ...others] = datacenter.nodes.map(addressOf);
  if (first === undefined) throw new Error(`datacenter ${datacenter.name} has no node`);
  return connect({ ...first, seeds: others, timeoutMs: operationMsMax });
}

function* entriesOf(keys: readonly string[], state: readonly Seen[]): Generator<{ key: string; seen: Seen }> {
  for (const [i, key] of keys.entries()) {
    const seen = state[i];
    if (seen !== undefined && seen.saw !== "never") yield { key, seen };
  }
}

/** Acknowledged writes of keys that nobody else writes and that some datacenter does not show, as sentences. */
function lostOf(own: readonly OwnWrite[], keys: readonly string[], { states }: FinalStates): string[] {
  const first = keys.length - own.length;
  return own.flatMap(({ key, value, outcome }, i) =>
    states.flatMap((state, datacenter) => {
      const seen = state?.[first + i];
      // A datacenter that does not answer has not converged, which is bad enough; what it holds is not known.
      if (outcome !== "ok" || seen === undefined || (seen.saw === "value" && seen.value === value)) return [];
      return [`${key} was acknowledged and dc${datacenter} shows ${seen.saw}`];
    }),
  );
}
