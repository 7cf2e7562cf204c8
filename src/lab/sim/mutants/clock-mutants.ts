/*
 * Mutants of clocks and floors (docs/PROTOCOL.md; of the models: Reserve, Attach, Drop).
 */
import { eachSession } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const clockGoesBack: Mutant = {
  rule: "a clock begins above every time seen before a restart",
  seeds: 4,
  invariants: [3, 4, 5],
  created(core) {
    core.state.clock.restore = () => undefined;
    core.state.clock.pass = () => undefined;
  },
};

const noReserve: Mutant = {
  rule: "a clock restarts above the bound on disk, not above the last entry",
  seeds: 20,
  invariants: [3, 4],
  stress: (plan) => ({
    ...plan,
    faults: { ...plan.faults, crashMs: 700, clockJumpMs: 1_000, clockJumpMsMax: 5_000 },
  }),
  created(core) {
    core.state.clock.restore = () => undefined;
  },
};

const noFloor: Mutant = {
  rule: "a write's time is above the floor of its session",
  seeds: 4,
  invariants: [3, 5],
  created(core) {
    const { clock } = core.state;
    const next = clock.next.bind(clock);
    clock.next = () => next(0);
  },
};

const floorDropped: Mutant = {
  rule: "a token carries the floor of its session",
  seeds: 40,
  invariants: [3, 5],
  stress: (plan) => ({
    ...plan,
    nodesOf: [2, 2],
    partitions: 6,
    clock: { skewMsMax: 10_000, driftMax: 0 },
    workload: { ...plan.workload, burstMax: 4, read: 20, write: 1, chain: 0, move: 10, adopt: 0, hangUp: 4 },
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
  seeds: 40,
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

export const clockMutants: Readonly<Record<string, Mutant>> = {
  "clock-goes-back": clockGoesBack,
  "no-reserve": noReserve,
  "no-floor": noFloor,
  "token-floor-dropped": floorDropped,
  "attach-plain": attachPlain,
};
