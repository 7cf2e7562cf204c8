/*
 * All mutants, by name. Every rule that the models of the protocol have as a constant, and that exists in the code, is here:
 *
 *   Replication   Rule orlater: version-or-later; Collapse greatestdot: greatest-dot; Dedupe applied: repeats-from-applied
 *   ReadTrans     Closed clock: uncommitted-ignored; Reserve: no-reserve, told-before-reserved, closed-in-memory; Drop:
 *                 stable-without-clock; DepClocks: check-clocks-ignored; Attach plain: attach-plain
 *   WriteTrans    Cap: prepared-ignored; Fence: no-fence; Pending: pending-is-no; Single: plain-reads; Learn: learnt-early,
 *                 released-once-decided; Snap: unsettled-ignored; AckAt: answered-once-decided; CommitClock: clock-not-passed;
 *                 what is decided or prepared and lost: prepare-forgotten, decision-forgotten, decided-before-durable
 *   RemoteTrans   Orphan: orphan-aborted, prepare-undone; ZDep: dot-with-one-part; DepTime: check-clocks-ignored, votes-ignored
 *   Collect       Ship: prepared-not-closed; Got: closed-once-received; Goes: collected-unstable, collected-open
 *   Pipeline      Wait head: log-changed-early; Resume log: dots-twice
 *
 * Aborts are not in the log of a coordinator (what was not decided is aborted), so AbortSync is no rule of the code. The others
 * are of what there is not yet: chains.
 *
 * What is no mutant: rules whose absence nothing can notice as things are. Replaying an entry over a checkpoint that holds it
 * is harmless while the last writer wins; sequence numbers of frames that a crash took may be given again while nothing that
 * is not durable leaves a node.
 */
import { clockMutants } from "./clock-mutants.ts";
import { collectionMutants } from "./collection-mutants.ts";
import { dependencyMutants } from "./dependency-mutants.ts";
import { durabilityMutants } from "./durability-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { sessionMutants } from "./session-mutants.ts";
import { snapshotMutants } from "./snapshot-mutants.ts";
import { streamMutants } from "./stream-mutants.ts";
import { transactionMutants } from "./transaction-mutants.ts";

export const mutants: Readonly<Record<string, Mutant>> = {
  ...dependencyMutants,
  ...durabilityMutants,
  ...clockMutants,
  ...streamMutants,
  ...sessionMutants,
  ...snapshotMutants,
  ...transactionMutants,
  ...collectionMutants,
};
