/*
 * Mutants of sessions: what may overlap, and what an attach waits for (docs/PROTOCOL.md; src/core/session.ts).
 */
import type { Version } from "../../../protocol/version.ts";
import type { Plan } from "../plan.ts";
import { eachSession, singleOperations } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const copyAgeMs = 200;

function pipelines(plan: Plan): Plan {
  return { ...plan, nodesOf: [3, 3], partitions: 6, workload: { ...plan.workload, burstMax: 12, chain: 4 } };
}

const attachWithoutWaiting: Mutant = {
  rule: "an attach waits for the dots of its token",
  seeds: 20,
  invariants: [1, 3, 5],
  created(core) {
    eachSession(core, (session) => {
      const attachTo = session.attachTo.bind(session);
      session.attachTo = (seen, timeoutMs, sink, tag) => {
        attachTo({ ...seen, dependencies: { dots: [], prefixes: [] } }, timeoutMs, sink, tag);
      };
    });
  },
};

const readsOverlap: Mutant = {
  rule: "reads of two owners by one session do not overlap",
  from: 17,
  seeds: 100,
  invariants: [1, 5, 8],
  stress: (plan) => ({
    ...pipelines(plan),
    nodesOf: [3, 1],
    network: { ...plan.network, localDelayMs: 20, jitter: 1 },
    disk: { ...plan.disk, syncMs: 0.2, slowSync: 0 },
    workload: {
      ...plan.workload,
      ...singleOperations,
      actors: 10,
      keys: 6,
      hotKeys: 6,
      thinkMs: 20,
      burstMax: 12,
      read: 5,
      chain: 4,
    },
  }),
  created(core) {
    eachSession(core, (session) => {
      const forwardRead = session["forwardRead"].bind(session);
      session["forwardRead"] = (owner, key, sink, tag) => {
        session["readOwner"] = owner;
        return forwardRead(owner, key, sink, tag);
      };
    });
  },
};

const writesOvertakeReads: Mutant = {
  rule: "a write waits for the reads before it",
  seeds: 20,
  invariants: [1, 3, 5],
  stress: pipelines,
  created(core) {
    eachSession(core, (session) => {
      const startWrite = session["startWrite"].bind(session);
      session["startWrite"] = (write, sink, tag) => {
        const readsForwarded = session["readsForwarded"];
        session["readsForwarded"] = 0;
        const isStarted = startWrite(write, sink, tag);
        session["readsForwarded"] += readsForwarded;
        return isStarted;
      };
    });
  },
};

const logChangedEarly: Mutant = {
  rule: "a session changes to another log once what it wrote is durable",
  seeds: 20,
  invariants: [1, 3, 5],
  stress: pipelines,
  created(core) {
    eachSession(core, (session) => {
      const forwardWrite = session["forwardWrite"].bind(session);
      session["forwardWrite"] = (owner, write, sink, tag) => {
        session["lastLsn"] = 0;
        return forwardWrite(owner, write, sink, tag);
      };
    });
  },
};

const ownWriteUnseen: Mutant = {
  rule: "a read of a key that the session is writing waits for the write",
  seeds: 20,
  invariants: [1, 5],
  stress: pipelines,
  created(core) {
    eachSession(core, (session) => {
      const startRead = session["startRead"].bind(session);
      session["startRead"] = (key, sink, tag) => {
        session["lastLsn"] = 0;
        return startRead(key, sink, tag);
      };
    });
  },
};

const readsFromCopy: Mutant = {
  rule: "a read is answered from what its owner shows now, not from a copy that is a moment old",
  seeds: 80,
  invariants: [8],
  stress: (plan) => ({ ...plan, workload: { ...plan.workload, chain: 0, move: 0, adopt: 0, hangUp: 8 } }),
  created(core, { scheduler }) {
    const copies = new Map<string, { readonly version: Version | undefined; readonly untilMs: number }>();
    eachSession(core, (session) => {
      const read = session.read.bind(session);
      // What the session itself had seen it is never told less of: only somebody else can tell.
      let hasSeen = false;
      session.read = (key, sink, tag) => {
        const readDone = (own: number, version: Version | undefined): void => {
          const copy = copies.get(key);
          const isFresh = copy !== undefined && scheduler.nowMs < copy.untilMs;
          if (!isFresh) copies.set(key, { version, untilMs: scheduler.nowMs + copyAgeMs });
          sink.readDone(own, isFresh && !hasSeen ? copy.version : version);
          hasSeen = true;
        };
        const nothing = (): undefined => undefined;
        read(key, { readDone, writeDone: nothing, reached: nothing, failed: sink.failed.bind(sink) }, tag);
      };
      const write = session.write.bind(session);
      session.write = (request, sink, tag) => {
        hasSeen = true;
        write(request, sink, tag);
      };
    });
  },
};

export const sessionMutants: Readonly<Record<string, Mutant>> = {
  "attach-without-waiting": attachWithoutWaiting,
  "reads-overlap": readsOverlap,
  "writes-overtake-reads": writesOvertakeReads,
  "log-changed-early": logChangedEarly,
  "own-write-unseen": ownWriteUnseen,
  "reads-from-copy": readsFromCopy,
};
