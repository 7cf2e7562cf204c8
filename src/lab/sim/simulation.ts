/*
 * One seed: a whole cluster in one process, on virtual time.
 *
 *   safety     faults strike while clients work; every check runs at every step
 *   liveness   all faults end; everything under way must complete, nothing may be left over
 *   verdict    all datacenters hold the same state, and the recorded history is causal+ (src/history/check)
 */
import type { NodeCore } from "../../core/node-core.ts";
import { nodeIdOf, Placement } from "../../core/placement.ts";
import { Random } from "../../shared/random.ts";
import type { Bytes } from "../../shared/bytes.ts";
import { shipWindowBytes } from "../../shared/limits.ts";
import type { HistoryLine } from "../../history/format.ts";
import { historyHeader } from "../../history/recorder.ts";
import { Choice } from "./choice.ts";
import { Client } from "./client.ts";
import type { SimToken } from "./client-connection.ts";
import { Disk } from "./disk.ts";
import { restrictFaults } from "./fault-kinds.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { Faults } from "./faults.ts";
import { checkSettled, isSettled } from "./settled.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { Network } from "./network.ts";
import { NodeChecks } from "./node-checks.ts";
import type { NodeObserver } from "./node-observer.ts";
import { planOf } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { Pushes } from "./pushes.ts";
import { Reached } from "./reached.ts";
import { Scheduler } from "./scheduler.ts";
import { SimNode } from "./sim-node.ts";
import { Trace } from "./trace.ts";
import { countCrash, countSituations } from "./transaction-situations.ts";
import { judgeHistory } from "./verdict.ts";
import { Violation } from "./violation.ts";
import { WallClock } from "./wall-clock.ts";
import { World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly safetyMs?: number;
  readonly mutant?: Mutant;
  /** Only these kinds of faults; all of the seed's where it is not there. */
  readonly faults?: readonly FaultKind[];
  /** Only these clients, by number; the others are as they would have been. */
  readonly clients?: readonly number[];
  /** Only these operations of clients and these faults, by name (name-list.ts). */
  readonly operations?: readonly string[];
  readonly strikes?: readonly string[];
  readonly print?: (line: string) => void;
}

const safetyMsDefault = 20_000;
/** So long may pass without a write being applied anywhere while something is left over. */
const livenessMsMax = 400_000;
/** For each second of virtual time with faults. */
const eventsPerSecondMax = 1_000_000;
/** Clients go on for a while after all faults have ended. */
const afterwardsMs = 1_000;
const settledCheckMs = 250;
const checkpointMs = 2_000;

export class Simulation implements NodeObserver {
  readonly plan: Plan;
  readonly placement: Placement;
  readonly scheduler: Scheduler = new Scheduler();
  readonly trace: Trace;
  readonly network: Network;
  readonly nodes: SimNode[] = [];
  readonly world: World;
  readonly clients: Client[] = [];
  readonly history: HistoryLine[] = [];
  readonly reached: Reached = new Reached();
  readonly operations: Choice;
  readonly strikes: Choice;
  readonly checks: Map<SimNode, NodeChecks> = new Map();
  private readonly faults: Faults;
  private readonly pushes: Pushes | undefined;
  private readonly mutant: Mutant | undefined;
  private readonly tokens: SimToken[] = [];
  private threads = 0;

  constructor(options: SimulationOptions) {
    const random = new Random(options.seed);
    this.operations = new Choice(options.operations);
    this.strikes = new Choice(options.strikes);
    this.mutant = options.mutant;
    const drawn = planOf(random.fork("plan"), options.safetyMs ?? safetyMsDefault);
    const plan = this.mutant?.stress?.(drawn) ?? drawn;
    this.plan = options.faults === undefined ? plan : restrictFaults(plan, options.faults);
    this.placement = new Placement(this.plan.nodesOf, this.plan.partitions);
    this.world = new World(this.plan.nodesOf.length);
    this.trace = new Trace(() => this.scheduler.nowMs, options.print);
    const { scheduler, placement, trace } = this;
    this.network = new Network(placement, scheduler, random.fork("network"), this.plan.network, trace);
    const isPushed = options.faults?.includes("rare") ?? true;
    if (isPushed) this.pushes = new Pushes(random.fork("pushes"), (situation) => this.reached.count(situation));
    this.makeNodes(random);
    const datacenters = this.plan.nodesOf.map((_, index) => `dc${index}`);
    this.history.push(historyHeader({ cluster: "simulated", datacenters, clock: "one", collectsTombstones: true }));
    this.makeClients(random.fork("workload"), options.clients);
    this.faults = new Faults(random.fork("faults"), this.plan.faults, {
      scheduler,
      network: this.network,
      nodes: this.nodes,
      trace,
      crash: (node) => this.crash(node),
      isChosen: (strike) => this.strikes.takes(strike),
      struck: (name) => this.reached.count(`fault: ${name}`),
    });
  }

  private makeNodes(random: Random): void {
    const { scheduler, network, placement, trace } = this;
    const clocks = random.fork("clocks");
    const disks = random.fork("disk");
    const { cacheBytes, clock, disk } = this.plan;
    this.plan.nodesOf.forEach((count, datacenter) => {
      for (let n = 0; n < count; n++) {
        const id = nodeIdOf(datacenter, n);
        const own = disks.fork(`node ${id}`);
        const skewMs = (clocks.below(2_001) / 1_000 - 1) * clock.skewMsMax;
        const drift = (clocks.below(2_001) / 1_000 - 1) * clock.driftMax;
        const parts = {
          scheduler,
          network,
          placement,
          trace,
          random: own.fork("checkpoints"),
          cacheBytes,
          observer: this,
        };
        const node = new SimNode(id, new Disk(scheduler, own, disk), new WallClock(skewMs, drift), parts);
        this.nodes.push(node);
        this.checks.set(node, new NodeChecks(node, this.world));
      }
    });
  }

  private makeClients(random: Random, chosen: readonly number[] | undefined): void {
    const { workload, nodesOf } = this.plan;
    const { scheduler, world, nodes, tokens, reached, trace } = this;
    for (let i = 0; i < workload.actors; i++) {
      const parts = {
        scheduler,
        world,
        nodes,
        tokens,
        plan: workload,
        history: { write: (line: HistoryLine) => void this.history.push(line) },
        random: random.fork(`client ${i}`),
        reached: reached.situations,
        trace,
        isChosen: (operation: string) => this.operations.takes(`${i}.${operation}`),
        nextThreadName: () => `s${++this.threads}`,
      };
      const client = new Client(`client-${i}`, random.below(nodesOf.length), parts);
      if (chosen === undefined || chosen.includes(i)) this.clients.push(client);
    }
  }

  /** Throws Violation, InvariantError or whatever else the cluster breaks with. */
  run(): void {
    for (const node of this.nodes) node.start();
    for (const client of this.clients) client.live();
    this.faults.begin();
    this.runUntil(this.plan.safetyMs);
    this.faults.heal();
    this.pushes?.end();
    this.runUntil(this.scheduler.nowMs + afterwardsMs);
    for (const client of this.clients) client.stop();
    this.settle();
    checkSettled(this);
    judgeHistory(this);
    for (const node of this.nodes) if (node.core !== undefined) this.reached.add(node, node.core);
    this.reached.addNetwork(this.network);
  }

  /**
   * However much has queued up, it must go on; how long that takes is another matter: a chain of writes that goes back and
   * forth between two nodes costs a message and a sync for each.
   */
  private settle(): void {
    // What a clock said when it was furthest ahead is waited for, however right it is now.
    const aheadMs = Math.max(...this.nodes.map(({ clock }) => clock.aheadMsMax));
    const patienceMs = livenessMsMax + aheadMs;
    let untilMs = this.scheduler.nowMs + patienceMs;
    let nextCheckpointMs = 0;
    for (let applied = this.applied; !isSettled(this);) {
      if (this.scheduler.nowMs >= untilMs) checkSettled(this);
      this.runUntil(this.scheduler.nowMs + settledCheckMs);
      if (this.scheduler.nowMs >= nextCheckpointMs) {
        // What was collected leaves the store with a checkpoint.
        for (const node of this.nodes) node.checkpoint();
        nextCheckpointMs = this.scheduler.nowMs + checkpointMs;
      }
      if (this.applied === applied) continue;
      applied = this.applied;
      untilMs = this.scheduler.nowMs + patienceMs;
    }
  }

  private get applied(): number {
    return this.world.datacenters.reduce((sum, { applied }) => sum + applied.size, 0);
  }

  private runUntil(untilMs: number): void {
    const eventsMax = eventsPerSecondMax * (20 + this.plan.safetyMs / 1_000);
    while (this.scheduler.step(untilMs)) {
      if (this.scheduler.events > eventsMax) throw new Violation(12, `more than ${eventsMax} events`);
    }
  }

  private crash(node: SimNode): void {
    node.crash();
    for (const client of this.clients) client.nodeCrashed(node);
  }

  created(node: SimNode, core: NodeCore): void {
    const checks = this.checks.get(node);
    checks?.hook(core);
    const flush = core.flush.bind(core);
    core.flush = () => {
      flush();
      checks?.checkBounds(core);
    };
    const admit = core.gate.admit.bind(core.gate);
    core.gate.admit = (partition, write) => {
      if (write.dependencies.prefixes.length > 0) this.reached.count("writes received that depend on prefixes");
      return admit(partition, write);
    };
    for (const shipper of core.shippers.values()) {
      const pump = shipper.pump.bind(shipper);
      shipper.pump = (end) => {
        pump(end);
        if (shipper.inFlightBytes >= shipWindowBytes) this.reached.count("shipping windows full");
      };
    }
    countSituations(core, (situation) => this.reached.count(situation));
    this.pushes?.onto(core, `${node.id} ${node.incarnation}`);
    this.mutant?.created?.(core, this);
  }

  replayed(node: SimNode, core: NodeCore, frame: Bytes): void {
    this.checks.get(node)?.replayed(core, frame);
  }

  recovered(node: SimNode, core: NodeCore): void {
    this.mutant?.recovered?.(core, this);
    this.checks.get(node)?.recovered(core);
  }

  frameDurable(node: SimNode, frame: Bytes): void {
    this.checks.get(node)?.frameDurable(frame);
  }

  crashed(node: SimNode, core: NodeCore): void {
    this.checks.get(node)?.crashed();
    this.reached.add(node, core);
    countCrash(core, (situation) => this.reached.count(situation));
    if (core.gate.waitingCount > 0) this.reached.count("crashes while writes wait");
    if (core.state.proposals.isFrameUnderWay) this.reached.count("crashes with a frame under way");
    if (node.isCheckpointing) this.reached.count("crashes during a checkpoint");
    if (node.disk.isBusyTwice) this.reached.count("crashes with several disk operations under way");
  }
}
