/*
 * What a fault stands on: the cluster, its own randomness, a clock that ends with the run, and a place to say what it does.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ChaosCluster } from "../chaos-cluster.ts";
import type { ClusterNode } from "../../../cli/dev/cluster-file.ts";
import type { Random } from "../../../shared/random.ts";

const pollMs = 50;
/** A node waits 15 s at most before it is started again; and a second one may be killed meanwhile. */
const comesBackMsMax = 30_000;

export type RunningNode = ClusterNode & { readonly pid: number };

export class Ground {
  readonly cluster: ChaosCluster;
  readonly random: Random;
  readonly isOver: () => boolean;
  readonly print: (line: string) => void;

  constructor(cluster: ChaosCluster, random: Random, isOver: () => boolean, print: (line: string) => void) {
    this.cluster = cluster;
    this.random = random;
    this.isOver = isOver;
    this.print = print;
  }

  /** Ends early when the run does: what holds a fault up must not hold up the end. */
  async pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until && !this.isOver()) await sleep(Math.min(pollMs, ms));
  }

  between(from: number, to: number): number {
    return from + this.random.below(to - from + 1);
  }

  running(): RunningNode[] {
    return this.cluster.nodes().filter((node): node is RunningNode => node.pid !== null);
  }

  /** A node that runs, as soon as there is one; undefined when the run ends first. */
  async someNode(): Promise<RunningNode | undefined> {
    for (;;) {
      const nodes = this.running();
      if (nodes.length > 0) return this.random.pick(nodes);
      if (this.isOver()) return undefined;
      await sleep(pollMs);
    }
  }

  /** Its next process after `pid`; undefined when it does not come back in time, or the run ends. */
  async nextProcess(name: string, pid: number): Promise<RunningNode | undefined> {
    const until = performance.now() + comesBackMsMax;
    while (performance.now() < until && !this.isOver()) {
      const node = this.cluster.node(name);
      if (node.pid !== null && node.pid !== pid) return node as RunningNode;
      await sleep(pollMs);
    }
    return undefined;
  }

  signal(nodes: readonly RunningNode[], signal: NodeJS.Signals): void {
    this.print(`${signal} ${nodes.map(({ name }) => name).join(" ")}`);
    for (const { pid } of nodes) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  }

  /** Two different datacenters, by index. */
  twoDatacenters(): [number, number] {
    const count = this.cluster.datacenters().length;
    const a = this.random.below(count);
    return [a, (a + 1 + this.random.below(count - 1)) % count];
  }

  /** `count` different ones, or all there are. */
  several<T>(from: readonly T[], count: number): T[] {
    const left = [...from];
    const chosen: T[] = [];
    while (chosen.length < count && left.length > 0) chosen.push(...left.splice(this.random.below(left.length), 1));
    return chosen;
  }
}

export type Fault = (ground: Ground) => Promise<void>;
