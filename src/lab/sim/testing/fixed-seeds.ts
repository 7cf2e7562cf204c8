/*
 * The seeds that every change must pass, and the rare situations that they must get into: or the simulation proves less than
 * it seems to. In two test files, since there are two workers.
 */
import { expect } from "vitest";
import { dyingTransactions } from "../mutants/transaction-mutants.ts";
import { Reached } from "../reached.ts";
import { tellFailure, tellShrunk } from "../report.ts";
import { runSeed } from "../run-seed.ts";
import type { SeedOptions, SeedResult } from "../run-seed.ts";

const safetyMs = 5_000;
/** A bound on a hang, not on speed. */
export const fixedSeedsTimeoutMs = 300_000;

const situations = [
  "adopted",
  "adoption timed out",
  "attachWaits",
  "checkpoints",
  "clocksRefused",
  "conditionsFailed",
  "connections broken within a frame",
  "contextCollapses",
  "contextDotsStable",
  "crashes during a checkpoint",
  "crashes of a cohort that is prepared at home",
  "crashes of a cohort that is prepared elsewhere",
  "crashes of a coordinator that is decided at home",
  "crashes of a coordinator that is deciding at home",
  "pushed: superseded versions go early",
  "snapshotsTooOld",
  "crashes while writes wait",
  "crashes with a frame under way",
  "crashes with several disk operations under way",
  "depChecksFromWatermark",
  "evictions",
  "expired values found",
  "expiredCollected",
  "fault: clock ahead",
  "fault: clock jump",
  "fault: clog",
  "fault: crash",
  "fault: crash all",
  "fault: cut",
  "fault: cut one way",
  "fault: disk full",
  "fault: flap",
  "fault: isolate",
  "fault: pause",
  "fault: power cut",
  "fault: power cut between two file operations",
  "fault: slow",
  "fault: slow datacenter",
  "fault: stopped by a sync error",
  "fault: tear",
  "fences",
  "files of the log removed",
  "found nothing where something was collected",
  "frames lost",
  "frames outliving their link",
  "frames queued at a capped link",
  "frames repeated",
  "logReadsForShipping",
  "long reading",
  "move",
  "numbered request repeated",
  "parts dropped for room",
  "partsApplied",
  "pushed: a checkpoint of many batches",
  "pushed: a context collapses early",
  "pushed: a mark from where shipping may begin again",
  "pushed: a stream is opened again",
  "pushed: a time is pinned",
  "pushed: answers to dependency checks are forgotten",
  "pushed: no more may be proposed",
  "pushed: shipping goes back",
  "pushed: shipping reads the log",
  "pushed: the clock's bound is raised late",
  "pushed: the gate drops a write that waits",
  "pushed: the gate has no room",
  "read failed: UNAVAILABLE",
  "reads that waited for a transaction",
  "readsForwarded",
  "readsFromStore",
  "requestsRepeated",
  "restarts",
  "snapshot failed: CLOCKSKEW",
  "snapshot failed: UNAVAILABLE",
  "snapshotsSecondRound",
  "streamRewinds",
  "tombstonesCollected",
  "transaction ok",
  "transaction refused",
  "transaction unknown",
  "transactionQuestions",
  "transactions given up: CONDITION",
  "transactions given up: CONFLICT",
  "transactions given up: UNAVAILABLE",
  "transactions that change an expiry",
  "write failed: CLOCKSKEW",
  "write failed: READONLY",
  "write failed: UNAVAILABLE",
  "write failed: UNKNOWNOUTCOME",
  "writes received that depend on prefixes",
  "writes that waited for a transaction",
  "writesBeaten",
  "writesBlocked",
  "writesDropped",
  "writesHeldForClock",
  "writesRepeated",
];

/** Everything that a person needs, at once: whoever reads this may be far from where it ran. */
function tellWholeFailure(result: SeedResult, options: SeedOptions): void {
  tellFailure(result, "", options);
  tellShrunk(result, options, "");
}

/** So many of the seeds are run again with transactions that meet crashes, of which few seeds have enough. */
const dyingSeeds = 20;

/** Runs them all; `alsoReached` are situations too rare for both halves. */
export function expectSeedsWell(from: number, to: number, alsoReached: readonly string[]): void {
  const reached = new Reached();
  const run = (seed: number, options: SeedOptions): void => {
    const result = runSeed(seed, options);
    if (result.failure !== undefined) tellWholeFailure(result, options);
    expect({ seed, failure: result.failure }).toEqual({ seed, failure: undefined });
    reached.merge(result.reached);
  };
  for (let seed = from; seed <= to; seed++) run(seed, { safetyMs });
  for (let seed = from; seed < from + dyingSeeds; seed++) run(seed, { safetyMs, mutant: dyingTransactions });
  const missed = [...situations, ...alsoReached].filter((situation) => !reached.situations.has(situation));
  expect(missed).toEqual([]);
}
