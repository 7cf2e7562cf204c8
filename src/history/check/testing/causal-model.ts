/*
 * A model of a causally consistent store, small enough to be obviously right, that makes random histories.
 *
 * The datacenters are in model-replicas.ts; this is their clients. One tick is one operation; an operation takes effect in
 * the middle of a random interval around its tick, so operations of different sessions overlap. A snapshot and a transaction
 * take effect at one tick, on all their keys. What expires is gone at the same tick everywhere.
 *
 * `rule` breaks the store. What comes out is then causally wrong if anybody happened to look.
 *
 * Left out on purpose: partitions fail together, clocks agree, nothing is lost.
 */
import type { HeaderLine, HistoryLine } from "../../format.ts";
import { historyHeader, recordFinalState, SessionRecorder } from "../../recorder.ts";
import type { HistorySink } from "../../writer.ts";
import { Random } from "../../../shared/random.ts";
import { ModelReplicas } from "./model-replicas.ts";
import type { ModelRule, Replica } from "./model-replicas.ts";
import { dotOf, isGone, nearest, seenOf, shownBy, versionOf } from "./model-write.ts";
import type { ModelWrite } from "./model-write.ts";

export interface ModelChoices {
  readonly seed: number;
  readonly datacenters: number;
  readonly partitions: number;
  readonly sessions: number;
  readonly keys: number;
  readonly operations: number;
  readonly delayTicksMax: number;
  readonly rule: ModelRule;
  readonly shares: {
    readonly write: number;
    readonly delete: number;
    readonly unknown: number;
    readonly attach: number;
    readonly snapshot?: number;
    readonly transaction?: number;
    readonly touch?: number;
    /** Of the writes that leave a value. */
    readonly expires?: number;
  };
}

interface Client {
  readonly recorder: SessionRecorder;
  readonly context: Set<ModelWrite>;
  datacenter: number;
  floor: number;
  busyUntil: number;
}

/** When an operation takes effect, and its interval. */
interface Moment {
  readonly tick: number;
  readonly start: number;
  readonly end: number;
}

type Kind = "attach" | "snapshot" | "transaction" | "touch" | "write" | "read";

const tickMs = 10;
const keysAtOnceMax = 4;

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
  readonly #replicas: ModelReplicas;
  readonly #clients: Client[];
  readonly #seqs = new Map<string, number>();
  /** By key: writes of unknown outcome. A touch on one of them tells no value, so it must be the only one. */
  readonly #unknown = new Map<string, number>();
  /** Keys that may have no further write, or no further touch, of unknown outcome: a judge could not tell them apart. */
  readonly #noMoreUnknown = new Set<string>();
  readonly #unknownTouch = new Set<string>();
  #values = 0;

  constructor(choices: ModelChoices, sink: HistorySink) {
    this.#choices = choices;
    this.#random = new Random(choices.seed);
    this.#sink = sink;
    this.#replicas = new ModelReplicas(this.#random, choices.datacenters, choices.delayTicksMax, choices.rule);
    this.#clients = Array.from({ length: choices.sessions }, (_, index) => this.#newClient(index));
  }

  run(): void {
    const { operations, delayTicksMax, shares } = this.#choices;
    const collects = shares.delete > 0 && (shares.expires ?? 0) > 0;
    for (let tick = 1; tick <= operations; tick += 1) {
      this.#replicas.deliver(tick);
      if (collects && this.#random.chance(0.3)) this.#replicas.collect(this.#key(), tick);
      this.#operate(tick);
    }
    const last = operations + delayTicksMax + 1;
    for (let tick = operations + 1; tick <= last; tick += 1) this.#replicas.deliver(tick);
    for (const replica of this.#replicas.all) this.#recordFinal(replica, last);
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
    const start = Math.max(client.busyUntil + 1, at - this.#random.below(30));
    const moment = { tick, start, end: at + this.#random.below(30) };
    client.busyUntil = moment.end;
    const kind = this.#kind();
    if (kind === "attach") this.#attach(client, moment);
    else if (kind === "snapshot") this.#snapshot(client, moment);
    else if (kind === "transaction") this.#write(client, moment, this.#keysAtOnce());
    else if (kind === "touch") this.#touch(client, moment);
    else if (kind === "write") this.#write(client, moment, [this.#key()]);
    else this.#read(client, moment);
  }

  #kind(): Kind {
    const { attach, snapshot = 0, transaction = 0, touch = 0, write } = this.#choices.shares;
    let left = this.#fraction();
    for (const [kind, share] of Object.entries({ attach, snapshot, transaction, touch, write })) {
      if (left < share) return kind as Kind; // Its keys are kinds.
      left -= share;
    }
    return "read";
  }

  /** 0 <= result < 1 */
  #fraction(): number {
    return this.#random.next() / 2 ** 32;
  }

  #key(): string {
    // Squared, so that some keys are much hotter than others.
    return `k${Math.floor(this.#fraction() ** 2 * this.#choices.keys)}`;
  }

  #keysAtOnce(): string[] {
    return [...new Set(Array.from({ length: 2 + this.#random.below(keysAtOnceMax - 1) }, () => this.#key()))];
  }

  #read(client: Client, { tick, start, end }: Moment): void {
    const key = this.#key();
    client.recorder.read(client.recorder.begin(), start, end, key, this.#look(client, key, tick));
  }

  #snapshot(client: Client, { tick, start, end }: Moment): void {
    const entries = this.#keysAtOnce().map((key) => ({ key, seen: this.#look(client, key, tick) }));
    client.recorder.snapshot(client.recorder.begin(), start, end, entries);
  }

  #look(client: Client, key: string, tick: number): ReturnType<typeof seenOf> {
    const found = this.#replicas.all[client.datacenter]!.visible.get(key);
    if (found !== undefined) {
      client.context.add(nearest(found));
      client.floor = Math.max(client.floor, nearest(found).time);
    }
    return seenOf(found, key, tick);
  }

  /** One key, or a transaction of several. */
  #write(client: Client, { tick, start, end }: Moment, keys: readonly string[]): void {
    const { shares } = this.#choices;
    const { recorder } = client;
    const isUnknown = this.#random.chance(shares.unknown) && !keys.some((key) => this.#noMoreUnknown.has(key));
    const parts = new Map(keys.map((key) => [key, this.#value(isUnknown)]));
    const expires = this.#random.chance(shares.expires ?? 0);
    const expiry = expires ? tick + this.#random.below(40) : Number.POSITIVE_INFINITY;
    const happens = !isUnknown || this.#random.chance(0.5);
    const write = happens ? this.#issue(client, { parts, expiry, base: undefined, isUnknown }, tick) : undefined;
    const flag = expires ? { expires } : {};
    if (isUnknown) for (const key of keys) this.#unknown.set(key, (this.#unknown.get(key) ?? 0) + 1);
    const outcome =
      isUnknown || write === undefined
        ? ({ outcome: "unknown", ...flag } as const)
        : ({ outcome: "ok", dot: dotOf(write), version: versionOf(shownBy(write)), ...flag } as const);
    const seq = recorder.begin();
    const [[key, value] = ["", undefined]] = parts;
    if (parts.size > 1) {
      const writes = [...parts].map(([name, tag]) => ({ key: name, value: tag }));
      recorder.transaction(seq, start, end, writes, outcome);
    } else if (value === undefined) recorder.remove(seq, start, end, key, outcome);
    else recorder.write(seq, start, end, key, value, outcome);
    if (write !== undefined && !isUnknown) this.#follow(client, write);
  }

  #value(isUnknown: boolean): string | undefined {
    this.#values += 1;
    // Two deletes of unknown outcome could not be told apart.
    return !isUnknown && this.#random.chance(this.#choices.shares.delete) ? undefined : `v${this.#values}`;
  }

  /** Sets or ends the expiry of what a key shows; refused, and so not recorded, where that is nothing. */
  #touch(client: Client, { tick, start, end }: Moment): void {
    const key = this.#key();
    const shown = this.#replicas.all[client.datacenter]!.visible.get(key);
    if (shown === undefined || isGone(shown, key, tick) || !this.#mayTouch(shown.write, key)) return;
    const isUnknown = this.#random.chance(this.#choices.shares.unknown) && !this.#unknownTouch.has(key);
    if (isUnknown) this.#unknownTouch.add(key);
    const expires = this.#random.chance(0.7);
    const expiry = expires ? tick + this.#random.below(40) : Number.POSITIVE_INFINITY;
    const happens = !isUnknown || this.#random.chance(0.5);
    const made = { parts: new Map([[key, undefined]]), expiry, base: shown.write, isUnknown };
    const touch = happens ? this.#issue(client, made, tick, nearest(shown)) : undefined;
    const flag = expires ? { expires } : {};
    const seq = client.recorder.begin();
    if (touch === undefined || isUnknown) {
      return client.recorder.touch(seq, start, end, key, { outcome: "unknown", ...flag });
    }
    const version = versionOf(shownBy(touch));
    client.recorder.touch(seq, start, end, key, { outcome: "ok", dot: dotOf(touch), version, ...flag });
    this.#follow(client, touch);
  }

  #mayTouch(base: ModelWrite, key: string): boolean {
    if (!base.isUnknown) return true;
    const isOnlyOne = base.parts.size === 1 && this.#unknown.get(key) === 1;
    if (isOnlyOne) this.#noMoreUnknown.add(key);
    return isOnlyOne;
  }

  /** The client has written this: it is nearer than all that it had seen. */
  #follow(client: Client, write: ModelWrite): void {
    client.context.clear();
    client.context.add(write);
    client.floor = write.time;
  }

  #issue(
    client: Client,
    made: Pick<ModelWrite, "parts" | "expiry" | "base" | "isUnknown">,
    tick: number,
    touched?: ModelWrite,
  ): ModelWrite {
    const origin = this.#replicas.all[client.datacenter]!;
    const [coordinator = ""] = made.parts.keys();
    const partition = Number(coordinator.slice(1)) % this.#choices.partitions;
    const log = `${origin.index}/${partition}`;
    const seq = (this.#seqs.get(log) ?? 0) + 1;
    this.#seqs.set(log, seq);
    const time = Math.max(origin.clock, client.floor) + 1;
    const dependencies = touched === undefined ? [...client.context] : [...client.context, touched];
    const write = { ...made, datacenter: origin.index, partition, seq, time, dependencies };
    this.#replicas.issue(origin, write, tick);
    return write;
  }

  /** Moves only where its context was applied (the store would let it wait), half of the time with another's token. */
  #attach(client: Client, { start, end }: Moment): void {
    const target = this.#replicas.all[this.#random.below(this.#replicas.all.length)]!;
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

  #recordFinal(replica: Replica, tick: number): void {
    const entries = [...replica.visible].map(([key, shown]) => ({ key, seen: seenOf(shown, key, tick) }));
    recordFinalState(this.#sink, replica.index, entries);
  }
}
