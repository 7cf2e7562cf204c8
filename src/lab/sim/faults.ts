/*
 * Strikes a running cluster with the faults of its plan, each at random moments, until it is healed. Then every node runs,
 * every link comes up, disks and clocks are well.
 *
 * Each fault has a random stream of its own, and so has each time that it strikes; it draws all that it needs before it looks at
 * the cluster. So what strikes when does not depend on what else does.
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
  /** Whether this one of the faults that would strike does: a run may leave some out. */
  isChosen(strike: string): boolean;
  /** A fault of this name strikes. */
  struck(name: string): void;
}

type Strike = (random: Random) => void;

const slowFactor = 10;
/** Between two strokes of power there may be that many file operations. */
const powerCutOperationsMax = 24;
const goneMsMin = 15_000;
/** Beyond `maxSkewMs`, so nobody may believe it. */
const clockAheadMsMin = 70_000;

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
    const strikes: readonly [name: string, meanMs: number, strike: Strike][] = [
      ["crash", plan.crashMs, (random) => this.crash(this.node(random), random)],
      ["crash all", plan.crashAllMs, (random) => this.crashAll(random)],
      ["crash datacenter", plan.crashDatacenterMs, (random) => this.crashDatacenter(random)],
      ["cut", plan.cutMs, (random) => this.cutPair(true, random)],
      ["cut one way", plan.cutOneWayMs, (random) => this.cutPair(false, random)],
      ["isolate", plan.isolateMs, (random) => this.isolate(random)],
      ["flap", plan.flapMs, (random) => this.flap(random)],
      ["slow", plan.slowMs, (random) => this.slow(random)],
      ["clog", plan.clogMs, (random) => this.clog(random)],
      ["pause", plan.pauseMs, (random) => this.node(random).pause(spread(random, 4_000))],
      ["clock jump", plan.clockJumpMs, (random) => this.jump(random)],
      ["disk full", plan.diskFullMs, (random) => this.fill(this.node(random), random)],
      ["power cut", plan.powerCutMs, (random) => this.cutPower(this.node(random), random)],
      ["sync error", plan.syncErrorMs, (random) => this.failSync(this.node(random), random)],
      ["clock ahead", plan.clockAheadMs, (random) => this.leapAhead(this.node(random), random)],
      ["slow datacenter", plan.slowDatacenterMs, (random) => this.slowDatacenter(random)],
      ["gone", plan.goneMs, (random) => this.gone(random)],
      ["tear", plan.tearMs, (random) => this.tear(random)],
    ];
    for (const [name, meanMs, strike] of strikes) this.every(meanMs, name, this.random.fork(name), strike);
    for (const node of this.targets.nodes) {
      this.every(plan.checkpointMs, "", this.random.fork(`checkpoint ${node.id}`), () => node.checkpoint());
    }
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

  private every(meanMs: number, name: string, random: Random, strike: Strike, number: number = 1): void {
    if (meanMs === 0) return;
    const { scheduler } = this.targets;
    scheduler.after(spread(random, 2 * meanMs), () => {
      if (this.healed) return;
      if (name === "" || this.targets.isChosen(`${name.replaceAll(" ", "-")}.${number}`)) {
        if (name !== "") this.targets.struck(name);
        strike(random.fork(`${number}`));
      }
      this.every(meanMs, name, random, strike, number + 1);
    });
  }

  private crash(node: SimNode, random: Random, forMsMax: number = 3_000): void {
    this.crashFor(node, spread(random, random.chance(0.5) ? 50 : forMsMax));
  }

  private crashFor(node: SimNode, forMs: number): void {
    if (!node.isRunning) return;
    this.targets.crash(node);
    this.targets.scheduler.after(forMs, () => {
      if (!node.isRunning) node.start();
    });
  }

  private crashAll(random: Random): void {
    for (const node of this.targets.nodes) this.crash(node, random);
  }

  private crashDatacenter(random: Random): void {
    const { datacenter } = this.node(random);
    for (const node of this.targets.nodes) if (node.datacenter === datacenter) this.crash(node, random, 10_000);
  }

  /** Not between two events, as a crash, but between two of the file operations that are to come. */
  private cutPower(node: SimNode, random: Random): void {
    const operations = 1 + random.below(powerCutOperationsMax);
    const forMs = spread(random, 1_000);
    if (!node.isRunning) return;
    node.disk.cutPowerAfter(operations, () => {
      this.targets.trace.note("power", node.id, operations, () => `${node.id}, between two file operations`);
      this.targets.struck("power cut between two file operations");
      this.crashFor(node, forMs);
    });
  }

  /** The node hears of it when it runs, stops, and is started again. */
  private failSync(node: SimNode, random: Random): void {
    const forMs = spread(random, 2_000);
    if (!node.isRunning) return;
    node.disk.failSync(() => {
      this.targets.trace.note("sync error", node.id, forMs, () => `${node.id} stops for good`);
      this.targets.struck("stopped by a sync error");
      node.turn(() => this.crashFor(node, forMs));
    });
  }

  private leapAhead(node: SimNode, random: Random): void {
    const byMs = clockAheadMsMin + spread(random, 200_000);
    const forMs = spread(random, 12_000);
    this.targets.trace.note("jump", node.id, byMs, () => `clock of ${node.id} by ${Math.round(byMs)} ms, far ahead`);
    node.clock.jump(byMs);
    this.targets.scheduler.after(forMs, () => {
      if (!this.healed) node.clock.jump(-byMs);
    });
  }

  private slowDatacenter(random: Random): void {
    const { datacenter } = this.node(random);
    const forMs = spread(random, 8_000);
    const { network, nodes, trace } = this.targets;
    trace.note("slow", datacenter, forMs, () => `datacenter ${datacenter} for ${Math.round(forMs)} ms`);
    for (const { a, b } of this.linksOf(datacenter)) network.slow(a, b, slowFactor, forMs);
    for (const node of nodes) if (node.datacenter === datacenter) node.disk.slow(forMs);
  }

  /** Down, or cut off from all others, for so long that everything queues up for it. */
  private gone(random: Random): void {
    const { datacenter } = this.node(random);
    const isDown = random.chance(0.5);
    const forMs = goneMsMin + spread(random, 60_000);
    this.targets.trace.note("gone", datacenter, forMs, () => `datacenter ${datacenter} for ${Math.round(forMs)} ms`);
    if (isDown) for (const node of this.targets.nodes) if (node.datacenter === datacenter) this.crashFor(node, forMs);
    if (!isDown) for (const { a, b, wide } of this.linksOf(datacenter)) if (wide) this.cutFor(a, b, true, forMs);
  }

  private tear(random: Random): void {
    const { a, b } = this.pair(random);
    const [from, to] = random.chance(0.5) ? [a, b] : [b, a];
    this.targets.network.tear(from, to, random.below(65_536) / 65_536);
  }

  private linksOf(datacenter: number): readonly { readonly a: number; readonly b: number; readonly wide: boolean }[] {
    return this.targets.network.pairs().filter(({ a, b }) => a >>> 8 === datacenter || b >>> 8 === datacenter);
  }

  private cutPair(bothWays: boolean, random: Random): void {
    const { a, b } = this.pair(random);
    const [from, to] = random.chance(0.5) ? [a, b] : [b, a];
    this.cutFor(from, to, bothWays, spread(random, 8_000));
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
  private isolate(random: Random): void {
    const { datacenter } = this.node(random);
    const forMs = spread(random, 15_000);
    for (const { a, b, wide } of this.linksOf(datacenter)) if (wide) this.cutFor(a, b, true, forMs);
  }

  private flap(random: Random): void {
    const { a, b } = this.pair(random);
    this.targets.network.reset(a, b);
  }

  private slow(random: Random): void {
    const { a, b } = this.pair(random);
    const forMs = spread(random, 6_000);
    this.targets.trace.note("slow", a, b, () => `${a} - ${b} for ${Math.round(forMs)} ms`);
    this.targets.network.slow(a, b, slowFactor, forMs);
  }

  private clog(random: Random): void {
    const { a, b } = this.pair(random);
    const forMs = spread(random, 3_000);
    this.targets.trace.note("clog", a, b, () => `${a} - ${b} for ${Math.round(forMs)} ms`);
    this.targets.network.clog(a, b, forMs);
  }

  private jump(random: Random): void {
    const byMs = (random.below(2_001) / 1_000 - 1) * this.plan.clockJumpMsMax;
    const node = this.node(random);
    this.targets.trace.note("jump", node.id, byMs, () => `clock of ${node.id} by ${Math.round(byMs)} ms`);
    node.clock.jump(byMs);
  }

  private fill(node: SimNode, random: Random): void {
    const forMs = spread(random, 3_000);
    if (!node.isRunning || node.disk.isFull) return;
    this.targets.trace.note("full", node.id, forMs, () => `disk of ${node.id} for ${Math.round(forMs)} ms`);
    node.setDiskFull(true);
    this.targets.scheduler.after(forMs, () => {
      node.disk.isFull = false;
      if (node.isRunning) node.setDiskFull(false);
    });
  }

  private node(random: Random): SimNode {
    return random.pick(this.targets.nodes);
  }

  private pair(random: Random): { readonly a: number; readonly b: number } {
    const pairs = this.targets.network.pairs();
    return random.pick(pairs);
  }
}

function spread(random: Random, msMax: number): number {
  return (random.below(65_536) / 65_536) * msMax;
}
