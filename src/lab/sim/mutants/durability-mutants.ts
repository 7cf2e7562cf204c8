/*
 * Mutants of what a crash may take back, and of recovery (docs/PROTOCOL.md; of the models: Dedupe, Reserve).
 */
import { AppliedSet } from "../../../core/applied-set.ts";
import type { NodeCore } from "../../../core/node-core.ts";
import { encodeMeta, metaKey } from "../../../core/node-meta.ts";
import { allocBytes } from "../../../shared/bytes.ts";
import { Disk } from "../disk.ts";
import type { Plan } from "../plan.ts";
import { SimNode } from "../sim-node.ts";
import type { Simulation } from "../simulation.ts";
import type { Mutant } from "./mutant.ts";

function nodeOf({ nodes }: Simulation, core: NodeCore): SimNode {
  return nodes.find(({ id }) => id === core.state.self) as SimNode;
}

function crashesOften(plan: Plan): Plan {
  return { ...plan, faults: { ...plan.faults, crashMs: 700, checkpointMs: 1_000 } };
}

const applyBeforeDurable: Mutant = {
  rule: "nothing is applied before it is durable",
  seeds: 20,
  invariants: [6],
  created(core) {
    const { proposals } = core.state;
    const propose = proposals.propose.bind(proposals);
    proposals.propose = (proposal) => {
      propose({ lsn: 0, commit: () => undefined });
      proposal.lsn = proposals.lastLsn;
      proposal.commit();
    };
  },
};

const answerBeforeDurable: Mutant = {
  rule: "a write is answered once it is durable",
  seeds: 20,
  invariants: [6],
  created({ head }) {
    const put = head.put.bind(head);
    head.put = (partition, record, write, dependencies, floor, sink, tag) => {
      const nothing = (): undefined => undefined;
      const unheard = { readDone: nothing, writeDone: nothing, reached: nothing, failed: sink.failed.bind(sink) };
      const version = put(partition, record, write, dependencies, floor, unheard, tag);
      if (version !== undefined) sink.writeDone(tag, version, undefined);
      return version;
    };
  },
};

const syncDropped: Mutant = {
  rule: "durable means that a crash does not take it back",
  seeds: 20,
  invariants: [6],
  stress: crashesOften,
  created(core, simulation) {
    const { disk } = nodeOf(simulation, core);
    const crash = Disk.prototype.crash.bind(disk);
    disk.crash = () => {
      crash();
      disk.loseLast();
    };
  },
};

const failedSyncIgnored: Mutant = {
  rule: "a failed sync stops the node for good",
  seeds: 20,
  invariants: [6],
  stress: (plan) => ({ ...plan, faults: { ...plan.faults, syncErrorMs: 700, crashMs: 1_000 } }),
  created(core, simulation) {
    const { disk } = nodeOf(simulation, core);
    let safeEnd: number | undefined;
    disk["syncFailed"] = (frame, done) => {
      disk["stop"] = undefined;
      safeEnd ??= frame.position;
      disk["appending"] = undefined;
      disk["take"](frame);
      done(frame);
    };
    const crash = Disk.prototype.crash.bind(disk);
    disk.crash = () => {
      crash();
      // The page that was not written leaves a torn frame, and a torn frame ends the log.
      while (safeEnd !== undefined && disk.end > safeEnd && disk.end > disk.start) disk.loseLast();
    };
  },
};

/** Where the log ends, by disk, with a frame that was under way at the last crash and survived it. */
const survivors = new WeakMap<Disk, number>();

const serveUnsynced: Mutant = {
  rule: "what recovery found is synced before it is served",
  seeds: 40,
  invariants: [6],
  stress: (plan) => ({
    ...crashesOften(plan),
    disk: { ...plan.disk, syncMs: 20, slowSync: 0.5, slowSyncMs: 3_000, keepUnsynced: 1 },
  }),
  created(core, simulation) {
    const { disk } = nodeOf(simulation, core);
    const crash = Disk.prototype.crash.bind(disk);
    const end = disk.end;
    const isUnsynced = survivors.get(disk) === end;
    disk.crash = () => {
      const before = disk.end;
      crash();
      if (isUnsynced && before === end) while (disk.end >= end && disk.end > disk.start) disk.loseLast();
      else if (disk.end > before) survivors.set(disk, disk.end);
    };
  },
};

const forgetApplied: Mutant = {
  rule: "what was applied is known after a restart",
  seeds: 20,
  invariants: [6],
  recovered(core) {
    for (const partition of core.state.partitions.values()) {
      partition.applied.forEach((_, datacenter) => {
        if (datacenter === core.state.datacenter) return;
        partition.applied[datacenter] = new AppliedSet();
        partition.proposed[datacenter] = new AppliedSet();
      });
    }
  },
};

const dotsTwice: Mutant = {
  rule: "sequence numbers resume above any that may have been given",
  seeds: 20,
  invariants: [2],
  recovered(core) {
    for (const partition of core.state.partitions.values()) partition.seq = 0;
  },
};

const holeNotDeclared: Mutant = {
  rule: "sequence numbers that a restart skips are declared a hole",
  seeds: 20,
  invariants: [2, 12],
  created({ head, state }) {
    const hole = head.hole.bind(head);
    head.hole = (partition, gap) => {
      if (gap.datacenter !== state.datacenter) hole(partition, gap);
    };
  },
};

const indexBeginsAnew: Mutant = {
  rule: "a partition's log is numbered on after a restart",
  seeds: 20,
  invariants: [7],
  recovered(core) {
    for (const partition of core.state.partitions.values()) partition.index = 0;
  },
};

const checkpointAhead: Mutant = {
  rule: "a checkpoint covers the log up to where it began, not to where it ended",
  seeds: 60,
  invariants: [6],
  stress: crashesOften,
  created(core) {
    const beginCheckpoint = core.beginCheckpoint.bind(core);
    core.beginCheckpoint = () => {
      const checkpoint = beginCheckpoint();
      const take = checkpoint.take.bind(checkpoint);
      checkpoint.take = () => {
        const { puts, deletes, last } = take();
        if (!last) return { puts, deletes, last };
        return { puts: [...puts.slice(0, -1), [metaKey, encodeMeta(core, core.logEnd)]], deletes, last };
      };
      return checkpoint;
    };
  },
};

const evictedIsAbsent: Mutant = {
  rule: "a key that is not in memory is looked for in the store",
  seeds: 40,
  invariants: [1, 5, 6, 8],
  stress: (plan) => ({ ...plan, cacheBytes: 0 }),
  created(core) {
    for (const partition of core.state.partitions.values()) {
      const recordOf = partition.record.bind(partition);
      partition.record = (key, hash) => {
        const record = recordOf(key, hash);
        record.loaded = true;
        return record;
      };
    }
  },
};

const requestsForgotten: Mutant = {
  rule: "a numbered request is answered as it was the first time",
  seeds: 50,
  invariants: [2, 8],
  stress: (plan) => ({ ...crashesOften(plan), workload: { ...plan.workload, numbered: 30 } }),
  created(core) {
    core.head.requests.find = () => undefined;
  },
};

const truncateUnshipped: Mutant = {
  rule: "the log stays until every datacenter has applied it",
  seeds: 40,
  invariants: [6],
  created(core) {
    Object.defineProperty(core, "shippedFrom", { get: () => Number.POSITIVE_INFINITY });
  },
};

const shipBeforeCommit: Mutant = {
  rule: "only what is durable is shipped",
  seeds: 20,
  invariants: [6],
  created(core, simulation) {
    const node = nodeOf(simulation, core);
    const persist = SimNode.prototype.persist.bind(node);
    node.persist = (frame, length) => {
      const payload = allocBytes(length);
      frame.copy(payload, 0, 0, length);
      persist(frame, length);
      if (node.core?.shippers.size === 0) return;
      const { position, end } = node.disk.underWay;
      node.core?.recent.add({ position, end, payload });
      for (const shipper of node.core?.shippers.values() ?? []) shipper.pump(end);
      node.core?.state.wake();
    };
  },
};

export const durabilityMutants: Readonly<Record<string, Mutant>> = {
  "apply-before-durable": applyBeforeDurable,
  "answer-before-durable": answerBeforeDurable,
  "sync-dropped": syncDropped,
  "failed-sync-ignored": failedSyncIgnored,
  "serve-unsynced": serveUnsynced,
  "forget-applied": forgetApplied,
  "dots-twice": dotsTwice,
  "hole-not-declared": holeNotDeclared,
  "index-begins-anew": indexBeginsAnew,
  "checkpoint-ahead": checkpointAhead,
  "evicted-is-absent": evictedIsAbsent,
  "requests-forgotten": requestsForgotten,
  "truncate-unshipped": truncateUnshipped,
  "ship-before-commit": shipBeforeCommit,
};
