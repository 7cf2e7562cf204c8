/*
 * Mutants of replication streams and of conflicts (docs/PROTOCOL.md; of the models: Dedupe).
 */
import { compareVersions } from "../../../protocol/version.ts";
import type { Mutant } from "./mutant.ts";

const applyRepeated: Mutant = {
  rule: "a dot that was proposed is dropped when it comes again",
  seeds: 20,
  invariants: [2, 12],
  created(core) {
    for (const partition of core.state.partitions.values()) {
      const proposedOf = partition.proposedOf.bind(partition);
      partition.proposedOf = (datacenter) => {
        const set = proposedOf(datacenter);
        set.has = () => false;
        set.add = () => true;
        return set;
      };
    }
  },
};

const repeatsFromApplied: Mutant = {
  rule: "what comes again is compared with what is proposed, not with what is applied",
  seeds: 20,
  invariants: [2, 12],
  created(core) {
    for (const partition of core.state.partitions.values()) {
      partition.proposed.forEach((set, datacenter) => {
        const add = set.add.bind(set);
        set.has = (seq) => partition.appliedOf(datacenter).has(seq);
        set.add = (seq) => add(seq) || true;
      });
    }
  },
};

const neverSentAgain: Mutant = {
  rule: "what is not acknowledged in time is sent again",
  seeds: 20,
  invariants: [2, 12],
  stress: (plan) => ({ ...plan, network: { ...plan.network, loss: 0.2 } }),
  created(core) {
    for (const shipper of core.shippers.values()) shipper.tick = () => undefined;
  },
};

const neverAskedAgain: Mutant = {
  rule: "a dependency check without an answer is asked again",
  seeds: 20,
  invariants: [2, 12],
  stress: (plan) => ({ ...plan, nodesOf: [2, 2], network: { ...plan.network, localLoss: 0.05 } }),
  created(core) {
    core.remote.tick = () => undefined;
  },
};

const appliedOnceReceived: Mutant = {
  rule: "the origin forgets what is applied elsewhere, not what has been received there",
  seeds: 20,
  invariants: [2, 12],
  stress: (plan) => ({ ...plan, faults: { ...plan.faults, crashMs: 700 } }),
  created({ shippers, state }) {
    for (const shipper of shippers.values()) {
      const onAck = shipper.onAck.bind(shipper);
      shipper.onAck = (ack) => {
        onAck(ack);
        for (const partition of state.partitions.keys()) {
          let seq = (shipper.appliedOf(partition)?.watermark ?? 0) + 1;
          while (shipper.whereIs(partition, seq) === "received") shipper.appliedOf(partition)?.add(seq++);
        }
      };
    }
  },
};

const reopenedAtEnd: Mutant = {
  rule: "a stream that is opened again begins with what is not applied yet",
  seeds: 20,
  invariants: [2, 12],
  created(core) {
    for (const shipper of core.shippers.values()) {
      const onOpen = shipper.onOpen.bind(shipper);
      shipper.onOpen = (open) => {
        const lost = onOpen(open);
        shipper["position"] = core.logEnd;
        return lost;
      };
    }
  },
};

const lastArrivalWins: Mutant = {
  rule: "of two versions of a key the greater one wins, in whatever order they come",
  seeds: 20,
  invariants: [5, 10],
  created(core) {
    for (const partition of core.state.partitions.values()) {
      const apply = partition.apply.bind(partition);
      partition.apply = (record, version, older) => {
        if (record.current === undefined || compareVersions(version, record.current) > 0) {
          return apply(record, version, older);
        }
        record.current = version;
        return true;
      };
    }
  },
};

const beatenNotCounted: Mutant = {
  rule: "a write that is beaten counts as applied",
  seeds: 20,
  invariants: [2, 12],
  created({ tail }) {
    let wasVisible = true;
    const applyVersion = tail.applyVersion.bind(tail);
    tail.applyVersion = (record, version, isNewest) => {
      wasVisible = applyVersion(record, version, isNewest);
      return wasVisible;
    };
    const seqsApplied = tail.seqsApplied.bind(tail);
    tail.seqsApplied = (partition, datacenter, from, to, index) => {
      if (wasVisible) seqsApplied(partition, datacenter, from, to, index);
      wasVisible = true;
    };
  },
};

export const streamMutants: Readonly<Record<string, Mutant>> = {
  "apply-repeated": applyRepeated,
  "repeats-from-applied": repeatsFromApplied,
  "never-sent-again": neverSentAgain,
  "never-asked-again": neverAskedAgain,
  "applied-once-received": appliedOnceReceived,
  "reopened-at-end": reopenedAtEnd,
  "last-arrival-wins": lastArrivalWins,
  "beaten-not-counted": beatenNotCounted,
};
