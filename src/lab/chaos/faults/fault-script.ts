/*
 * What goes wrong during a run, drawn by the seed: each kind once first, so that a short run has them all, then any. Two lanes,
 * so that faults meet: a node is killed while a link is cut, the power goes while a disk is full. Each is told with its time.
 *
 * At the end everything is healed: links whole, disks with room, clocks right, nothing stands still.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Ground } from "./ground.ts";
import type { Fault } from "./ground.ts";
import { cut, slow } from "./links.ts";
import { clock, disk } from "./machines.ts";
import { catchUp, kill, killAll, killMany, power, stop } from "./processes.ts";
import type { ChaosCluster } from "../chaos-cluster.ts";
import type { FaultKind } from "../fault-kinds.ts";
import type { Random } from "../../../shared/random.ts";

const lanes = 2;
/** There has to be something that can be lost. */
const quietMs = 2_000;
const pauseMsMin = 500;
const pauseMsMax = 3_000;

const faults: Readonly<Record<FaultKind, Fault>> = {
  kill,
  "kill-many": killMany,
  "kill-all": killAll,
  stop,
  cut,
  slow,
  disk,
  clock,
  "catch-up": catchUp,
  power,
};

export class FaultScript {
  readonly done = new Map<FaultKind, number>();
  private readonly cluster: ChaosCluster;
  private readonly random: Random;
  private readonly kinds: readonly FaultKind[];
  private readonly print: (line: string) => void;
  private readonly first: FaultKind[];

  constructor(cluster: ChaosCluster, random: Random, kinds: readonly FaultKind[], print: (line: string) => void) {
    this.cluster = cluster;
    this.random = random;
    this.kinds = kinds;
    this.print = print;
    this.first = [...kinds];
  }

  async run(isOver: () => boolean): Promise<void> {
    if (this.kinds.length === 0) return;
    await Promise.all(Array.from({ length: lanes }, (_, lane) => this.runLane(lane, isOver)));
    await this.healAll();
  }

  private async runLane(lane: number, isOver: () => boolean): Promise<void> {
    const ground = new Ground(this.cluster, this.random.fork(`lane ${lane}`), isOver, this.print);
    await ground.pause(quietMs);
    while (!isOver()) {
      const kind = this.first.shift() ?? ground.random.pick(this.kinds);
      await faults[kind](ground);
      this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
      await ground.pause(ground.between(pauseMsMin, pauseMsMax));
    }
  }

  private async healAll(): Promise<void> {
    this.print("heal everything");
    for (const small of this.cluster.disks.values()) small.free();
    for (const name of this.cluster.names) this.cluster.clocks?.set(name, 0);
    await this.cluster.healLinks();
    // A clock file is looked at once a second.
    await sleep(this.cluster.clocks === undefined ? 0 : 1_000);
  }
}
