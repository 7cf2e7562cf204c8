/*
 * What a seed decides before anything runs: the shape of the cluster, how its network, disks and clocks behave, the
 * workload, and which faults strike how often. Swarm style: each seed turns a random subset of the faults on with random
 * weights, since faults that are always all on hide each other.
 */
import type { Random } from "../../shared/random.ts";

export interface NetworkPlan {
  readonly localDelayMs: number;
  readonly wideDelayMs: number;
  /** Share of the delay that is random. */
  readonly jitter: number;
  /** Each link has a mean of its own, up to this many times longer or shorter, and some have a long tail. */
  readonly unevenness: number;
  /** Chances per frame. Repetition and any order only between datacenters: inside one the link is a stream of bytes. */
  readonly loss: number;
  readonly localLoss: number;
  readonly repeat: number;
  readonly anyOrder: boolean;
  /** What a link between datacenters carries at most. */
  readonly bytesPerMs: number;
}

export interface DiskPlan {
  readonly syncMs: number;
  /** Chance that a sync takes `slowSyncMs`. */
  readonly slowSync: number;
  readonly slowSyncMs: number;
  readonly readMs: number;
  /** Chance that what was under way at a crash survives it. */
  readonly keepUnsynced: number;
  /** Chance that a write to the store fails. */
  readonly storeFailure: number;
}

export interface ClockPlan {
  readonly skewMsMax: number;
  readonly driftMax: number;
}

/** Mean times between faults over the whole cluster, in milliseconds; 0: this fault does not occur. */
export interface FaultPlan {
  readonly crashMs: number;
  readonly crashAllMs: number;
  /** All nodes of a datacenter at once, for long. */
  readonly crashDatacenterMs: number;
  readonly cutMs: number;
  readonly cutOneWayMs: number;
  readonly isolateMs: number;
  readonly flapMs: number;
  readonly pauseMs: number;
  readonly clockJumpMs: number;
  readonly clockJumpMsMax: number;
  readonly diskFullMs: number;
  /** A link becomes slow for a while. */
  readonly slowMs: number;
  /** A link holds everything back for a while, then delivers it. */
  readonly clogMs: number;
  readonly checkpointMs: number;
  /** Power is cut between two file operations of a node. */
  readonly powerCutMs: number;
  /** A sync fails: the node stops for good. */
  readonly syncErrorMs: number;
  /** A clock leaps ahead of what may be believed, and is set right after a while. */
  readonly clockAheadMs: number;
  /** All links and disks of a datacenter are slow for a while. */
  readonly slowDatacenterMs: number;
  /** A datacenter is down or cut off for very long. */
  readonly goneMs: number;
  /** A connection breaks in the middle of a frame. */
  readonly tearMs: number;
}

export interface WorkloadPlan {
  readonly actors: number;
  readonly keys: number;
  readonly hotKeys: number;
  readonly thinkMs: number;
  readonly burstMax: number;
  /** Weights of what an actor does next. */
  readonly read: number;
  readonly write: number;
  readonly remove: number;
  readonly conditional: number;
  readonly chain: number;
  readonly move: number;
  readonly adopt: number;
  readonly numbered: number;
  readonly scan: number;
  readonly hangUp: number;
  /** The photo album and the three friends of the paper. */
  readonly album: number;
  /** Reads for long without a write. */
  readonly browse: number;
  /** Deletes and writes anew, in one pipeline. */
  readonly rewrite: number;
  /** Every value is at least this long. */
  readonly valueBytes: number;
  /** Read and write transactions of several keys; permissions and an album that rests on them, by both. */
  readonly snapshot: number;
  readonly transaction: number;
  readonly permissions: number;
  /** Values that expire, and changes of when. */
  readonly expiring: number;
  readonly touch: number;
  /** Writes on the condition that a key shows what was seen last. */
  readonly compare: number;
}

export interface Plan {
  readonly nodesOf: readonly number[];
  readonly partitions: number;
  readonly cacheBytes: number;
  readonly network: NetworkPlan;
  readonly disk: DiskPlan;
  readonly clock: ClockPlan;
  readonly faults: FaultPlan;
  readonly workload: WorkloadPlan;
  readonly safetyMs: number;
}

export function planOf(random: Random, safetyMs: number): Plan {
  const datacenters = 2 + random.below(random.chance(0.2) ? 4 : 2);
  const isWide = random.fork("wide").chance(0.06);
  const faults = faultPlan(random.fork("faults"));
  const nodesMax = random.fork("nodes").chance(0.1) ? 5 : 3;
  const nodesOf = Array.from({ length: datacenters }, () => 1 + random.below(nodesMax));
  return {
    nodesOf,
    partitions: 1 + random.below(6),
    cacheBytes: random.pick([0, 2_000, 20_000, 100_000_000]),
    network: networkPlan(random.fork("network")),
    disk: diskPlan(random.fork("disk")),
    clock: clockPlan(random.fork("clock")),
    faults: isWide ? wideFaults(faults) : faults,
    workload: {
      ...workloadPlan(random.fork("workload"), isWide),
      ...transactionPlan(random.fork("transactions"), isWide),
    },
    safetyMs,
  };
}

function networkPlan(random: Random): NetworkPlan {
  return {
    localDelayMs: random.pick([0.1, 0.5, 2, 20]),
    wideDelayMs: random.pick([1, 20, 80, 300]),
    jitter: random.pick([0.1, 0.5, 1]),
    loss: random.chance(0.4) ? random.pick([0.001, 0.02, 0.2]) : 0,
    localLoss: random.chance(0.15) ? random.pick([0.001, 0.01]) : 0,
    repeat: random.chance(0.4) ? random.pick([0.01, 0.2]) : 0,
    anyOrder: random.chance(0.4),
    bytesPerMs: random.chance(0.15) ? random.pick([20, 100, 1_000]) : Number.POSITIVE_INFINITY,
    unevenness: random.pick([1, 1, 4]),
  };
}

function diskPlan(random: Random): DiskPlan {
  return {
    syncMs: random.pick([0.2, 1, 5, 20]),
    slowSync: random.chance(0.3) ? random.pick([0.01, 0.1]) : 0,
    slowSyncMs: random.pick([50, 500, 3_000]),
    readMs: random.pick([0.1, 1, 10]),
    keepUnsynced: random.pick([0, 0.5, 1]),
    storeFailure: random.chance(0.3) ? 0.2 : 0,
  };
}

function clockPlan(random: Random): ClockPlan {
  return {
    skewMsMax: random.pick([0, 0, 5, 500, 10_000, 45_000]),
    driftMax: random.pick([0, 0, 0.0001, 0.01]),
  };
}

function faultPlan(random: Random): FaultPlan {
  const every = (chance: number, choices: readonly number[]): number => {
    const choice = random.pick(choices);
    return random.chance(chance) ? choice : 0;
  };
  return {
    crashMs: every(0.5, [1_000, 4_000, 10_000]),
    crashAllMs: every(0.15, [5_000, 15_000]),
    cutMs: every(0.4, [1_000, 5_000]),
    cutOneWayMs: every(0.25, [2_000, 8_000]),
    isolateMs: every(0.25, [5_000, 15_000]),
    flapMs: every(0.3, [300, 2_000]),
    pauseMs: every(0.25, [2_000, 8_000]),
    clockJumpMs: every(0.3, [1_000, 6_000]),
    clockJumpMsMax: random.pick([100, 5_000, 40_000, 90_000]),
    diskFullMs: every(0.15, [4_000, 10_000]),
    checkpointMs: every(0.8, [300, 1_000, 5_000]),
    crashDatacenterMs: every(0.1, [5_000, 15_000]),
    slowMs: every(0.25, [1_000, 5_000]),
    clogMs: every(0.25, [1_000, 5_000]),
    powerCutMs: every(0.25, [500, 2_000, 6_000]),
    syncErrorMs: every(0.15, [2_000, 8_000]),
    clockAheadMs: every(0.1, [3_000, 10_000]),
    slowDatacenterMs: every(0.12, [3_000, 10_000]),
    goneMs: every(0.1, [3_000, 20_000]),
    tearMs: every(0.25, [200, 1_500]),
  };
}

/** Many keys, and readers of all of them while a datacenter is cut off: that makes contexts grow. */
function wideFaults(faults: FaultPlan): FaultPlan {
  const none = { crashMs: 0, crashAllMs: 0, crashDatacenterMs: 0, powerCutMs: 0, syncErrorMs: 0, goneMs: 0 };
  return { ...faults, ...none, isolateMs: 1_500 };
}

type TransactionPlan = Pick<
  WorkloadPlan,
  "snapshot" | "transaction" | "permissions" | "expiring" | "touch" | "compare"
>;

/** Each seed has some of it; those with many keys are about something else. */
function transactionPlan(random: Random, isWide: boolean): TransactionPlan {
  const weight = (chance: number): number => (random.chance(chance) && !isWide ? 1 + random.below(4) : 0);
  return {
    snapshot: weight(0.6),
    transaction: weight(0.6),
    permissions: weight(0.3),
    expiring: weight(0.3),
    touch: weight(0.2),
    compare: weight(0.2),
  };
}

function workloadPlan(random: Random, isWide: boolean): Omit<WorkloadPlan, keyof TransactionPlan> {
  const weight = (chance: number): number => (random.chance(chance) ? 1 + random.below(4) : 0);
  return {
    actors: 3 + random.below(8),
    keys: isWide ? 700 : 3 + random.below(20),
    hotKeys: 1 + random.below(3),
    thinkMs: random.pick([20, 60, 200]),
    burstMax: isWide ? 40 : random.pick([1, 4, 12]),
    read: 2 + random.below(4),
    write: 2 + random.below(4),
    remove: weight(0.5),
    conditional: weight(0.4),
    chain: weight(0.6),
    move: weight(0.6),
    adopt: weight(0.4),
    numbered: weight(0.4),
    scan: isWide ? 2 : 0,
    hangUp: weight(0.2),
    album: weight(0.4),
    browse: weight(0.2),
    rewrite: weight(0.3),
    valueBytes: !isWide && random.chance(0.04) ? 40_000 : 0,
  };
}
