/*
 * What goes wrong during a run: nodes are killed (-9), alone, several or all at once, or stopped for a while (SIGSTOP), and
 * links between datacenters are cut and healed. One fault at a time, drawn by the seed; each is told to `print` with its time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DevCluster } from "./dev-cluster.ts";
import type { Random } from "../../shared/random.ts";

export const faultKinds = ["kill", "kill-all", "stop", "cut"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Longer than any timeout between nodes. */
const stopMs = 7_000;
const cutMs = 4_000;
const pauseMsMax = 2_500;
const attemptsMax = 40;

export class FaultScript {
  readonly done = new Map<FaultKind, number>();
  private readonly cluster: DevCluster;
  private readonly random: Random;
  private readonly kinds: readonly FaultKind[];
  private readonly print: (line: string) => void;

  constructor(cluster: DevCluster, random: Random, kinds: readonly FaultKind[], print: (line: string) => void) {
    this.cluster = cluster;
    this.random = random;
    this.kinds = kinds;
    this.print = print;
  }

  async run(isOver: () => boolean): Promise<void> {
    // Each kind once first, so that a short run has them all.
    const first = [...this.kinds];
    while (!isOver()) {
      const kind = first.shift() ?? this.random.pick(this.kinds);
      await this.inflict(kind, isOver);
      this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
      await sleep(500 + this.random.below(pauseMsMax));
    }
    await this.insist(() => this.cluster.heal());
  }

  private async inflict(kind: FaultKind, isOver: () => boolean): Promise<void> {
    const pids = await this.running();
    if (kind === "kill") this.signal([this.random.pick(pids)], "SIGKILL");
    else if (kind === "kill-all") this.signal(pids, "SIGKILL");
    else if (kind === "stop") await this.stop(this.random.pick(pids), isOver);
    else await this.cut(isOver);
  }

  /** Until there are any: after a crash of all it takes a while. */
  private async running(): Promise<number[]> {
    for (;;) {
      const nodes = this.cluster.datacenters().flatMap((datacenter) => datacenter.nodes);
      const pids = nodes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
      if (pids.length > 0) return pids;
      await sleep(100);
    }
  }

  private signal(pids: readonly number[], signal: NodeJS.Signals): void {
    this.print(`${signal} ${pids.join(" ")}`);
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  }

  private async stop(pid: number, isOver: () => boolean): Promise<void> {
    this.signal([pid], "SIGSTOP");
    await this.pause(stopMs, isOver);
    this.signal([pid], "SIGCONT");
  }

  private async cut(isOver: () => boolean): Promise<void> {
    const names = this.cluster.datacenters().map(({ name }) => name);
    const a = this.random.pick(names);
    const b = this.random.pick(names.filter((name) => name !== a));
    this.print(`cut ${a} ${b}`);
    await this.insist(() => this.cluster.cut(a, b));
    await this.pause(cutMs, isOver);
    this.print("heal");
    await this.insist(() => this.cluster.heal());
  }

  /** A node that was just killed is not there to be told: until it is back. */
  private async insist(act: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await act();
        return;
      } catch (error) {
        if (attempt === attemptsMax) throw error;
        await sleep(500);
      }
    }
  }

  private async pause(ms: number, isOver: () => boolean): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until && !isOver()) await sleep(100);
  }
}
