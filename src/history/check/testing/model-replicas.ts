/*
 * The datacenters of the model (causal-model.ts): each one map, and what is under way between them.
 *
 * A write takes effect at once where it is made and arrives elsewhere after a random delay, where it waits until the
 * dependencies that it carries were applied. A transaction arrives as one. What is gone everywhere, with nothing under way
 * to its key, is collected, in one datacenter sooner than in another.
 */
import type { Random } from "../../../shared/random.ts";
import { isGone, isNewer, shownBy } from "./model-write.ts";
import type { ModelWrite, Shown } from "./model-write.ts";

/**
 * `exact`: right. `or-later` asks whether the key is at the dependency's version or later, which is the published and
 * unsound rule (design, 3.3). `none` shows everything as it arrives. `torn` lets the parts of a transaction arrive one by
 * one. `resurrects` collects in each datacenter without looking at the others.
 */
export type ModelRule = "exact" | "or-later" | "none" | "torn" | "resurrects";

export interface Replica {
  readonly index: number;
  readonly visible: Map<string, Shown>;
  readonly applied: Set<ModelWrite>;
  readonly waiting: Map<ModelWrite, Arrival[]>;
  clock: number;
}

interface Arrival {
  readonly replica: Replica;
  readonly write: ModelWrite;
  readonly keys: readonly string[];
}

export class ModelReplicas {
  readonly all: readonly Replica[];
  readonly #random: Random;
  readonly #rule: ModelRule;
  readonly #delayTicksMax: number;
  /** By tick, modulo the longest delay. */
  readonly #arrivals: Arrival[][];
  /** By key: how many applications of writes to it are still to come. */
  readonly #underWay = new Map<string, number>();

  constructor(random: Random, datacenters: number, delayTicksMax: number, rule: ModelRule) {
    this.all = Array.from({ length: datacenters }, (_, index) => newReplica(index));
    this.#random = random;
    this.#rule = rule;
    this.#delayTicksMax = delayTicksMax;
    this.#arrivals = Array.from({ length: delayTicksMax + 1 }, () => []);
  }

  /** Applied at once in `origin`, and sent to all others. */
  issue(origin: Replica, write: ModelWrite, tick: number): void {
    const keys = [...write.parts.keys()];
    const parcels = this.#rule === "torn" ? keys.map((key) => [key]) : [keys];
    this.#apply({ replica: origin, write, keys });
    for (const replica of this.all) {
      if (replica === origin) continue;
      for (const parcel of parcels) this.#send({ replica, write, keys: parcel }, tick);
    }
  }

  #send(arrival: Arrival, tick: number): void {
    for (const key of arrival.keys) this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1);
    const at = tick + 1 + this.#random.below(this.#delayTicksMax);
    this.#arrivals[at % this.#arrivals.length]!.push(arrival);
  }

  deliver(tick: number): void {
    const slot = tick % this.#arrivals.length;
    const due = this.#arrivals[slot]!;
    this.#arrivals[slot] = [];
    for (const arrival of due) {
      this.#admit(arrival);
    }
  }

  /** What `key` shows may go here and there, if nothing can need it any more. */
  collect(key: string, tick: number): void {
    const shown = this.all.map((replica) => replica.visible.get(key));
    const [any] = shown.filter((one) => one !== undefined);
    if (any === undefined || !isGone(any, key, tick)) return;
    const isSettled =
      (this.#underWay.get(key) ?? 0) === 0 && shown.every((one) => one === undefined || isSame(one, any));
    if (!isSettled && this.#rule !== "resurrects") return;
    for (const replica of this.all) if (this.#random.chance(0.5)) replica.visible.delete(key);
  }

  #admit(arrival: Arrival): void {
    const { replica, write } = arrival;
    const missing = write.dependencies.find((dependency) => !this.#holds(replica, dependency));
    if (missing === undefined) {
      for (const key of arrival.keys) this.#underWay.set(key, (this.#underWay.get(key) ?? 0) - 1);
      return this.#apply(arrival);
    }
    const waiters = replica.waiting.get(missing);
    if (waiters === undefined) replica.waiting.set(missing, [arrival]);
    else waiters.push(arrival);
  }

  #holds(replica: Replica, dependency: ModelWrite): boolean {
    if (this.#rule === "none" || replica.applied.has(dependency)) return true;
    const [key] = dependency.parts.keys();
    const shown = key === undefined ? undefined : replica.visible.get(key);
    return this.#rule === "or-later" && shown !== undefined && isNewer(shown, shownBy(dependency));
  }

  #apply({ replica, write, keys }: Arrival): void {
    replica.applied.add(write);
    replica.clock = Math.max(replica.clock, write.time);
    const left = shownBy(write);
    for (const key of keys) {
      const shown = replica.visible.get(key);
      if (shown === undefined || isNewer(left, shown)) replica.visible.set(key, left);
    }
    const waiters = replica.waiting.get(write) ?? [];
    replica.waiting.delete(write);
    for (const waiter of waiters) this.#admit(waiter);
  }
}

function isSame(left: Shown, right: Shown): boolean {
  return left.write === right.write && left.touch === right.touch;
}

function newReplica(index: number): Replica {
  return { index, visible: new Map(), applied: new Set(), waiting: new Map(), clock: 0 };
}
