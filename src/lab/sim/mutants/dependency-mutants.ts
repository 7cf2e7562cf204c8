/*
 * Mutants of dependencies and their checks (docs/PROTOCOL.md, R4; of the models: Rule, Collapse, NeverDepend, DepClocks, Drop).
 */
import type { NodeCore } from "../../../core/node-core.ts";
import { decodeDepHolds } from "../../../protocol/messages/dep-check.ts";
import { compareVersions, datacenterOf, partitionOf } from "../../../protocol/version.ts";
import type { Origin, Version } from "../../../protocol/version.ts";
import { dotKeyOf } from "../world-write.ts";
import { eachSession } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

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
  seeds: 20,
  invariants: [1],
  created(core, { world }) {
    const keyOfDot: KeyOfDot = (origin, seq) => {
      const write = world.byDot.get(dotKeyOf(datacenterOf(origin), partitionOf(origin), seq));
      const { key, version } = write?.first ?? {};
      return key === undefined || version === undefined ? undefined : { key, version };
    };
    askForVersionOrLater(core, keyOfDot, (key) => world.datacenters[core.state.datacenter]?.current.get(key));
  },
};

const skipDependencyCheck: Mutant = {
  rule: "a write waits for its dependencies",
  seeds: 20,
  invariants: [1],
  created(core) {
    core.gate.holds = () => true;
  },
};

const skipPrefixes: Mutant = {
  rule: "a write waits for its prefixes too",
  seeds: 60,
  invariants: [1],
  stress: (plan) => ({ ...plan, nodesOf: [2, 2, 2], workload: { ...plan.workload, keys: 700, scan: 4, burstMax: 40 } }),
  created({ gate }) {
    const holds = gate.holds.bind(gate);
    gate.holds = (origin, seq, prefix) => prefix || holds(origin, seq, prefix);
  },
};

const greatestDot: Mutant = {
  rule: "one dot never stands for smaller ones",
  seeds: 20,
  invariants: [1],
  created(core) {
    eachSession(core, ({ context }) => {
      const dependencies = context.dependencies.bind(context);
      context.dependencies = () => {
        const { dots, prefixes } = dependencies();
        const greatest = new Map<number, number>();
        for (let i = 0; i < dots.length; i += 2) {
          const origin = dots[i] as number;
          greatest.set(origin, Math.max(greatest.get(origin) ?? 0, dots[i + 1] as number));
        }
        return { dots: [...greatest].flat(), prefixes };
      };
    });
  },
};

const checkAnsweredEarly: Mutant = {
  rule: "a dependency check is answered when the dot is there",
  seeds: 20,
  invariants: [1],
  created(core) {
    core.answers.isApplied = () => true;
  },
};

const checkAnsweredFromProposed: Mutant = {
  rule: "a dependency check is answered from what is applied, not from what is proposed",
  seeds: 20,
  invariants: [1],
  stress: (plan) => ({
    ...plan,
    nodesOf: [3, 3],
    partitions: 6,
    disk: { ...plan.disk, syncMs: 5, slowSync: 0.3, slowSyncMs: 500 },
    workload: { ...plan.workload, chain: 4 },
  }),
  created({ answers, state }) {
    answers.isApplied = (origin, seq, prefix) => {
      const proposed = state.localOfOrigin(origin)?.proposedOf(datacenterOf(origin));
      if (proposed === undefined) return false;
      return prefix ? proposed.watermark >= seq : proposed.has(seq);
    };
  },
};

const checkClocksIgnored: Mutant = {
  rule: "an effect becomes visible above the clocks that came with the answers about its causes",
  seeds: 20,
  invariants: [3],
  created({ inbox, remote, state }) {
    inbox["onDepHolds"] = (body) => {
      remote.onHolds(decodeDepHolds(body));
      state.wake();
    };
  },
};

const stableOnceReceived: Mutant = {
  rule: "a write is stable when every datacenter has applied it, not when it has received it",
  seeds: 20,
  invariants: [1, 3, 11],
  created({ shippers, state }) {
    for (const shipper of shippers.values()) {
      const ackedOf = shipper.ackedOf.bind(shipper);
      shipper.ackedOf = (partition) => {
        let acked = ackedOf(partition);
        if (acked === undefined) return undefined;
        const given = state.local(partition)?.seq ?? 0;
        while (acked < given && ["received", "applied"].includes(shipper.whereIs(partition, acked + 1))) acked++;
        return acked;
      };
    }
  },
};

export const dependencyMutants: Readonly<Record<string, Mutant>> = {
  "version-or-later": versionOrLater,
  "skip-dependency-check": skipDependencyCheck,
  "skip-prefixes": skipPrefixes,
  "greatest-dot": greatestDot,
  "check-answered-early": checkAnsweredEarly,
  "check-answered-from-proposed": checkAnsweredFromProposed,
  "check-clocks-ignored": checkClocksIgnored,
  "stable-once-received": stableOnceReceived,
};
