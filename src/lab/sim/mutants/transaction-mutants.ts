/*
 * Mutants of write transactions, at home and elsewhere (docs/PROTOCOL.md; of the models: WriteTrans Learn, AckAt, CommitClock,
 * AbortSync; RemoteTrans Orphan, ZDep).
 */
import type { Partition } from "../../../core/partition.ts";
import { transactionName, verdictAbort } from "../../../protocol/messages/transaction.ts";
import type { Plan } from "../plan.ts";
import { slowly, transactional } from "./snapshot-mutants.ts";
import { eachSession } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Coordinators and cohorts die in the middle of it. */
function dying(plan: Plan): Plan {
  const slow = slowly(transactional(plan));
  return { ...slow, faults: { ...slow.faults, crashMs: 500, checkpointMs: 1_000 } };
}

const learntEarly: Mutant = {
  rule: "a single read that learns of a decision is answered once the commit is durable here",
  seeds: 20,
  invariants: [6],
  stress: (plan) => slowly(transactional(plan)),
  created(core) {
    const { cohort, placement, state } = core;
    eachSession(core, (session) => {
      const startRead = session["startRead"].bind(session);
      session["startRead"] = (key, sink, tag) => {
        const partition = state.local(placement.partitionOfHash(placement.hash(key)));
        const record = partition?.records.get(key);
        const isDecided = record?.prepared?.some(
          ({ transaction }) => cohort.table.get(transaction)?.state === "committing",
        );
        if (isDecided !== true || !session["nothingOut"]) return startRead(key, sink, tag);
        sink.readDone(tag, record?.latest);
        return true;
      };
    });
  },
};

const releasedOnceDecided: Mutant = {
  rule: "what is prepared stays on its key until the commit is durable",
  seeds: 20,
  invariants: [4, 5, 9],
  stress: (plan) => slowly(transactional(plan)),
  created({ cohort }) {
    const commitLoaded = cohort["commitLoaded"].bind(cohort);
    cohort["commitLoaded"] = (transaction, visible, seq) => {
      commitLoaded(transaction, visible, seq);
      for (const part of transaction.parts) part.detach();
    };
  },
};

const answeredOnceDecided: Mutant = {
  rule: "a transaction is answered once every part is committed",
  seeds: 20,
  invariants: [6],
  stress: (plan) => transactional(plan),
  created({ coordinator }) {
    const decided = coordinator["decided"].bind(coordinator);
    coordinator["decided"] = (transaction) => {
      coordinator["answer"](transaction);
      decided(transaction);
    };
  },
};

const clockNotPassed: Mutant = {
  rule: "a commit takes the clock of its node past the time of the transaction",
  seeds: 20,
  invariants: [3, 4, 5],
  stress: (plan) => transactional({ ...plan, clock: { skewMsMax: 500, driftMax: 0 } }),
  created({ parts, state: { clock } }) {
    const part = parts.part.bind(parts);
    parts.part = (...args) => {
      const last = clock["last"];
      part(...args);
      clock["last"] = last;
    };
  },
};

const votesIgnored: Mutant = {
  rule: "the time of a decision lies above the clocks of all votes",
  seeds: 20,
  invariants: [3, 4, 9],
  stress: (plan) => transactional({ ...plan, clock: { skewMsMax: 500, driftMax: 0 } }),
  created({ coordinator }) {
    const voted = coordinator.voted.bind(coordinator);
    coordinator.voted = (transaction, cohort) => voted(transaction, cohort, 0);
  },
};

const prepareForgotten: Mutant = {
  rule: "what is prepared survives a restart",
  seeds: 20,
  invariants: [9],
  stress: dying,
  recovered({ cohort }) {
    for (const transaction of cohort.table.values()) cohort["remove"](transaction);
  },
};

const decisionForgotten: Mutant = {
  rule: "a decision survives a restart",
  seeds: 20,
  // A dot that was given is given again, or lies in a hole.
  invariants: [2, 9],
  stress: dying,
  recovered({ coordinator }) {
    coordinator.table.clear();
  },
};

const decidedBeforeDurable: Mutant = {
  rule: "a decision is told once it is durable",
  seeds: 40,
  // The dot that a crash takes back is not that of the part that was committed, or lies in a hole.
  invariants: [1, 2, 5, 6, 9],
  stress: dying,
  created({ coordinator, parts }) {
    const decide = parts.decide.bind(parts);
    parts.decide = (id, visible, seq, cohorts, together, durable) => {
      decide(id, visible, seq, cohorts, together, durable);
      const transaction = coordinator.table.get(transactionName(id));
      for (const peer of transaction?.cohorts.keys() ?? []) coordinator["send"](peer, id, 1, visible, seq);
    };
  },
};

const orphanAborted: Mutant = {
  rule: "nothing is aborted elsewhere than at home",
  seeds: 40,
  invariants: [9],
  stress: dying,
  created({ coordinator, remoteTransactions }) {
    const onQuestion = remoteTransactions.onQuestion.bind(remoteTransactions);
    remoteTransactions.onQuestion = (peer, question) => {
      const id = question.transaction;
      if (coordinator.table.has(transactionName(id))) onQuestion(peer, question);
      else coordinator["send"](peer, id, verdictAbort, 0, 0);
    };
  },
};

const prepareUndone: Mutant = {
  rule: "what is prepared is given up on the coordinator's word alone",
  seeds: 40,
  invariants: [2, 4, 9, 12],
  stress: dying,
  created({ cohort }) {
    const tick = cohort.tick.bind(cohort);
    cohort.tick = () => {
      for (const transaction of cohort.table.values()) {
        const isLate = transaction.state === "prepared" && cohort["state"].timerMs >= transaction.askAtMs;
        if (isLate) cohort["forget"](transaction);
      }
      tick();
    };
  },
};

const dotWithOnePart: Mutant = {
  rule: "a transaction's dot counts as applied once every part is committed",
  seeds: 20,
  invariants: [1],
  stress: (plan) => transactional(plan),
  created({ parts, state, tail }) {
    const decide = parts.decide.bind(parts);
    parts.decide = (id, visible, seq, cohorts, together, durable) => {
      const partition = state.local(id.partition) as Partition;
      decide(id, visible, seq, cohorts, together, () => {
        tail.seqsApplied(partition, id.datacenter, seq, seq, partition.appliedIndex);
        durable();
      });
    };
  },
};

const partsTwice: Mutant = {
  rule: "a part that is prepared, or in the log, is dropped when it comes again",
  seeds: 20,
  invariants: [2, 9, 12],
  stress: (plan) => {
    const slow = slowly(transactional(plan));
    return { ...slow, network: { ...slow.network, repeat: 0.2, anyOrder: true } };
  },
  created({ gate }) {
    gate.isPrepared = () => false;
  },
};

const partsOneByOne: Mutant = {
  rule: "the parts of a transaction at its coordinator become visible at once",
  seeds: 20,
  invariants: [3, 5, 9],
  stress: (plan) => ({ ...transactional(plan, { burstMax: 12 }), nodesOf: [1, 1] }),
  created({ parts }) {
    parts.ownPart = (partition, record, write, visible) => {
      parts.part(partition, record, write, visible);
      return record.latest as NonNullable<typeof record.latest>;
    };
  },
};

const failedUndurably: Mutant = {
  rule: "a condition that failed is told once what it failed on is durable",
  seeds: 20,
  invariants: [6],
  stress: (plan) => slowly(transactional(plan, { transaction: 8 })),
  created({ cohort, transactions }) {
    const voteNo = cohort["voteNo"].bind(cohort);
    cohort["voteNo"] = (transaction, failure) => voteNo(transaction, failure, 0);
    transactions["whenDurable"] = (_lsn, answer) => answer();
  },
};

/** No mutant: coordinators and cohorts that die, with no rule broken. */
export const dyingTransactions: Mutant = {
  rule: "a transaction outlives its coordinator and its cohorts",
  seeds: 20,
  invariants: [],
  stress: dying,
};

export const transactionMutants: Readonly<Record<string, Mutant>> = {
  "learnt-early": learntEarly,
  "released-once-decided": releasedOnceDecided,
  "answered-once-decided": answeredOnceDecided,
  "clock-not-passed": clockNotPassed,
  "votes-ignored": votesIgnored,
  "prepare-forgotten": prepareForgotten,
  "decision-forgotten": decisionForgotten,
  "decided-before-durable": decidedBeforeDurable,
  "orphan-aborted": orphanAborted,
  "prepare-undone": prepareUndone,
  "dot-with-one-part": dotWithOnePart,
  "parts-twice": partsTwice,
  "parts-one-by-one": partsOneByOne,
  "failed-undurably": failedUndurably,
};
