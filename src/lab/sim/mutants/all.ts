/*
 * All mutants, by name. Every rule that the models of the protocol have as a constant, and that exists in the code, is here:
 *
 *   Replication   Rule orlater: version-or-later; Collapse greatestdot: greatest-dot; Dedupe applied: repeats-from-applied
 *   ReadTrans     Reserve: no-reserve, told-before-reserved; Drop: stable-without-clock; DepClocks: check-clocks-ignored;
 *                 Attach plain: attach-plain
 *   Pipeline      Wait head: log-changed-early; Resume log: dots-twice
 *
 * The others are of what there is not yet: closed times, snapshots, transactions, chains and collection.
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
