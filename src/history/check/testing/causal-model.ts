/*
 * A model of a causally consistent store, small enough to be obviously right, that makes random histories.
 *
 * Each datacenter holds one map. A write takes effect at once where it is made and arrives elsewhere after a random delay,
 * where it waits until the dependencies that it carries were applied. One tick is one operation; an operation takes effect
 * in the middle of a random interval around its tick, so operations of different sessions overlap.
 *
 * `rule` breaks the gate: "or-later" asks whether the key is at the dependency's version or later, which is the published
 * and unsound rule (design, 3.3); "none" shows everything as it arrives. What comes out is then causally wrong if anybody
 * happened to look.
 *
 * Left out on purpose: partitions fail together, clocks agree, nothing is lost.
 */
import type { HeaderLine, HistoryLine, Seen } from "../../format.ts";
import { historyHeader, recordFinalState, SessionRecorder } from "../../recorder.ts";
import type { HistorySink } from "../../writer.ts";
import { Random } from "../../../shared/random.ts";

export interface ModelChoices {
  readonly seed: number;
  readonly datacenters: number;
  readonly partitions: number;
  readonly sessions: number;
  readonly keys: number;
  readonly operations: number;
  readonly delayTicksMax: number;
  readonly rule: "exact" | "or-later" | "none";
  readonly shares: {
    readonly write: number;
    readonly delete: number;
    readonly unknown: number;
    readonly attach: number;
  };
}

interface ModelWrite {
  readonly key: string;
  readonly datacenter: number;
  readonly partition: number;
  readonly seq: number;
  readonly time: number;
  readonly value: string | undefined;
  readonly dependencies: readonly ModelWrite[];
}

interface Replica {
  readonly index: number;
  readonly visible: Map<string, ModelWrite>;
  readonly applied: Set<ModelWrite>;
  readonly waiting: Map<ModelWrite, ModelWrite[]>;
  clock: number;
}

interface Client {
  readonly recorder: SessionRecorder;
  readonly context: Set<ModelWrite>;
  datacenter: number;
  floor: number;
  busyUntil: number;
}

const tickMs = 10;

export function modelHeader(choices: ModelChoices): HeaderLine {
  const datacenters = Array.from({ length: choices.datacenters }, (_, index) => `dc${index}`);
  return historyHeader({ cluster: "model", datacenters, clock: "one" });
}

/** The whole history as a list; `runModel` streams it. */
export function modelHistory(choices: ModelChoices): HistoryLine[] {
  const lines: HistoryLine[] = [modelHeader(choices)];
  runModel(choices, { write: (line) => void lines.push(line) });
  return lines;
}

/** Everything after the header. */
export function runModel(choices: ModelChoices, sink: HistorySink): void {
  new CausalModel(choices, sink).run();
}

class CausalModel {
  readonly #choices: ModelChoices;
  readonly #random: Random;
  readonly #sink: HistorySink;
  readonly #replicas: Replica[];
  readonly #clients: Client[];
  /** By tick, modulo the longest delay. */
  readonly #arrivals: { replica: Replica; write: ModelWrite }[][];
  readonly #seqs = new Map<string, number>();
  #values = 0;

  constructor(choices: ModelChoices, sink: HistorySink) {
    this.#choices = choices;
    this.#random = new Random(choices.seed);
    this.#sink = sink;
    this.#replicas = Array.from({ length: choices.datacenters }, (_, index) => newReplica(index));
    this.#clients = Array.from({ length: choices.sessions }, (_, index) => this.#newClient(index));
    this.#arrivals = Array.from({ length: choices.delayTicksMax + 1 }, () => []);
  }

  run(): void {
    const { operations, delayTicksMax } = this.#choices;
    for (let tick = 1; tick <= operations; tick += 1) {
      this.#deliver(tick);
      this.#operate(tick);
    }
    for (let tick = operations + 1; tick <= operations + delayTicksMax + 1; tick += 1) this.#deliver(tick);
    for (const replica of this.#replicas) this.#recordFinal(replica);
  }

  #newClient(index: number): Client {
    const datacenter = index % this.#choices.datacenters;
    const recorder = new SessionRecorder(this.#sink, `s${index}`, datacenter);
    return { recorder, context: new Set(), datacenter, floor: 0, busyUntil: 0 };
  }

  #operate(tick: number): void {
    const at = tick * tickMs;
    const client = this.#random.pick(this.#clients);
    if (client.busyUntil >= at) return;
    const { shares } = this.#choices;
    const start = Math.max(client.busyUntil + 1, at - this.#random.below(30));
    const end = at + this.#random.below(30);
    client.busyUntil = end;
    const choice = this.#fraction();
    if (choice < shares.attach) this.#attach(client, start, end);
    else if (choice < shares.attach + shares.write) this.#write(client, tick, start, end);
    else this.#read(client, start, end);
  }

  /** 0 <= result < 1 */
  #fraction(): number {
    return this.#random.next() / 2 ** 32;
  }

  #key(): string {
    // Squared, so that some keys are much hotter than others.
    return `k${Math.floor(this.#fraction() ** 2 * this.#choices.keys)}`;
  }

  #read(client: Client, start: number, end: number): void {
    const key = this.#key();
    const found = this.#replicas[client.datacenter]!.visible.get(key);
    client.recorder.read(client.recorder.begin(), start, end, key, seenOf(found));
    if (found === undefined) return;
    client.context.add(found);
    client.floor = Math.max(client.floor, found.time);
  }

  #write(client: Client, tick: number, start: number, end: number): void {
    const { shares } = this.#choices;
    const { recorder } = client;
    const key = this.#key();
    const isUnknown = this.#random.chance(shares.unknown);
    const isDelete = !isUnknown && this.#random.chance(shares.delete);
    this.#values += 1;
    const value = isDelete ? undefined : `v${this.#values}`;
    const happens = !isUnknown || this.#random.chance(0.5);
    const write = happens ? this.#issue(client, key, value, tick) : undefined;
    const seq = recorder.begin();
    if (isUnknown || write === undefined) {
      return recorder.write(seq, start, end, key, value ?? "", { outcome: "unknown" });
    }
    const outcome = { outcome: "ok", dot: dotOf(write), version: versionOf(write) } as const;
    if (value === undefined) recorder.remove(seq, start, end, key, outcome);
    else recorder.write(seq, start, end, key, value, outcome);
    client.context.clear();
    client.context.add(write);
    client.floor = write.time;
  }

  #issue(client: Client, key: string, value: string | undefined, tick: number): ModelWrite {
    const origin = this.#replicas[client.datacenter]!;
    const partition = Number(key.slice(1)) % this.#choices.partitions;
    const log = `${origin.index}/${partition}`;
    const seq = (this.#seqs.get(log) ?? 0) + 1;
    this.#seqs.set(log, seq);
    const time = Math.max(origin.clock, client.floor) + 1;
    const dependencies = [...client.context];
    const write = { key, datacenter: origin.index, partition, seq, time, value, dependencies };
    this.#apply(origin, write);
    for (const replica of this.#replicas) {
      if (replica !== origin) {
        this.#arrivalsAt(tick + 1 + this.#random.below(this.#choices.delayTicksMax)).push({ replica, write });
      }
    }
    return write;
  }

  #arrivalsAt(tick: number): { replica: Replica; write: ModelWrite }[] {
    return this.#arrivals[tick % this.#arrivals.length]!;
  }

  #deliver(tick: number): void {
    const slot = tick % this.#arrivals.length;
    const due = this.#arrivals[slot]!;
    this.#arrivals[slot] = [];
    for (const { replica, write } of due) this.#admit(replica, write);
  }

  #admit(replica: Replica, write: ModelWrite): void {
    const missing = write.dependencies.find((dependency) => !this.#holds(replica, dependency));
    if (missing === undefined) return this.#apply(replica, write);
    const waiters = replica.waiting.get(missing);
    if (waiters === undefined) replica.waiting.set(missing, [write]);
    else waiters.push(write);
  }

  #holds(replica: Replica, dependency: ModelWrite): boolean {
    const { rule } = this.#choices;
    if (rule === "none" || replica.applied.has(dependency)) return true;
    const shown = replica.visible.get(dependency.key);
    return rule === "or-later" && shown !== undefined && isNewer(shown, dependency);
  }

  #apply(replica: Replica, write: ModelWrite): void {
    replica.applied.add(write);
    replica.clock = Math.max(replica.clock, write.time);
    const shown = replica.visible.get(write.key);
    if (shown === undefined || isNewer(write, shown)) replica.visible.set(write.key, write);
    const waiters = replica.waiting.get(write) ?? [];
    replica.waiting.delete(write);
    for (const waiter of waiters) this.#admit(replica, waiter);
  }

  /** Moves only where its context was applied (the store would let it wait), half of the time with another's token. */
  #attach(client: Client, start: number, end: number): void {
    const target = this.#replicas[this.#random.below(this.#replicas.length)]!;
    const friend = this.#random.chance(0.5) ? this.#random.pick(this.#clients) : client;
    const context = new Set([...client.context, ...friend.context]);
    // A token is known only once its last operation was answered, and the broken gates do not wait.
    if (friend !== client && friend.busyUntil >= start) return;
    if (this.#choices.rule === "exact" && [...context].some((dependency) => !target.applied.has(dependency))) return;
    for (const dependency of context) client.context.add(dependency);
    client.floor = Math.max(client.floor, friend.floor);
    client.datacenter = target.index;
    const pasts = friend === client ? [] : [friend.recorder.past()];
    client.recorder.attach(client.recorder.begin(), start, end, target.index, pasts);
  }

  #recordFinal(replica: Replica): void {
    const entries = [...replica.visible].map(([key, write]) => ({ key, seen: seenOf(write) }));
    recordFinalState(this.#sink, replica.index, entries);
  }
}

function newReplica(index: number): Replica {
  return { index, visible: new Map(), applied: new Set(), waiting: new Map(), clock: 0 };
}

function isNewer(left: ModelWrite, right: ModelWrite): boolean {
  if (left.time !== right.time) return left.time > right.time;
  if (left.datacenter !== right.datacenter) return left.datacenter > right.datacenter;
  return left.partition > right.partition;
}

function dotOf(write: ModelWrite): [number, number, number] {
  return [write.datacenter, write.partition, write.seq];
}

function versionOf(write: ModelWrite): [number, number, number] {
  return [write.time, write.datacenter, write.partition];
}

function seenOf(write: ModelWrite | undefined): Seen {
  if (write === undefined) return { saw: "never" };
  const [dot, version] = [dotOf(write), versionOf(write)];
  return write.value === undefined
    ? { saw: "tombstone", dot, version }
    : { saw: "value", dot, version, value: write.value };
}
