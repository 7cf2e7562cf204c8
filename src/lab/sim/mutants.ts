/*
 * Switches that break one rule of the protocol each, in the cores of a simulation only: they prove that the checks can fail.
 */
import type { NodeCore } from "../../core/node-core.ts";
import { AppliedSet } from "../../core/applied-set.ts";
import { compareVersions, datacenterOf, partitionOf } from "../../protocol/version.ts";
import type { Origin, Version } from "../../protocol/version.ts";
import type { Simulation } from "./simulation.ts";
import { dotKeyOf } from "./world-write.ts";

export interface Mutant {
  /** The rule that is broken. */
  readonly rule: string;
  created?(core: NodeCore, simulation: Simulation): void;
  /** Before the checks look at what was recovered. */
  recovered?(core: NodeCore, simulation: Simulation): void;
}

/** Which key a dot wrote, and its version; undefined where nobody knows. */
export type KeyOfDot = (origin: Origin, seq: number) => { readonly key: string; readonly version: Version } | undefined;

/** The published rule: a dependency holds when its key is at the dependency's version or a later one. */
export function askForVersionOrLater(
  core: NodeCore,
  keyOfDot: KeyOfDot,
  current: (key: string) => Version | undefined,
): void {
  const { gate } = core;
  const holds = gate.holds.bind(gate);
  gate.holds = (origin, seq, prefix) => {
    if (holds(origin, seq, prefix)) return true;
    const cause = prefix ? undefined : keyOfDot(origin, seq);
    const shown = cause === undefined ? undefined : current(cause.key);
    return cause !== undefined && shown !== undefined && compareVersions(shown, cause.version) >= 0;
  };
}

const versionOrLater: Mutant = {
  rule: "a dependency is a dot, never a version or later",
  created(core, { world }) {
    const keyOfDot: KeyOfDot = (origin, seq) => {
      const write = world.byDot.get(dotKeyOf(datacenterOf(origin), partitionOf(origin), seq));
      return write?.version === undefined ? undefined : { key: write.key, version: write.version };
    };
    askForVersionOrLater(core, keyOfDot, (key) => world.datacenters[core.state.datacenter]?.current.get(key));
  },
};

const skipDependencyCheck: Mutant = {
  rule: "a write waits for its dependencies",
  created(core) {
    core.gate.holds = () => true;
  },
};

const applyBeforeDurable: Mutant = {
  rule: "nothing is applied before it is durable",
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

const forgetApplied: Mutant = {
  rule: "what was applied is known after a restart",
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

const applyRepeated: Mutant = {
  rule: "a dot that was proposed is dropped when it comes again",
  created(core) {
    for (const partition of core.state.partitions.values()) {
      const has = partition.proposedOf.bind(partition);
      partition.proposedOf = (datacenter) => {
        const set = has(datacenter);
        set.has = () => false;
        set.add = () => true;
        return set;
      };
    }
  },
};

const clockGoesBack: Mutant = {
  rule: "a clock begins above every time told before a restart",
  created(core) {
    core.state.clock.restore = () => undefined;
    core.state.clock.pass = () => undefined;
  },
};

const dotsTwice: Mutant = {
  rule: "sequence numbers resume above any that may have been given",
  recovered(core) {
    for (const partition of core.state.partitions.values()) partition.seq = 0;
  },
};

const noFloor: Mutant = {
  rule: "a write's time is above the floor of its session",
  created(core) {
    const { clock } = core.state;
    const next = clock.next.bind(clock);
    clock.next = () => next(0);
  },
};

const checkAnsweredEarly: Mutant = {
  rule: "a dependency check is answered when the dot is applied",
  created(core) {
    core.answers.isApplied = () => true;
  },
};

const attachWithoutWaiting: Mutant = {
  rule: "an attach waits for the dots of its token",
  created(core) {
    const createSession = core.createSession.bind(core);
    core.createSession = () => {
      const session = createSession();
      const attachTo = session.attachTo.bind(session);
      session.attachTo = (seen, timeoutMs, sink, tag) => {
        attachTo({ ...seen, dependencies: { dots: [], prefixes: [] } }, timeoutMs, sink, tag);
      };
      return session;
    };
  },
};

const requestsForgotten: Mutant = {
  rule: "a numbered request is answered as it was the first time",
  created(core) {
    core.head.requests.find = () => undefined;
  },
};

const truncateUnshipped: Mutant = {
  rule: "the log stays until every datacenter has applied it",
  created(core) {
    Object.defineProperty(core, "shippedFrom", { get: () => Number.POSITIVE_INFINITY });
  },
};

export const mutants: Readonly<Record<string, Mutant>> = {
  "version-or-later": versionOrLater,
  "skip-dependency-check": skipDependencyCheck,
  "apply-before-durable": applyBeforeDurable,
  "forget-applied": forgetApplied,
  "apply-repeated": applyRepeated,
  "clock-goes-back": clockGoesBack,
  "dots-twice": dotsTwice,
  "no-floor": noFloor,
  "check-answered-early": checkAnsweredEarly,
  "attach-without-waiting": attachWithoutWaiting,
  "requests-forgotten": requestsForgotten,
  "truncate-unshipped": truncateUnshipped,
};
