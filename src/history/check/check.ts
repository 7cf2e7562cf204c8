/*
 * The judge: everything that is checked about a history, in one call (design, section 7; docs/TESTING-HISTORY.md).
 *
 * One file per property: dot-identity.ts and write-index.ts, resolve-fates.ts (thin air), causal-checker.ts with
 * stale-read.ts, write-order.ts, session-guarantees.ts and causality-cycle.ts, real-time.ts, convergence.ts. Each has a
 * canary test: a history that breaks its rule and must be caught.
 *
 * No verdict is given on a history that cannot be read or makes no sense: that throws HistoryError.
 */
import type { HistoryLine } from "../format.ts";
import { readHistoryFile } from "../reader.ts";
import { checkCausality } from "./causal-checker.ts";
import { checkConvergence } from "./convergence.ts";
import { checkDotIdentity } from "./dot-identity.ts";
import { loadHistory } from "./load.ts";
import type { LoadedHistory } from "./model.ts";
import { checkRealTime } from "./real-time.ts";
import { resolveFates } from "./resolve-fates.ts";
import { ViolationList } from "./violation.ts";
import type { Rule, Violation } from "./violation.ts";

export interface CheckOptions {
  /** How many violations of each rule are explained; all are counted. Default 10. */
  readonly violationsPerRuleMax?: number;
}

export interface CheckStats {
  readonly sessions: number;
  readonly keys: number;
  readonly reads: number;
  /** Reads of keys never written. */
  readonly nilReads: number;
  readonly writes: number;
  readonly deletes: number;
  readonly attaches: number;
  readonly refused: number;
  /** Writes and deletes of unknown outcome, and how many of their dots were seen afterwards. */
  readonly unknown: number;
  readonly learned: number;
  readonly datacenters: number;
  /** How many datacenters' final states there were to compare; convergence is judged only from one on. */
  readonly finalStates: number;
}

export interface CheckResult {
  /** The first few of each rule, explained. Empty: the history passes. */
  readonly violations: readonly Violation[];
  /** How many there are of each rule that is broken. */
  readonly counts: ReadonlyMap<Rule, number>;
  readonly stats: CheckStats;
}

/** Judges the lines of one history, header first. Throws HistoryError. */
export function checkHistory(lines: Iterable<HistoryLine>, options: CheckOptions = {}): CheckResult {
  const violations = new ViolationList(options.violationsPerRuleMax ?? 10);
  const history = loadHistory(lines, violations);
  resolveFates(history, violations);
  checkDotIdentity(history, violations);
  checkRealTime(history, violations);
  checkCausality(history, violations);
  checkConvergence(history, violations);
  return { violations: violations.kept(), counts: violations.counts(), stats: statsOf(history) };
}

export function checkHistoryFile(path: string, options: CheckOptions = {}): CheckResult {
  return checkHistory(readHistoryFile(path), options);
}

function statsOf(history: LoadedHistory): CheckStats {
  const count = { reads: 0, nilReads: 0, writes: 0, deletes: 0, attaches: 0, unknown: 0 };
  for (const { kind, outcome, write } of history.operations) {
    if (kind === "read") count.reads += 1;
    if (kind === "read" && write === undefined) count.nilReads += 1;
    if (kind === "write") count.writes += 1;
    if (kind === "delete") count.deletes += 1;
    if (kind === "attach") count.attaches += 1;
    if (outcome === "unknown") count.unknown += 1;
  }
  return {
    ...count,
    sessions: history.sessions.length,
    keys: history.keys.size,
    refused: history.refused,
    learned: history.writes.reduce((sum, write) => sum + (write.fate === "learned" ? 1 : 0), 0),
    datacenters: history.header.datacenters.length,
    finalStates: history.finals.size,
  };
}
