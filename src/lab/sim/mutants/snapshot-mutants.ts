/*
 * Mutants of read transactions and of what is promised about time (docs/PROTOCOL.md; of the models: ReadTrans Closed, WriteTrans
 * Cap, Fence, Pending, Single, Snap).
 */
import { verdictNotYet } from "../../../protocol/messages/transaction.ts";
import type { Plan, WorkloadPlan } from "../plan.ts";
import { eachSession } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const nothingElse = { scan: 0, move: 0, adopt: 0, numbered: 0, hangUp: 0, album: 0, browse: 0, rewrite: 0 };

/** Few keys on many nodes, and little but transactions and snapshots of them. */
export function transactional(plan: Plan, workload: Partial<WorkloadPlan> = {}): Plan {
  return {
    ...plan,
    nodesOf: [3, 2],
    partitions: 6,
    workload: {
      ...plan.workload,
      ...nothingElse,
      actors: 8,
      keys: 6,
      hotKeys: 6,
      thinkMs: 60,
      burstMax: 4,
      valueBytes: 0,
      chain: 1,
      conditional: 0,
      remove: 0,
      snapshot: 4,
      transaction: 4,
      permissions: 1,
      expiring: 0,
      touch: 0,
      compare: 0,
      ...workload,
    },
  };
}

/** What is prepared stays so for long. */
export function slowly(plan: Plan): Plan {
  const network = { ...plan.network, localDelayMs: 20, jitter: 1, unevenness: 4 };
  return { ...plan, network, disk: { ...plan.disk, syncMs: 20, slowSync: 0.1, slowSyncMs: 500 } };
}

const uncommittedIgnored: Mutant = {
  rule: "what is promised of a key ends below what is being written to it",
  seeds: 20,
  invariants: [4, 9],
  stress: (plan) => transactional(plan),
  created({ state: { proposals } }) {
    Object.defineProperty(proposals, "oldestTime", { get: () => Number.POSITIVE_INFINITY });
  },
};

const preparedIgnored: Mutant = {
  rule: "what is promised of a key ends below what is prepared on it",
  seeds: 20,
  invariants: [4, 9],
  stress: (plan) => transactional(plan),
  created({ snapshots }) {
    const now = snapshots["now"].bind(snapshots);
    snapshots["now"] = (hand) => {
      const prepared = hand.records.map((record) => record.prepared);
      for (const record of hand.records) record.prepared = undefined;
      const answers = now(hand);
      for (const [i, record] of hand.records.entries()) record.prepared = prepared[i];
      return answers;
    };
  },
};

const noFence: Mutant = {
  rule: "whoever says that it has not decided by a time does not decide at or below it later",
  seeds: 180,
  invariants: [4, 9],
  // Clocks that once jumped ahead count on from there, all of them close together.
  stress: (plan) => {
    const jumping = { ...plan.faults, clockJumpMs: 300, clockJumpMsMax: 5_000 };
    const skewed = { ...plan, clock: { skewMsMax: 10_000, driftMax: 0.01 }, faults: jumping };
    return { ...slowly(transactional(skewed, { actors: 10, keys: 12, hotKeys: 12 })), nodesOf: [6], partitions: 6 };
  },
  created({ coordinator }) {
    coordinator["fence"] = (peer, id, time) => coordinator["send"](peer, id, verdictNotYet, time, 0);
  },
};

const pendingIsNo: Mutant = {
  rule: "a decision that is on its way to the disk is not told as none",
  seeds: 20,
  invariants: [4, 9],
  stress: (plan) => slowly(transactional(plan)),
  created({ coordinator }) {
    const onQuestion = coordinator.onQuestion.bind(coordinator);
    coordinator.onQuestion = (peer, question) => {
      const { partition, datacenter, number } = question.transaction;
      const known = coordinator.table.get(`${datacenter}/${partition}/${number}`);
      if (known?.state !== "deciding" || question.time === 0) onQuestion(peer, question);
      else coordinator["fence"](peer, question.transaction, question.time);
    };
  },
};

const plainReads: Mutant = {
  rule: "a single read settles what is prepared at or below its floor",
  seeds: 40,
  invariants: [5, 9],
  stress: (plan) => slowly(transactional(plan)),
  created(core) {
    core.owner["isSettled"] = () => true;
    eachSession(core, (session) => {
      session["isSettled"] = () => true;
    });
  },
};

const unsettledIgnored: Mutant = {
  rule: "a snapshot lies at or above the floor where something is prepared that the session may have seen",
  seeds: 20,
  invariants: [5, 9],
  stress: (plan) => slowly(transactional(plan, { snapshot: 6 })),
  created({ snapshots }) {
    const read = snapshots.read.bind(snapshots);
    snapshots.read = (keys, floor, time, done) =>
      read(keys, floor, time, (answers, failure) =>
        done(
          answers.map((answer) => ({ ...answer, unsettled: false })),
          failure,
        ),
      );
  },
};

const secondRoundNow: Mutant = {
  rule: "the second round asks for the time of the snapshot",
  seeds: 20,
  invariants: [9],
  stress: (plan) => slowly(transactional(plan)),
  created({ snapshots }) {
    const read = snapshots.read.bind(snapshots);
    snapshots.read = (keys, floor, _time, done) => read(keys, floor, 0, done);
  },
};

const openTime: Mutant = {
  rule: "a time is closed before anybody is told what was visible then",
  seeds: 20,
  invariants: [4, 9],
  stress: (plan) => transactional({ ...plan, clock: { skewMsMax: 500, driftMax: 0 } }),
  created({ snapshots }) {
    snapshots["close"] = () => true;
  },
};

const closedInMemory: Mutant = {
  rule: "a time that is closed stays so after a restart",
  seeds: 80,
  invariants: [4, 9],
  stress: (plan) => {
    const skewed = { ...plan, clock: { skewMsMax: 45_000, driftMax: 0 } };
    const reading = transactional(skewed, {
      actors: 10,
      snapshot: 12,
      transaction: 0,
      permissions: 0,
      read: 1,
      write: 1,
    });
    return { ...reading, faults: { ...plan.faults, crashMs: 150 }, disk: { ...plan.disk, keepUnsynced: 0 } };
  },
  created({ head, state: { clock } }) {
    head.close = (time) => {
      clock.pass(time);
      return true;
    };
  },
};

const forgottenEarly: Mutant = {
  rule: "what is not kept any more is not told as nothing",
  seeds: 20,
  invariants: [9, 11],
  stress: (plan) => slowly(transactional(plan)),
  created({ state: { older } }) {
    const expire = older.expire.bind(older);
    older.expire = (now, timerMs) => {
      const { floor } = older;
      expire(now + 6_000 * 4096, timerMs);
      older.floor = floor;
    };
  },
};

const wallClockExpiry: Mutant = {
  rule: "expiry is judged at the greater of clock and floor",
  seeds: 20,
  invariants: [5],
  stress: (plan) => {
    const skewed = { ...plan, clock: { skewMsMax: 5_000, driftMax: 0 } };
    return transactional(skewed, { expiring: 6, touch: 2, snapshot: 1, transaction: 0, read: 8 });
  },
  created(core) {
    eachSession(core, (session) => {
      const seen = session["seen"].bind(session);
      session["seen"] = (version) => (version?.isAlive(core.state.nowMs) === true ? version : seen(version));
    });
  },
};

export const snapshotMutants: Readonly<Record<string, Mutant>> = {
  "uncommitted-ignored": uncommittedIgnored,
  "prepared-ignored": preparedIgnored,
  "no-fence": noFence,
  "pending-is-no": pendingIsNo,
  "plain-reads": plainReads,
  "unsettled-ignored": unsettledIgnored,
  "second-round-now": secondRoundNow,
  "open-time": openTime,
  "closed-in-memory": closedInMemory,
  "forgotten-early": forgottenEarly,
  "wall-clock-expiry": wallClockExpiry,
};
