/*
 * Strikes a running cluster with the faults of its plan, each at random moments, until it is healed. Then every node runs,
 * every link comes up, disks and clocks are well.
 */
import type { Random } from "../../shared/random.ts";
import type { Network } from "./network.ts";
import type { FaultPlan } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import type { Trace } from "./trace.ts";

export interface FaultTargets {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly nodes: readonly SimNode[];
  readonly trace: Trace;
  crash(node: SimNode): void;
}

export class Faults {
  private healed = false;
  private readonly random: Random;
  private readonly plan: FaultPlan;
  private readonly targets: FaultTargets;

  constructor(random: Random, plan: FaultPlan, targets: FaultTargets) {
    this.random = random;
    this.plan = plan;
    this.targets = targets;
  }

  begin(): void {
    const { plan } = this;
    this.every(plan.crashMs, () => this.crash(this.node()));
    this.every(plan.crashAllMs, () => this.crashAll());
    this.every(plan.cutMs, () => this.cutPair(true));
    this.every(plan.cutOneWayMs, () => this.cutPair(false));
    this.every(plan.isolateMs, () => this.isolate());
    this.every(plan.flapMs, () => this.flap());
    this.every(plan.pauseMs, () => this.node().pause(this.spread(4_000)));
    this.every(plan.clockJumpMs, () => this.jump());
    this.every(plan.diskFullMs, () => this.fill(this.node()));
    for (const node of this.targets.nodes) this.every(plan.checkpointMs, () => node.checkpoint());
  }

  heal(): void {
    this.healed = true;
    const { network, nodes, trace } = this.targets;
    trace.note("heal", 0, 0, () => "all faults end");
    network.heal();
    for (const node of nodes) {
      node.disk.heal();
      node.clock.heal();
      if (node.isRunning) node.setDiskFull(false);
      else node.start();
    }
  }

  private every(meanMs: number, strike: () => void): void {
    if (meanMs === 0) return;
    this.targets.scheduler.after(this.spread(2 * meanMs), () => {
      if (this.healed) return;
      strike();
      this.every(meanMs, strike);
    });
  }

  private crash(node: SimNode): void {
    if (!node.isRunning) return;
    this.targets.crash(node);
    this.targets.scheduler.after(this.spread(this.random.chance(0.5) ? 50 : 3_000), () => {
      if (!node.isRunning) node.start();
    });
  }

  private crashAll(): void {
    for (const node of this.targets.nodes) this.crash(node);
  }

  private cutPair(bothWays: boolean): void {
    const { a, b } = this.random.pick(this.targets.network.pairs());
    const [from, to] = this.random.chance(0.5) ? [a, b] : [b, a];
    this.cutFor(from, to, bothWays, this.spread(8_000));
  }

  private cutFor(a: number, b: number, bothWays: boolean, forMs: number): void {
    const { network, scheduler, trace } = this.targets;
    trace.note("cut", a, b, () => `${a} ${bothWays ? "-" : "->"} ${b} for ${Math.round(forMs)} ms`);
    network.cut(a, b);
    if (bothWays) network.cut(b, a);
    scheduler.after(forMs, () => {
      if (this.healed) return;
      network.restore(a, b);
      if (bothWays) network.restore(b, a);
    });
  }

  /** A whole datacenter is cut off. */
  private isolate(): void {
    const { datacenter } = this.node();
    const forMs = this.spread(15_000);
    for (const { a, b, wide } of this.targets.network.pairs()) {
      if (wide && (a >>> 8 === datacenter || b >>> 8 === datacenter)) this.cutFor(a, b, true, forMs);
    }
  }

  private flap(): void {
    const { a, b } = this.random.pick(this.targets.network.pairs());
    this.targets.network.reset(a, b);
  }

  private jump(): void {
    const byMs = (this.random.below(2_001) / 1_000 - 1) * this.plan.clockJumpMsMax;
    const node = this.node();
    this.targets.trace.note("jump", node.id, byMs, () => `clock of ${node.id} by ${Math.round(byMs)} ms`);
    node.clock.jump(byMs);
  }

  private fill(node: SimNode): void {
    if (!node.isRunning || node.disk.isFull) return;
    node.setDiskFull(true);
    this.targets.scheduler.after(this.spread(3_000), () => {
      node.disk.isFull = false;
      if (node.isRunning) node.setDiskFull(false);
    });
  }

  private node(): SimNode {
    return this.random.pick(this.targets.nodes);
  }

  private spread(msMax: number): number {
    return (this.random.below(65_536) / 65_536) * msMax;
  }
}
