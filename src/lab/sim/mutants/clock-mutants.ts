/*
 * Mutants of clocks and floors (docs/PROTOCOL.md; of the models: Reserve, Attach, Drop).
 */
import type { WorkloadPlan } from "../plan.ts";
import { eachSession, singleOperations } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Sessions that have seen only what is stable carry nothing but their floor. */
function readMostly(workload: WorkloadPlan): WorkloadPlan {
  const none = { remove: 0, conditional: 0, chain: 0, adopt: 0, numbered: 0, album: 0, browse: 0, rewrite: 0 };
  return {
    ...workload,
    ...none,
    ...singleOperations,
    keys: 20,
    hotKeys: 3,
    thinkMs: 60,
    burstMax: 4,
    read: 20,
    write: 1,
    valueBytes: 0,
  };
}

const clockGoesBack: Mutant = {
  rule: "a clock begins above every time seen before a restart",
  seeds: 20,
  invariants: [3, 4, 5],
  created(core) {
    core.state.clock.restore = () => undefined;
    core.state.clock.pass = () => undefined;
  },
};

const noReserve: Mutant = {
  rule: "a clock restarts above the bound on disk, not above the last entry",
  // Here what was told breaks before causality does.
  from: 24,
  seeds: 40,
  invariants: [4],
  stress: (plan) => ({
    ...plan,
    faults: { ...plan.faults, crashMs: 700, clockJumpMs: 1_000, clockJumpMsMax: 5_000 },
  }),
  created(core) {
    core.state.clock.restore = () => undefined;
  },
};

const toldBeforeReserved: Mutant = {
  rule: "a time is told once the bound above it is durable, not once it is proposed",
  seeds: 20,
  invariants: [4],
  stress: (plan) => ({
    ...plan,
    disk: { ...plan.disk, slowSync: 0.5, slowSyncMs: 3_000, keepUnsynced: 0 },
    faults: { ...plan.faults, crashMs: 500, clockJumpMs: 300, clockJumpMsMax: 40_000 },
  }),
  created({ state: { clock } }) {
    const reserveAhead = clock.reserveAhead.bind(clock);
    clock.reserveAhead = (time) => {
      const bound = reserveAhead(time);
      clock.reserveDurable(bound);
      return bound;
    };
  },
};

const noFloor: Mutant = {
  rule: "a write's time is above the floor of its session",
  seeds: 20,
  invariants: [3, 5],
  created(core) {
    const { clock } = core.state;
    const next = clock.next.bind(clock);
    clock.next = () => next(0);
  },
};

const floorDropped: Mutant = {
  rule: "a token carries the floor of its session",
  seeds: 60,
  invariants: [3, 5],
  stress: (plan) => ({
    ...plan,
    nodesOf: [2, 2],
    partitions: 6,
    clock: { skewMsMax: 10_000, driftMax: 0 },
    network: { ...plan.network, wideDelayMs: 20, loss: 0 },
    workload: { ...readMostly(plan.workload), move: 10, hangUp: 4 },
  }),
  created(core) {
    eachSession(core, (session) => {
      const attachTo = session.attachTo.bind(session);
      session.attachTo = (seen, timeoutMs, sink, tag) => attachTo({ ...seen, floor: 0 }, timeoutMs, sink, tag);
    });
  },
};

const attachPlain: Mutant = {
  rule: "attaching raises the floor to the clocks of the answers",
  seeds: 80,
  invariants: [3, 5],
  stress: (plan) => ({
    ...plan,
    nodesOf: [2, 2],
    clock: { skewMsMax: 10_000, driftMax: 0 },
    workload: { ...plan.workload, move: 6 },
  }),
  created(core) {
    eachSession(core, (session) => {
      let floor = 0;
      const attachTo = session.attachTo.bind(session);
      session.attachTo = (seen, timeoutMs, sink, tag) => {
        floor = Math.max(floor, seen.floor);
        attachTo(seen, timeoutMs, sink, tag);
      };
      const { context } = session;
      const merge = context.merge.bind(context);
      context.merge = (seen) => merge(seen, floor);
    });
  },
};

const stableWithoutClock: Mutant = {
  rule: "a dot is left out of a context only once the floor is above the clocks at which it was applied everywhere",
  seeds: 100,
  invariants: [3],
  stress: (plan) => ({
    ...plan,
    nodesOf: [2, 2, 2],
    partitions: 6,
    clock: { skewMsMax: 10_000, driftMax: 0 },
    network: { ...plan.network, wideDelayMs: 20, loss: 0 },
    workload: { ...readMostly(plan.workload), write: 4, hangUp: 4 },
  }),
  created({ stability }) {
    const onNotice = stability.onNotice.bind(stability);
    stability.onNotice = (peer, notice) => onNotice(peer, { ...notice, clock: 0 });
    const onAck = stability.onAck.bind(stability);
    stability.onAck = (_clock, partitions) => onAck(0, partitions);
  },
};

export const clockMutants: Readonly<Record<string, Mutant>> = {
  "clock-goes-back": clockGoesBack,
  "no-reserve": noReserve,
  "told-before-reserved": toldBeforeReserved,
  "no-floor": noFloor,
  "token-floor-dropped": floorDropped,
  "attach-plain": attachPlain,
  "stable-without-clock": stableWithoutClock,
};
